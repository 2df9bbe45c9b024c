import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { TOY, ToyProcess } from './toy/process.ts';

vi.setConfig({ testTimeout: 30_000 }); // Processes on a busy machine.

/** A launcher that starts the toy with this `stdio`, and does nothing more. */
const launcher = (stdio: string): string => `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, [${JSON.stringify(TOY)}, '--log-format=json'], { stdio: ${stdio} });
  setInterval(() => {}, 1000);
`;

test.each([
  ['an IPC channel', "['ignore', 'inherit', 'inherit', 'ipc']"],
  ['a pipe on standard input', "['pipe', 'inherit', 'inherit']"],
  ['nothing', "['ignore', 'inherit', 'inherit']"],
])('connected by %s, it stops when its parent is killed', async (_, stdio) => {
  const parent = spawn(process.execPath, ['-e', launcher(stdio)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, WITAN_EXIT_WITH_PARENT: '1' },
  });
  let said = '';
  const up = new Promise<void>((resolve) => {
    parent.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('"event":"ready"')) resolve();
    });
  });
  // The toy has the other end of this pipe too: it closes when both are gone.
  const allGone = once(parent.stdout, 'close');
  await up;
  parent.kill('SIGKILL');
  await allGone;
  expect(said).toContain('"reason":"its parent is gone"');
  expect(said.trimEnd().split('\n').at(-1)).toContain('"msg":"stopped"');
});

test('it leaves Ctrl-C and the end of the terminal to its parent, and a terminate is still its own', async () => {
  await using toy = new ToyProcess({ WITAN_EXIT_WITH_PARENT: '1' });
  await toy.ready();
  toy.signal('SIGINT');
  toy.signal('SIGHUP');
  await toy.tell('sicken'); // Handled after the signals.
  expect(toy.lines.map(({ msg }) => msg)).not.toContain('stopping');
  toy.signal('SIGTERM');
  expect((await toy.exited).code).toBe(0);
});

test('without being asked, it outlives its parent', async () => {
  await using toy = new ToyProcess();
  await toy.ready();
  toy.child.disconnect();
  expect(toy.lines.map(({ msg }) => msg)).not.toContain('stopping');
  toy.signal('SIGTERM');
  const { code, stdout } = await toy.exited;
  expect(code).toBe(0);
  expect(stdout).toContain('"reason":"SIGTERM"');
});
