import { PHASES } from '@witan/dkg';
import { describe, expect, test } from 'vitest';
import { figure } from '../support/figures.ts';
import { deadlinesOf, Killing, type Round } from '../support/killing.ts';
import { useCluster } from '../support/use-cluster.ts';

const DEADLINE_MS = 1500;
/** What a session takes beside its deadlines, as a target. */
const WORK_MS = 500;
const { cluster } = useCluster({
  nodes: 9,
  links: true,
  settings: { phaseDeadlineMs: DEADLINE_MS, absentAfterMs: 8000, settleMs: 200 },
});
const killing = new Killing(cluster);

/** Waits for the end, and then for those who were killed. Gives the session as the gateway tells it. */
async function seeThrough(round: Round, what: string) {
  figure(`${what}: all others have the key`, await killing.endedAfterMs(round), {
    targetMs: DEADLINE_MS + WORK_MS,
  });
  await killing.handedOver(round.session);
  const backMs = Math.max(...(await killing.recover(round)));
  figure(`${what}, two start after the end: usable shares`, backMs, { targetMs: 2000 });
  return cluster.api.session({ id: round.session });
}

describe('two of seven and the coordinator are killed in', () => {
  test.for(PHASES.filter((phase) => phase !== 'justification').map((phase, index) => ({ phase, index })))(
    '$phase: the session ends one deadline later at most, and those who come back get their shares',
    async ({ phase, index }) => {
      const steady = await killing.steady();
      const [first, second, third, fourth] = [0, 1, 2, 3].map((offset) => steady[(index + offset) % steady.length]!);
      // One is done when it has five last words, its own among them: four have to be slow for all to wait.
      const slow = phase === 'finalisation' ? [first!, second!, third!, fourth!] : [third!];
      const round = await killing.kill({ phase, killed: [first!, second!], slow });
      const session = await seeThrough(round, `killed in ${phase}`);
      expect(session).toMatchObject({ state: 'done', attempt: 0, blame: [], waitingOn: [] });
      // Nobody waits for those who die in Finalisation, or in Commitment once they have spoken in it.
      expect(deadlinesOf(session).length).toBeLessThanOrEqual(1);
    },
  );

  test('justification, one of them the dealer that is accused: it is left out, and gets its share all the same', async () => {
    const steady = await killing.steady();
    const [dealer, other] = [steady[3]!, steady[4]!];
    const round = await killing.kill({
      phase: 'justification',
      killed: [dealer, other],
      slow: [dealer],
      accused: dealer,
    });
    const session = await seeThrough(round, 'killed in justification, one accused');
    expect(session).toMatchObject({ state: 'done', attempt: 0 });
    // The accused is missed in Justification, and nobody waits for the other one any more.
    expect(deadlinesOf(session)).toEqual(['justification']);
    const justification = session.phases.find(({ name }) => name === 'justification');
    expect(justification).toMatchObject({ expected: 1, close: { included: [] } });
    expect(session.blame.map(({ reason }) => reason)).toContain('not-justified');
    expect(session.blame.filter(({ node }) => node !== dealer.name)).toEqual([]);
  });

  test('contribution, one before it has spoken and one after: both together cost one deadline', async () => {
    const steady = await killing.steady();
    const [silent, heard] = [steady[5]!, steady[0]!];
    const round = await killing.kill({ phase: 'contribution', killed: [silent, heard], slow: [silent] });
    const session = await seeThrough(round, 'killed in contribution, one unheard');
    expect(session).toMatchObject({ state: 'done', attempt: 0, blame: [] });
    expect(deadlinesOf(session)).toEqual(['contribution']);
    for (const { elder } of round.killed) {
      expect(elder.said({ event: 'dkg-done', session: round.session, source: 'answer' }), elder.name).toHaveLength(1);
      const metrics = await elder.metrics();
      expect(metrics.value('witan_dkg_sessions_total', { outcome: 'learned' }), elder.name).toBeGreaterThan(0);
    }
  });
});
