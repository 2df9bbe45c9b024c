import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { LineState } from '../breakable/line.ts';
import { KubeWorld } from '../chaos/drivers/kube.ts';
import { EXPERIMENTS } from '../chaos/experiments.ts';
import { NodeLogs } from '../chaos/node-logs.ts';
import { missedOf, shortRun } from '../chaos/short-run.ts';
import { judge } from '../chaos/verdict.ts';
import { figure } from '../support/figures.ts';
import { deploy } from './deploy.ts';
import type { Network } from './network.ts';
import { expectGoingOn } from './served.ts';

export const BREAKABLE = fileURLToPath(new URL('breakable', import.meta.url));
// Before the others: what a pod has logged goes with it. While disks are full, an elder's pod is replaced.
const KILLS = ['kill-one-of-each', 'kill-all-nats', 'fill-disk'];
const OTHERS = ['pause', 'partition-minority', 'one-way', 'lossy', 'jump-clock'];
/** What is done to lines to NATS in these. */
const STATES: readonly LineState[] = [
  { cut: 'both' },
  { cut: 'says' },
  { cut: 'hears' },
  { disturbed: { lost: 0.1, lateMs: 200 } },
  {},
];

/** All that can be done to pods, in a network that is deployed. */
export function chaosTests(witan: Network): void {
  test('goes on as nodes that can be broken from within, with the same section', async () => {
    const before = await witan.section();
    // Together, and not pod by pod as an upgrade would.
    await witan.kubectl('delete', 'statefulset', 'node');
    await deploy(BREAKABLE);
    const after = await witan.settled();
    expect(after.members.map(({ name }) => name)).toEqual(
      expect.arrayContaining(before.members.map(({ name }) => name)),
    );
    await witan.attested();
  });

  test('loses nothing, whatever is done to it', async ({ onTestFinished }) => {
    const logs = mkdtempSync(join(tmpdir(), 'witan-pods-'));
    onTestFinished(() => rmSync(logs, { recursive: true, force: true }));
    const world = await KubeWorld.open({ namespace: witan.name });
    const canFill = world.abilities.has('fill-disk');
    if (!canFill) console.info('NOT RUN, full disks of pods: no node of this cluster has a small one');
    const names = [...KILLS, ...OTHERS].filter((name) => canFill || name !== 'fill-disk');
    const history = await shortRun(world, names, logs);
    expect(history.violations).toEqual([]);
    expect(history.episodes.map(({ experiment }) => experiment)).toEqual(names);
    expect(missedOf(history)).toEqual([]);
    expect(history.operations.length).toBeGreaterThan(20);
    const [atOnce] = judge(
      history,
      EXPERIMENTS.filter(({ name }) => name === 'kill-one-of-each'),
    ).findings;
    const what = 'two elders, a NATS server, a gateway and a coordinator killed at once, without TLS: healed';
    figure(what, atOnce!.healedMs!, { targetMs: 30_000 });
    expectGoingOn(atOnce!);
    const told = new NodeLogs(logs);
    expect(told.missing(STATES)).toEqual([]);
    expect(told.clocksJumped(history.startedAt)).toEqual({ ahead: true, behind: true });
  });
}
