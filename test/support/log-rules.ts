import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Vault } from '@witan/crypto';
import type { Cluster } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import type { LogLine, ServiceProcess } from './service-process.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const NAME = /^[0-9a-f]{64}$/;
const ACTORS: readonly unknown[] = ['section', 'dkg'];
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** What every line of a real service's log is, looked at once each. */
export class LogRules {
  readonly #cluster: Cluster;
  readonly #read = new Map<ServiceProcess, number>();
  /** Lines of a life, by process id, before its node was known. */
  readonly #nameless = new Map<unknown, number>();
  readonly #nodes = new Map<unknown, unknown>();
  /** Lives that ended before that. */
  readonly #failed = new Set<unknown>();
  #secrets: readonly string[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** What is wrong with the lines since the last look, a line each. */
  complaints(): string[] {
    this.#secrets = this.#cluster.nodes.flatMap(secretsOf);
    return this.#cluster.processes.flatMap((process) => {
      const lines = process.lines.slice(this.#read.get(process) ?? 0);
      this.#read.set(process, process.lines.length);
      return lines.flatMap((line) =>
        this.#wrongWith(process, line).map((what) => `${process.name}: ${what}: ${JSON.stringify(line)}`),
      );
    });
  }

  #wrongWith(process: ServiceProcess, line: LogLine): string[] {
    // How a line is recorded that is no JSON.
    if (line.level === 'none') return ['not JSON'];
    const wrong: string[] = [];
    const expect = (holds: boolean, what: string) => {
      if (!holds) wrong.push(what);
    };
    expect(TIME.test(String(line.time)), 'no time');
    expect(LEVELS.includes(line.level), 'no level');
    expect(line.service === process.kind, 'not of its service');
    expect(typeof line.pid === 'number', 'no pid');
    expect(typeof line.msg === 'string' && line.msg !== '', 'no words');
    expect(this.#isNamed(process, line), 'not of its node');
    expect(!isOfSession(line) || NAME.test(String(line.session)), 'no session');
    expect(!isTrouble(line) || ACTORS.includes(line.actor), 'no actor');
    const text = JSON.stringify(line);
    expect(!this.#secrets.some((secret) => text.includes(secret)), 'a secret');
    return wrong;
  }

  /** Before a node has read its identity it has said one line; if it could not read it, why, and that it stops. */
  #isNamed({ kind }: ServiceProcess, { pid, node, level }: LogLine): boolean {
    if (kind === 'gateway' || kind === 'dkg-coordinator') return node === undefined;
    if (node === undefined) {
      const before = (this.#nameless.get(pid) ?? 0) + 1;
      this.#nameless.set(pid, before);
      const isOver = level === 'fatal' || this.#failed.has(pid);
      if (isOver) this.#failed.add(pid);
      return !this.#nodes.has(pid) && (before === 1 || isOver);
    }
    if (!this.#nodes.has(pid)) this.#nodes.set(pid, node);
    return NAME.test(String(node)) && this.#nodes.get(pid) === node;
  }
}

function isOfSession({ event, action, actor }: LogLine): boolean {
  if (event === 'decided') return action === 'dkg' || action === 'handover';
  return event === 'blame' || event?.startsWith('dkg-') === true || actor === 'dkg';
}

function isTrouble({ event }: LogLine): boolean {
  return event === 'crash' || event === 'store';
}

/** What must never leave a node, in the forms in which it could be written. */
function secretsOf({ dataDir }: ClusterNode): string[] {
  try {
    const key = Buffer.from(readFileSync(join(dataDir, 'sealing.key'), 'utf8').trim(), 'hex');
    const vault = new Vault(key, () => new Uint8Array(0));
    const seed = vault.open(readFileSync(join(dataDir, 'identity.sealed')), new TextEncoder().encode('witan identity'));
    return [key, seed].flatMap((secret) =>
      (['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(secret).toString(form).replace(/=+$/, '')),
    );
  } catch {
    // A home that a test has damaged has nothing to tell.
    return [];
  }
}
