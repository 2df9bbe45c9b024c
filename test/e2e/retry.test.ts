import { networkTag } from '@witan/wire';
import { expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { addTogether } from '../support/newcomers.ts';
import { silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const OLD = 4;
const NEW = 3;
const RETRY_AFTER_MS = 4000;
/**
 * For so long those who were to become elders keep their places though nobody hears them: beyond what a busy machine does, and
 * well between two attempts, at which either all three are gone or none.
 */
const ABSENT_AFTER_MS = 1.5 * RETRY_AFTER_MS;
const { cluster } = useCluster({
  nodes: OLD,
  links: true,
  settings: { phaseDeadlineMs: 500, retryAfterMs: RETRY_AFTER_MS, absentAfterMs: ABSENT_AFTER_MS, settleMs: 500 },
});
const tag = networkTag(cluster.network);

let newcomers: readonly ClusterNode[];

test('a session that cannot end is tried again by the elders, and without the newcomers when they have been away for long', async () => {
  const before = await cluster.section();
  newcomers = await addTogether(cluster, NEW, (node) => silentInPhase('contribution', tag, node.identity()));
  const first = await eventually(
    'all seven are in a session',
    async () => {
      const session = await cluster.lastSession();
      return session?.participants.length === OLD + NEW && session.phase === 'contribution' && session;
    },
    { withinMs: PATIENCE_MS, everyMs: 10 },
  );
  expect(first.attempt).toBe(0);
  await Promise.all(newcomers.map(({ elder }) => elder.kill()));
  const killedAtMs = performance.now();
  const after = await eventually(
    'the elders have a new key',
    async () => {
      const section = await cluster.section();
      return section.generation > first.generation && section.key !== before.key && section;
    },
    { withinMs: PATIENCE_MS },
  );
  figure(
    `a session that cannot end: key without those who are gone (retry after ${RETRY_AFTER_MS} ms, gone after ${ABSENT_AFTER_MS} ms)`,
    performance.now() - killedAtMs,
  );
  const { sessions } = await cluster.api.sessions();
  const attempts = sessions.filter(({ generation }) => generation >= first.generation).reverse();
  expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, index) => index));
  expect(attempts.slice(0, -1).map(({ state }) => state)).toEqual(attempts.slice(1).map(() => 'failed'));
  const last = attempts.at(-1)!;
  expect(last).toMatchObject({ state: 'done', resultKey: after.key });
  expect(last.attempt).toBeGreaterThan(0);
  expect(last.participants.map(({ name }) => name)).toEqual(before.elders.map(({ name }) => name));
  for (const { elder } of cluster.nodes.slice(0, OLD)) {
    const metrics = await elder.metrics();
    expect(metrics.value('witan_dkg_sessions_total', { outcome: 'superseded' })).toBe(last.attempt);
  }
});

test('when they are back, they become elders by a further session', async () => {
  for (const { elder, link } of newcomers) {
    link.heal();
    elder.start();
  }
  const section = await cluster.settled();
  expect(section.elders).toHaveLength(OLD + NEW);
  expect((await cluster.lastSession())!).toMatchObject({ resultKey: section.key, blame: [] });
  await cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
});
