import { isWitanError } from '@witan/errors';
import { networkTag } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually, steadily } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { hasPromtool, promtoolComplaints } from '../support/promtool.ts';
import { silentInPhase } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';
import { type Condition, dead, deviations } from './metric-table.ts';

const ABSENT_AFTER_MS = 5000;
const { cluster } = useCluster({
  nodes: 8,
  links: true,
  settings: { phaseDeadlineMs: 1000, absentAfterMs: ABSENT_AFTER_MS, settleMs: 300 },
});
const tag = networkTag(cluster.network);

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
const refusal = () =>
  attest().then(
    () => undefined,
    (error: unknown) => error,
  );

async function expectMetrics(elder: ClusterNode, condition: Condition): Promise<void> {
  await eventually(
    `the metrics of a ${condition} section are as the table says`,
    async () => {
      const wrong = await deviations(cluster, elder.elder, condition);
      if (wrong.length > 0) throw new Error(wrong.join('\n'));
      return true;
    },
    { withinMs: 20_000, everyMs: 200 },
  );
}

/** An elder that dies and comes back, elders that die in a stall, and one that lives through all of it. */
interface Cast {
  readonly returning: ClusterNode;
  readonly dying: readonly ClusterNode[];
  readonly surviving: readonly ClusterNode[];
}

let chosen: Cast | undefined;

async function cast(): Promise<Cast> {
  if (chosen) return chosen;
  const elders = await cluster.elders();
  chosen = { returning: elders[6]!, dying: elders.slice(0, 3), surviving: elders.slice(3, 6) };
  return chosen;
}

describe('a healthy section', () => {
  test('every metric is emitted', async () => {
    const { surviving } = await cast();
    await attest();
    await expectMetrics(surviving[0]!, 'healthy');
    expect(await dead(cluster)).toEqual([]);
  });

  test.runIf(hasPromtool)('promtool has nothing against what the services expose', async () => {
    const node = cluster.nodes[0]!;
    for (const service of [cluster.gateway, cluster.coordinators[0]!, node.elder, node.adult]) {
      const complaints = promtoolComplaints((await service.metrics()).text);
      expect([service.name, complaints]).toEqual([service.name, '']);
    }
  });
});

test('an elder that is dead for long is replaced by an adult, by a new DKG, and the chain grows', async () => {
  const { returning } = await cast();
  const [adult] = await cluster.adults();
  const before = await cluster.section();
  await returning.kill();
  const diedAtMs = performance.now();
  const after = await eventually(
    'the adult is an elder',
    async () => {
      const section = await cluster.section();
      return section.elders.some(({ name, usableShare }) => name === adult!.name && usableShare) && section;
    },
    { withinMs: PATIENCE_MS },
  );
  figure('an elder is replaced after its death', performance.now() - diedAtMs, { targetMs: ABSENT_AFTER_MS + 2000 });
  expect(after.elders.map(({ name }) => name)).not.toContain(returning.name);
  expect(after.elders).toHaveLength(7);
  expect(after.chainLength).toBe(before.chainLength + 1);
  await attest();
});

describe('below a supermajority', () => {
  let session: string;

  test('a session stalls, and says in which phase and whom it waits for', async () => {
    const { returning, dying } = await cast();
    for (const node of dying) node.link.govern(silentInPhase('contribution', tag, node.identity()));
    const before = (await cluster.lastSession())!.id;
    // What comes back takes its place again: that takes a session.
    returning.elder.start();
    returning.adult.start();
    session = await eventually(
      'all others are in the phase that waits for three',
      async () => {
        const { id, participants } = (await cluster.lastSession())!;
        // The elder that goes out looks on, and tells of it too.
        const isThere = ({ name }: { name: string }) =>
          cluster.nodeOf(name).elder.said({ event: 'dkg-phase', phase: 'contribution', session: id }).length > 0;
        return id !== before && participants.every(isThere) && id;
      },
      { withinMs: PATIENCE_MS, everyMs: 10 },
    );
    await Promise.all(dying.map((node) => node.kill()));
    const stalled = await eventually(
      'the gateway shows the stall',
      async () => {
        const shown = await cluster.api.session({ id: session });
        return shown.state === 'stalled' && shown;
      },
      { withinMs: PATIENCE_MS },
    );
    expect(stalled.phase).toBe('contribution');
    expect(stalled.waitingOn).toEqual(dying.map(({ name }) => name).sort());
    const said = (await cast()).surviving[0]!.elder.said({ event: 'dkg-stalled', session }).at(-1);
    expect([...(said!.waitingOn as string[])].sort()).toEqual(stalled.waitingOn);
  });

  test('nothing can be signed, and the answer names those that are missed', async () => {
    const { dying } = await cast();
    const error = await eventually('the refusal', refusal, { withinMs: PATIENCE_MS });
    expect(isWitanError(error) && error.code).toBe('WITAN_ERR_NO_QUORUM');
    expect(error).toHaveProperty('data.waitingOn', expect.arrayContaining(dying.map(({ name }) => name)));
    expect(error).toHaveProperty('data.status', 503);
  });

  test('the metrics tell it, and stay true while it lasts', async () => {
    const { surviving } = await cast();
    await expectMetrics(surviving[0]!, 'stalled');
    const hold = async () => (await deviations(cluster, surviving[0]!.elder, 'stalled')).length === 0;
    await steadily('the metrics of the stall', hold, { forMs: 2000, everyMs: 200 });
  });

  test('a survivor that is killed and comes back tells the same', async () => {
    const { surviving } = await cast();
    const { elder } = surviving[1]!;
    await elder.kill();
    elder.start();
    await eventually(
      'its gauges are those of the stall',
      async () => {
        const metrics = await elder.metrics();
        const gauges = [
          'witan_dkg_phase',
          'witan_dkg_waiting_on',
          'witan_elder_usable_share',
          'witan_section_live_elders',
          'witan_section_threshold',
          'witan_section_quorum_margin',
        ].map((name) => metrics.value(name));
        return JSON.stringify(gauges) === JSON.stringify([2, 3, 1, 4, 5, -1]);
      },
      { withinMs: PATIENCE_MS },
    );
  });

  test('it goes on when they return: the same session makes its key', async () => {
    const { dying } = await cast();
    for (const { elder, adult, link } of dying) {
      link.heal();
      elder.start();
      adult.start();
    }
    const shown = await eventually(
      'the session is done',
      async () => {
        const now = await cluster.api.session({ id: session });
        return now.state === 'done' && now;
      },
      { withinMs: PATIENCE_MS },
    );
    const startedAtMs = Math.max(...dying.map(({ elder }) => elder.startedAtMs));
    figure('three are back: the stalled session has its key', performance.now() - startedAtMs, { targetMs: 3000 });
    expect(shown).toMatchObject({ attempt: 0, blame: [], waitingOn: [] });
    const section = await cluster.settled();
    expect(section.key).toBe(shown.resultKey);
    await attest();
  });

  test('the metrics of the section that has recovered are those of a healthy one', async () => {
    const { surviving, dying } = await cast();
    await expectMetrics(surviving[0]!, 'recovered');
    const recovered = await Promise.all(
      dying.map(async ({ elder }) =>
        (await elder.metrics()).value('witan_anti_entropy_recovered_total', { kind: 'dkg' }),
      ),
    );
    expect(Math.max(...recovered.map((count) => count ?? 0))).toBeGreaterThan(0);
  });
});
