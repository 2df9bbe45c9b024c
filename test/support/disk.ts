import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';
import { NODE, type ServiceProcess } from './service-process.ts';

/** Whether this process may mount a file system of its own. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0 && hasMount();

function hasMount(): boolean {
  return spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;
}

const REFILL_MS = 20;

const CUT_ROOM = fileURLToPath(new URL('../breakable/cut-room.mjs', import.meta.url));

function standsStill({ pid }: ServiceProcess): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** A real file system of a few MiB in memory, which can be filled up. */
export class SmallDisk {
  readonly path: string;
  #refill: NodeJS.Timeout | undefined;

  constructor(path: string, sizeMiB: number) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'tmpfs', path]);
  }

  /** Takes all the room that there is, and what is given back, until it is cleared. */
  fill(): void {
    this.#refill ??= setInterval(() => this.#take(), REFILL_MS).unref();
    this.#take();
  }

  /** As `fill`, with the room that these keep for themselves in their logs: whatever they write next finds none. */
  async fillUnder(writers: readonly ServiceProcess[]): Promise<void> {
    for (const each of writers) each.pause();
    try {
      await eventually('they stand still', () => writers.every(standsStill), { withinMs: 10_000, everyMs: 5 });
      execFileSync(NODE, [CUT_ROOM, this.path]);
      this.fill();
    } finally {
      for (const each of writers) each.resume();
    }
  }

  #take(): void {
    const piece = new Uint8Array(4096);
    try {
      for (;;) appendFileSync(this.#ballast, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** Gives it back. */
  clear(): void {
    clearInterval(this.#refill);
    this.#refill = undefined;
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    clearInterval(this.#refill);
    execFileSync('umount', ['-l', this.path]);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}
