import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { findNatsServer } from '../src/index.ts';

const BUS = new URL('../src/index.ts', import.meta.url).href;
const STARTER = `
  const { startNatsServer } = await import(${JSON.stringify(BUS)});
  console.log((await startNatsServer()).pid);
  setInterval(() => {}, 1000);
`;
const WITHIN_MS = 10_000;

/** One that has ended, and that nobody has asked about, does not run. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const isMissing = process.platform !== 'linux' || findNatsServer() === undefined;
test.skipIf(isMissing)('a server ends with who started it, also after kill -9', async () => {
  const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  onTestFinished(() => void starter.kill('SIGKILL'));
  const pid = Number(String((await once(starter.stdout, 'data'))[0]));
  expect(runs(pid)).toBe(true);
  const ended = once(starter, 'exit');
  starter.kill('SIGKILL');
  await ended;
  const endMs = performance.now() + WITHIN_MS;
  while (runs(pid) && performance.now() < endMs) await pause(20);
  expect(runs(pid)).toBe(false);
});
