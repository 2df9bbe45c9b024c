import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

const MODULE = new URL('../src/idle-collection.ts', import.meta.url).href;

/** Two MB of garbage, and a second in which nothing is wanted; tells the young bytes before and after. */
const program = (isIdle: boolean) => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { collectWhileIdle } from ${JSON.stringify(MODULE)};
  const young = () => getHeapSpaceStatistics().find((each) => each.space_name === 'new_space').space_used_size;
  const end = collectWhileIdle(() => ${isIdle});
  globalThis.gc?.({ type: 'minor' });
  for (let i = 0; i < 2000; i++) globalThis.garbage = Array.from({ length: 128 }, () => i);
  const before = young();
  setTimeout(() => { end(); console.log(JSON.stringify({ before, after: young() })); }, 1000);
`;

async function run(isIdle: boolean, ...flags: readonly string[]): Promise<{ before: number; after: number }> {
  const args = [...flags, '--min-semi-space-size=8', '--max-semi-space-size=8', '--input-type=module', '-e'];
  const child = spawn(process.execPath, [...args, program(isIdle)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const texts: string[] = await child.stdout.setEncoding('utf8').toArray();
  if (child.exitCode === null) await once(child, 'exit');
  return JSON.parse(texts.join('')) as { before: number; after: number };
}

const MIB = 1024 * 1024;

test('young objects are collected while nobody waits, and at no other time', async () => {
  const [idle, busy, without] = await Promise.all([
    run(true, '--expose-gc'),
    run(false, '--expose-gc'),
    run(true), // Node as it is: nothing to call
  ]);
  for (const { before } of [idle, busy, without]) expect(before).toBeGreaterThan(2 * MIB);
  expect(idle.after).toBeLessThan(MIB);
  expect(busy.after).toBeGreaterThan(busy.before - MIB / 4);
  expect(without.after).toBeGreaterThan(without.before - MIB / 4);
});
