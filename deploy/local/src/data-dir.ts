import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import { type Journal, openJournal } from '@witan/journal';

/** Marks a directory as the launcher's, and is its lock: the system frees it however the launcher ends. */
const LAUNCHER_FILE = 'launcher.db';
const CLUSTER_FILE = 'cluster.json';
const NODE_FOLDER = /^node-\d+$/;
/** What the launcher puts into the directory, and so may remove from it. */
const OURS = [/^node-\d+$/, /^logs$/, /^nats$/, /^users$/, /^cluster\.json$/];
const LOGS_KEPT = 3;

/** What is known of the network from earlier starts. */
export interface Facts {
  readonly genesisKey?: string;
  readonly sectionKey?: string;
}

/** The data directory of one cluster, for one launcher at a time. */
export class DataDir {
  readonly path: string;
  readonly #journal: Journal;

  private constructor(path: string, journal: Journal) {
    this.path = path;
    this.#journal = journal;
  }

  /**
   * Takes the directory, making it if need be.
   * @throws WitanError `WITAN_ERR_LOCKED` (another launcher has it), `WITAN_ERR_CONFIG` (holds something else),
   * `WITAN_ERR_STORE`
   */
  static open(path: string, options: { fresh: boolean }): DataDir {
    const marker = join(path, LAUNCHER_FILE);
    if (!existsSync(marker) && listing(path).length > 0) {
      throw new WitanError(
        'WITAN_ERR_CONFIG',
        `--data ${path}: the directory holds something else, and nothing in it is touched`,
      );
    }
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const dir = new DataDir(path, openLocked(marker, path));
    if (options.fresh) dir.#clear();
    mkdirSync(dir.#within('logs'), { recursive: true });
    mkdirSync(dir.natsDir, { recursive: true });
    return dir;
  }

  get facts(): Facts {
    const text = (key: string): string | undefined => {
      const value = this.#journal.table.get(key);
      return value && new TextDecoder().decode(value);
    };
    const [genesisKey, sectionKey] = [text('genesisKey'), text('sectionKey')];
    return { ...(genesisKey !== undefined && { genesisKey }), ...(sectionKey !== undefined && { sectionKey }) };
  }

  /** Durable when it returns. */
  remember(facts: Facts): void {
    this.#journal.transaction(() => {
      for (const [key, value] of Object.entries(facts)) this.#journal.table.put(key, new TextEncoder().encode(value));
    });
  }

  /** Nodes that were here before. */
  get nodeCount(): number {
    return listing(this.path).filter((name) => NODE_FOLDER.test(name)).length;
  }

  get natsDir(): string {
    return this.#within('nats');
  }

  /** Of the bus: their keys. */
  get usersDir(): string {
    return this.#within('users');
  }

  get clusterFile(): string {
    return this.#within(CLUSTER_FILE);
  }

  nodeDir(index: number): string {
    return this.#within(`node-${index}`);
  }

  /** Makes room for a new log and gives its path; a few of the earlier ones stay as `.1`, `.2`, … */
  rotateLog(name: string): string {
    const file = join(this.path, 'logs', `${name}.log`);
    for (let age = LOGS_KEPT - 1; age >= 0; age--) {
      const from = age === 0 ? file : `${file}.${age}`;
      if (existsSync(from)) renameSync(from, `${file}.${age + 1}`);
    }
    return file;
  }

  /** Replaces the file that tells other programs where everything is, so that none of them reads half of it. */
  writeCluster(cluster: object): void {
    const draft = `${this.clusterFile}.draft`;
    writeFileSync(draft, `${JSON.stringify(cluster, undefined, 2)}\n`);
    renameSync(draft, this.clusterFile);
  }

  removeCluster(): void {
    rmSync(this.clusterFile, { force: true });
  }

  close(): void {
    this.#journal.close();
  }

  #clear(): void {
    for (const name of listing(this.path)) {
      if (OURS.some((pattern) => pattern.test(name))) rmSync(this.#within(name), { recursive: true, force: true });
    }
    this.#journal.transaction(() => {
      for (const { key } of this.#journal.table.list('')) this.#journal.table.remove(key);
    });
  }

  #within(name: string): string {
    return join(this.path, name);
  }
}

function listing(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    if (code === 'ENOTDIR') throw new WitanError('WITAN_ERR_CONFIG', `--data ${path}: is a file and not a directory`);
    throw new WitanError('WITAN_ERR_STORE', `${path} cannot be read: ${code}`, { cause: error });
  }
}

function openLocked(marker: string, path: string): Journal {
  try {
    return openJournal(marker, { cacheKiB: 64 });
  } catch (error) {
    if (error instanceof WitanError && error.code === 'WITAN_ERR_LOCKED') {
      throw new WitanError('WITAN_ERR_LOCKED', `npm start already runs with ${path}`, { cause: error });
    }
    throw error;
  }
}
