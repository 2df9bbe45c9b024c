import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createNkey, nkeyOf, type Role } from '@witan/bus';
import { WitanError } from '@witan/errors';
import { type BusUser, usersConfig } from './users-config.ts';

/** For whom there are to be users. Replicas of one Deployment share a user; then it is one. */
export interface Wanted {
  readonly network: string;
  readonly nodes: number;
  readonly gateways: number;
  readonly coordinators: number;
}

const CONFIG_FILE = 'users.conf';
const NAME = /^[0-9a-f]{64}$/;

/**
 * A directory with a seed for each user (`node-0-elder.nk`, mode 0600), the names of nodes as far as they are known
 * (`node-0.name`), and the configuration that nats-server includes (`users.conf`). Written again with more users, those
 * that were there keep their keys.
 */
export class UsersDir {
  readonly path: string;
  readonly #wanted: Wanted;
  readonly #more: readonly string[];

  /** @param more further users, as in {@link usersConfig} */
  constructor(path: string, wanted: Wanted, more: readonly string[] = []) {
    this.path = path;
    this.#wanted = wanted;
    this.#more = more;
  }

  get configFile(): string {
    return join(this.path, CONFIG_FILE);
  }

  /** The file that holds the seed of a user. */
  seedFile(user: string): string {
    return join(this.path, `${user}.nk`);
  }

  /** Makes what is missing. @throws WITAN_ERR_STORE, WITAN_ERR_CONFIG (a seed or a name that is none) */
  write(): readonly BusUser[] {
    const { network } = this.#wanted;
    try {
      const users = this.#plan().map((user): BusUser => ({ ...user, nkey: this.#nkey(user.name) }));
      replace(this.configFile, usersConfig(network, users, this.#more), 0o644);
      return users;
    } catch (error) {
      if (error instanceof WitanError) throw error;
      throw new WitanError('WITAN_ERR_STORE', `${this.path}: ${(error as Error).message}`, { cause: error });
    }
  }

  /**
   * Says which node has the users of this number. True when that is news: then `write()` and a reload of the servers
   * (`SIGHUP`, `nats-server --signal reload`) let it answer for that name and for no other.
   */
  bind(node: number, name: string): boolean {
    if (!NAME.test(name)) throw new WitanError('WITAN_ERR_CONFIG', `node-${node}: a node's name is 64 hex digits`);
    if (this.#nameOf(node) === name) return false;
    replace(this.#nameFile(node), `${name}\n`, 0o644);
    return true;
  }

  /** Forgets a user's key: the next `write()` makes another, and a reload shuts out who has the old one. */
  renew(user: string): void {
    if (!this.#plan().some(({ name }) => name === user)) {
      throw new WitanError('WITAN_ERR_CONFIG', `there is no user ${JSON.stringify(user.slice(0, 80))}`);
    }
    rmSync(this.seedFile(user), { force: true });
  }

  #plan(): Omit<BusUser, 'nkey'>[] {
    const { nodes, gateways, coordinators } = this.#wanted;
    const several = (count: number, role: Role) =>
      Array.from({ length: count }, (_, index) => ({ name: `${role}-${index}`, role }));
    const ofNodes = Array.from({ length: nodes }, (_, index) => {
      const node = this.#nameOf(index);
      return (['elder', 'adult'] as const).map((role) => ({ name: `node-${index}-${role}`, role, node }));
    });
    return [
      ...several(gateways, 'gateway'),
      ...several(coordinators, 'dkg-coordinator'),
      ...ofNodes.flat(),
      { name: 'operator', role: 'operator' },
      { name: 'streams', role: 'streams' },
    ];
  }

  #nkey(user: string): string {
    const file = this.seedFile(user);
    const known = contentOf(file);
    if (known !== undefined) return nkeyOf(known);
    const { nkey, seed } = createNkey();
    replace(file, `${seed}\n`, 0o600);
    return nkey;
  }

  #nameFile(node: number): string {
    return join(this.path, `node-${node}.name`);
  }

  #nameOf(node: number): string | undefined {
    return contentOf(this.#nameFile(node));
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A server that reloads just now reads the old one or the new one. */
function replace(file: string, content: string, mode: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.draft`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, file);
}
