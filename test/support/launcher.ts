import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { WitanEvent } from '@witan/api';
import { NODE, ROOT } from './service-process.ts';

export interface ClusterFile {
  readonly url: string;
  readonly launcherPid: number;
  readonly processes: readonly { name: string; pid: number; state: string; restarts: number; metrics?: string }[];
}

/** What `npm start` wrote down for other programs. */
export function clusterIn(dataDir: string): ClusterFile {
  return JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8')) as ClusterFile;
}

/** Ids of the launcher, the NATS server itself, and all that the launcher started, what keeps the server included. */
export function pidsIn(dataDir: string): { launcher: number; nats: number; children: number[] } {
  const { launcherPid, processes } = clusterIn(dataDir);
  const nats = Number(readFileSync(join(dataDir, 'nats', 'nats.pid'), 'utf8'));
  return { launcher: launcherPid, nats, children: processes.map(({ pid }) => pid) };
}

/** One line of `npm start -- --json`. */
export interface LauncherNote {
  readonly type: string;
  readonly elapsedMs: number;
  readonly [field: string]: unknown;
}

export interface LauncherSummary {
  readonly resumed: boolean;
  readonly genesisKey: string;
  readonly sectionKey: string;
  readonly chainLength: number;
  readonly threshold: number;
  readonly elders: number;
  readonly url: string;
  readonly memory: { readonly rssBytes: number; readonly pssBytes: number };
}

/** `npm start` as a process, with what it says. */
export class Launcher {
  readonly process: ChildProcess;
  readonly notes: LauncherNote[] = [];
  readonly ended: Promise<number | null>;
  errors = '';
  readonly #waiting = new Set<() => void>();

  constructor(dataDir: string, options: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const args = [join(ROOT, 'deploy/local/start.mjs'), '--json', '--port', '0', '--data', dataDir, ...options];
    this.process = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    createInterface({ input: this.process.stdout! }).on('line', (line) => {
      this.notes.push(JSON.parse(line) as LauncherNote);
      for (const check of this.#waiting) check();
    });
    this.process.stderr!.on('data', (chunk) => {
      this.errors += chunk;
    });
    this.ended = new Promise((resolve) => this.process.once('close', resolve));
    void this.ended.then(() => {
      for (const check of this.#waiting) check();
    });
  }

  /** The first note that is wanted, of those there are and those to come. Rejects when the launcher ends without it. */
  async until(want: (note: LauncherNote) => boolean): Promise<LauncherNote> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = this.notes.find(want);
        if (found !== undefined) resolve(found);
        else if (this.process.exitCode !== null) reject(new Error(`npm start ended: ${this.errors}`));
        else return;
        this.#waiting.delete(check);
      };
      this.#waiting.add(check);
      check();
    });
  }

  async ready(): Promise<LauncherSummary> {
    return (await this.until(({ type }) => type === 'ready')).summary as LauncherSummary;
  }

  /** What the gateway told it. */
  get events(): WitanEvent[] {
    return this.notes.flatMap(({ type, event }) => (type === 'event' ? [event as WitanEvent] : []));
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.process.exitCode === null) this.process.kill(signal);
    return this.ended;
  }
}
