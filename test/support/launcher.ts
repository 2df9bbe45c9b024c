import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NODE, ROOT } from './service-process.ts';

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
  readonly #dataDir: string;
  readonly #waiting = new Set<() => void>();

  constructor(dataDir: string, options: readonly string[] = []) {
    this.#dataDir = dataDir;
    const args = [join(ROOT, 'deploy/local/start.mjs'), '--json', '--port', '0', '--data', dataDir, ...options];
    this.process = spawn(NODE, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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

  /** What it wrote down for other programs. */
  get cluster(): { url: string; processes: { name: string; pid: number; state: string; metrics?: string }[] } {
    return JSON.parse(readFileSync(join(this.#dataDir, 'cluster.json'), 'utf8'));
  }

  get pids(): number[] {
    const nats = Number(readFileSync(join(this.#dataDir, 'nats', 'nats.pid'), 'utf8'));
    return [...this.cluster.processes.map(({ pid }) => pid), nats];
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.process.exitCode === null) this.process.kill(signal);
    return this.ended;
  }
}
