import type { Session } from '@witan/api';
import { forms, PHASES, type PhaseName } from '@witan/dkg';
import { encode, networkTag, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import type { Rule } from '../support/link.ts';
import { silentInPhase, spokenInSession } from '../support/session-messages.ts';
import { useCluster } from '../support/use-cluster.ts';

const DEADLINE_MS = 1500;
/** What a session takes beside its deadlines, as a target. */
const WORK_MS = 500;
const { cluster } = useCluster({
  nodes: 9,
  links: true,
  settings: { phaseDeadlineMs: DEADLINE_MS, absentAfterMs: 8000, settleMs: 200 },
});
const tag = networkTag(cluster.network);

const withoutHeartbeats: Rule = (message) => (message.subject.endsWith('.heartbeats') ? 'lost' : message);

/** A dealer whose share for the first receiver cannot be opened: signed with the node's own key, as by whoever broke in. */
function dealFalsely(dealer: ClusterNode, thenSilentIn: PhaseName): Rule {
  const identity = dealer.identity();
  const silence = silentInPhase(thenSilentIn, tag, identity);
  return (message) => {
    // Asked for its contribution, it would show another one.
    if (message.subject.startsWith('_INBOX.')) return 'lost';
    const spoken = spokenInSession(message, tag);
    if (spoken?.payload.type !== 'contribution') return silence(message);
    const [first, ...rest] = spoken.payload.shares;
    const shares = [{ ...first!, ciphertext: first!.ciphertext.map((byte) => byte ^ 1) }, ...rest];
    const body = encode(forms.messageCodec, {
      session: Buffer.from(spoken.session, 'hex'),
      follows: spoken.follows,
      payload: { ...spoken.payload, shares },
    });
    return { ...message, payload: sealEnvelope(identity, tag, 'dkgMessage', body).raw };
  };
}

/** Has the elders start one session after another: an elder that is not heard of is replaced, and takes its place again. */
class Rotation {
  #elders: readonly ClusterNode[] = [];
  #isAway = false;

  /** Six elders that take part in every session. */
  async steady(): Promise<readonly ClusterNode[]> {
    if (this.#elders.length === 0) this.#elders = await cluster.elders();
    return this.#elders.slice(0, -1);
  }

  /** Gives the id of the session that the elders start. */
  async provoke(): Promise<string> {
    const known = new Set((await cluster.api.sessions({ limit: 1000 })).sessions.map(({ id }) => id));
    const { link } = this.#elders.at(-1)!;
    if (this.#isAway) link.heal();
    else link.govern(withoutHeartbeats);
    this.#isAway = !this.#isAway;
    const started = () => cluster.nodes.flatMap(({ elder }) => elder.said({ event: 'dkg-started' }));
    return eventually(
      'the elders start a session',
      () => started().find(({ session }) => !known.has(session as string))?.session as string | undefined,
      { withinMs: PATIENCE_MS, everyMs: 5 },
    );
  }
}

interface Round {
  readonly phase: PhaseName;
  readonly session: string;
  /** Killed in the phase. */
  readonly killed: readonly ClusterNode[];
  /** When they were, on this process's clock. */
  readonly killedAtMs: number;
}

const rotation = new Rotation();

/** Kills two participants and the coordinator as soon as all have entered the phase, in which `slow` ones keep all waiting. */
async function killIn(phase: PhaseName, killed: readonly ClusterNode[], slow: readonly ClusterNode[]): Promise<Round> {
  const session = await rotation.provoke();
  const expected = 7 - slow.filter((node) => killed.includes(node)).length;
  const inPhase = () =>
    cluster.nodes.filter(({ elder }) => elder.said({ event: 'dkg-phase', phase, session }).length > 0);
  await eventually(`all are in ${phase}`, () => inPhase().length >= expected, { withinMs: PATIENCE_MS, everyMs: 2 });
  for (const { elder } of killed) expect(elder.said({ event: 'dkg-done', session })).toEqual([]);
  const ends = [...killed.map((node) => node.elder), cluster.coordinators[0]!].map((each) => each.kill());
  const killedAtMs = performance.now();
  await Promise.all(ends);
  for (const node of slow) if (!killed.includes(node)) node.link.heal();
  return { phase, session, killed, killedAtMs };
}

/** How long after the kill every participant that was left had the new key. */
async function endedAfterMs({ session, killed, killedAtMs }: Round): Promise<number> {
  const { participants } = await cluster.api.session({ id: session });
  const left = participants.map(({ name }) => cluster.nodeOf(name)).filter((node) => !killed.includes(node));
  expect(left).toHaveLength(7 - killed.length);
  const ends = left.map(({ elder }) => elder.says({ event: 'dkg-done', session }, PATIENCE_MS));
  return Math.max(...(await Promise.all(ends)).map(({ atMs }) => atMs)) - killedAtMs;
}

/** Starts what was killed, and waits until all of it does its part. */
async function recover({ phase, session, killed }: Round): Promise<Session> {
  const handedOver = async () =>
    (await cluster.api.session({ id: session })).resultKey === (await cluster.section()).key;
  await eventually('the elders hand over to the new key', handedOver, { withinMs: PATIENCE_MS });
  const { generation } = await cluster.section();
  cluster.coordinators[0]!.start();
  for (const { elder, link } of killed) {
    link.heal();
    elder.start();
  }
  const tookMs = await Promise.all(killed.map((node) => node.usableShareMs(generation, PATIENCE_MS)));
  const what = `killed in ${phase}, two start after the session has ended: usable shares`;
  figure(what, Math.max(...tookMs), { targetMs: 2000 });
  await cluster.settled();
  return cluster.api.session({ id: session });
}

describe('two of seven and the coordinator are killed in', () => {
  test.for(PHASES.filter((phase) => phase !== 'justification').map((phase, index) => ({ phase, index })))(
    '$phase: the session ends one deadline later at most, and those who come back get their shares',
    async ({ phase, index }) => {
      const steady = await rotation.steady();
      const [first, second, third, fourth] = [0, 1, 2, 3].map((offset) => steady[(index + offset) % steady.length]!);
      const killed = [first!, second!];
      // One is done when it has five last words, its own among them: four have to be slow for all to wait.
      const slow = phase === 'finalisation' ? [...killed, third!, fourth!] : [third!];
      for (const node of slow) node.link.govern(silentInPhase(phase, tag, node.identity()));
      const round = await killIn(phase, killed, slow);
      figure(`killed in ${phase}: all others have the key`, await endedAfterMs(round), {
        targetMs: DEADLINE_MS + WORK_MS,
      });
      expect(await recover(round)).toMatchObject({ state: 'done', attempt: 0, blame: [], waitingOn: [] });
    },
  );

  test('justification, one of them the dealer that is accused: it is left out, and gets its share all the same', async () => {
    const steady = await rotation.steady();
    const [dealer, other] = [steady[3]!, steady[4]!];
    dealer.link.govern(dealFalsely(dealer, 'justification'));
    const round = await killIn('justification', [dealer, other], [dealer]);
    figure('killed in justification, one accused: all others have the key', await endedAfterMs(round), {
      targetMs: 2 * DEADLINE_MS + WORK_MS,
    });
    const session = await recover(round);
    expect(session).toMatchObject({ state: 'done', attempt: 0 });
    const justification = session.phases.find(({ name }) => name === 'justification');
    expect(justification).toMatchObject({ expected: 1, close: { included: [] } });
    expect(session.blame.map(({ reason }) => reason)).toContain('not-justified');
    expect(session.blame.filter(({ node }) => node !== dealer.name)).toEqual([]);
  });

  test('contribution, one before it has spoken and one after: each costs one deadline', async () => {
    const steady = await rotation.steady();
    const [silent, heard] = [steady[5]!, steady[0]!];
    silent.link.govern(silentInPhase('contribution', tag, silent.identity()));
    const round = await killIn('contribution', [silent, heard], [silent]);
    figure('killed in contribution, one unheard: all others have the key', await endedAfterMs(round), {
      targetMs: 2 * DEADLINE_MS + WORK_MS,
    });
    expect(await recover(round)).toMatchObject({ state: 'done', attempt: 0, blame: [] });
  });
});
