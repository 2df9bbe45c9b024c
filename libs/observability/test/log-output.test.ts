import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const FULL = '/dev/full';
const MOST_WAITING = 1 << 20;

const program = (name: string) => fileURLToPath(new URL(`children/${name}`, import.meta.url));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is in the file in the end, after so many lines for which there was no room. */
async function loggedAfter(count: number) {
  const file = join(folder, 'log');
  const full = openSync(FULL, 'a');
  const child = spawn(process.execPath, [program('log-to-full.ts'), String(count), file], {
    stdio: ['ignore', full, 'inherit'],
    // Whatever holds it up does not outlive the test.
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  closeSync(full);
  try {
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
  const text = readFileSync(file, 'utf8');
  return {
    bytes: text.length,
    lines: text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LogLine),
  };
}

interface LogLine {
  readonly msg: string;
  readonly n?: number;
  readonly event?: string;
  readonly lines?: number;
}

describe.skipIf(!existsSync(FULL))('a log for which there is no room', () => {
  test('throws at nobody, and is whole when there is some', async () => {
    const { lines } = await loggedAfter(3);
    const said = lines.map(({ n, msg }) => n ?? msg);
    expect(said).toEqual([0, 1, 2, 'no room either', 'room', 'end']);
  });

  test('is kept up to a bound; how much was lost is said, and later lines are there', async () => {
    const count = 20_000;
    const { bytes, lines } = await loggedAfter(count);
    const kept = lines.flatMap(({ n }) => n ?? []);
    expect(kept).toEqual(upTo(kept.length));
    const lost = lines.filter(({ event }) => event === 'log-lost');
    expect(lost).toEqual([expect.objectContaining({ level: 'error', service: 'elder', lines: expect.any(Number) })]);
    // The fatal one and the first for which there was room may be among them.
    expect(lines.length - 1 + lost[0]!.lines!).toBe(count + 3);
    expect(lost[0]!.lines).toBeGreaterThan(count / 10);
    expect(lines.at(-1)!.msg).toBe('end');
    expect(bytes).toBeGreaterThan(MOST_WAITING / 2);
    expect(bytes).toBeLessThan(MOST_WAITING + 1024);
  });
});

test('a reader of the log that stands still is not waited for, and misses nothing when it reads again', async () => {
  // More than a pipe and its reader take, less than may wait.
  const count = 6_000;
  const child = spawn(process.execPath, [program('log-to-pipe.ts'), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    expect((await once(child, 'message'))[0]).toBe('done');
    const read: number[] = [];
    for await (const line of createInterface({ input: child.stdout! })) {
      const { n, msg } = JSON.parse(line) as LogLine;
      if (n !== undefined) read.push(n);
      if (msg === 'later') break;
    }
    expect(read).toEqual(upTo(count));
  } finally {
    child.kill('SIGKILL');
  }
});
