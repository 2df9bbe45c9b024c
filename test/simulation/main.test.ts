import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { LIE_KINDS, simulate } from '@witan/simulator';
import { describe, expect, test } from 'vitest';
import { PLANTED } from './planted.ts';
import { absent, add, noTotals, overrunTooOften, table } from './totals.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function run(command: string) {
  const [program, ...args] = command.split(' ');
  const child = spawn(program!, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

const violationsIn = (stderr: string) => stderr.split('\n').filter((line) => / violated at /.test(line));

describe('a seed that fails', { timeout: 120_000 }, () => {
  test.each(Object.keys(PLANTED))('prints the one command that replays it: %s', async (plant) => {
    const found = await run(`npm run sim -- --seeds 20 --workers 1 --plant ${plant}`);
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/seeds +\d+, 1 failed/);
    const violations = violationsIn(found.stderr);
    expect(violations.length).toBeGreaterThan(0);
    const commands = found.stderr.match(/(?<=replay: )npm run sim -- .*/g) ?? [];
    expect(commands).toHaveLength(1);

    const again = await run(commands[0]!);
    expect(again.code).toBe(1);
    expect(violationsIn(again.stderr)).toEqual(violations);
    // The trace tells it where it happens.
    const [, invariant, node] = /: (\S+) violated at (\S+), /.exec(violations[0]!)!;
    expect(again.stdout).toContain(`VIOLATION ${invariant} at ${node}: `);
  });
});

test('whoever demands all faults and lies is told which have not occurred', { timeout: 60_000 }, async () => {
  const { code, stderr } = await run('npm run sim -- --seed 1 --demand-all');
  expect(code).toBe(1);
  expect(stderr).toMatch(/has not occurred in any seed: .*lie: sybil/);
});

test('each fault and each lie is demanded', () => {
  const lies = Object.fromEntries([...Object.keys(LIE_KINDS), 'coordinator'].map((kind) => [kind, 1]));
  const faults = ['lost', 'cutOff', 'repeated', 'late', 'reordered', 'lostWrites', 'blackouts'];
  const counts = { ...Object.fromEntries(faults.map((name) => [name, 1])), crashes: 2 };
  expect(absent({ ...noTotals(), counts, lies })).toEqual([]);
  expect(absent(noTotals())).toHaveLength(faults.length + 1 + Object.keys(lies).length);
  for (const name of faults) expect(absent({ ...noTotals(), counts: { ...counts, [name]: 0 }, lies })).toHaveLength(1);
  for (const kind of Object.keys(lies)) {
    expect(absent({ ...noTotals(), counts, lies: { ...lies, [kind]: 0 } })).toEqual([`lie: ${kind}`]);
  }
  // As many crashes as lost writes: none without.
  expect(absent({ ...noTotals(), counts: { ...counts, crashes: 1 }, lies })).toEqual(['a crash that loses none']);
});

test('a seed with more liars among the elders than they tolerate is told of, and more than a few of them fail the run', () => {
  // Two elders tolerate no liar.
  const { plan: _, ...result } = simulate(1, {
    plan: { nodes: 2, traitors: new Map([[1, ['silence']]]), traitorsReform: false, misfortuneMs: 0, late: new Map() },
  });
  expect(result).toMatchObject({ ok: true, tallied: { overrun: true } });
  const totals = noTotals();
  add(totals, { ...result, realMs: 1 });
  expect(totals.overrun).toEqual([1]);
  expect(table(totals, 1)).toMatch(/overrun +1 seeds/);
  const of = (seeds: number, overrun: number) => overrunTooOften({ ...totals, seeds, overrun: Array(overrun).fill(1) });
  expect([of(500, 0), of(500, 5), of(500, 6), of(20, 1), of(20, 2)]).toEqual([false, false, true, false, true]);
});

test('the JSON names the seeds of which the end was not checked', { timeout: 60_000 }, async () => {
  const { code, stdout } = await run('npm run --silent sim -- --seed 1 --json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ seeds: 1, failed: [], overrun: [], violations: [] });
});
