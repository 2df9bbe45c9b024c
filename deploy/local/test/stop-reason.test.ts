import { type ChildProcess, spawn } from 'node:child_process';
import { on } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SAY = fileURLToPath(new URL('fixtures/say.ts', import.meta.url));
const FULL = '/dev/full';

/** Why it stops, that has this output. */
async function reasonOf(output: number | 'pipe', onRefusal: (child: ChildProcess) => void): Promise<unknown> {
  const child = spawn(process.execPath, [SAY], { stdio: ['ignore', output, 'inherit', 'ipc'] });
  child.stdout?.destroy();
  const messages = on(child, 'message');
  const next = async (): Promise<unknown> => (await messages.next()).value?.[0];
  try {
    expect(await next()).toBe('refused');
    onRefusal(child);
    return await next();
  } finally {
    child.kill('SIGKILL');
  }
}

test('the launcher stops when nobody reads any more what it shows', async () => {
  expect(await reasonOf('pipe', () => {})).toBe('the output is closed');
});

test.skipIf(!existsSync(FULL))('it does not stop because there is no room for what it shows', async () => {
  const full = openSync(FULL, 'a');
  try {
    expect(await reasonOf(full, (child) => child.kill('SIGTERM'))).toBe('SIGTERM');
  } finally {
    closeSync(full);
  }
});
