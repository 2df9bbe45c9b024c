import type { Session } from '@witan/api';
import type { PhaseName } from '@witan/dkg';
import { networkTag } from '@witan/wire';
import type { Rule } from '../breakable/link.ts';
import { type Cluster, PATIENCE_MS } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import { eventually } from './eventually.ts';
import { butAsking, dealsFalsely, silentInPhase } from './session-messages.ts';

/** Who is killed in a phase, and who speaks in it too late: not before the others are dead. */
export interface Deaths {
  readonly phase: PhaseName;
  readonly killed: readonly ClusterNode[];
  /** All others wait for these in the phase. Those of them who are killed have not spoken in it. */
  readonly slow: readonly ClusterNode[];
  /** One of the slow, whose Contribution cannot be opened by some of the others: it has to justify itself. */
  readonly accused?: ClusterNode;
  readonly coordinatorToo?: boolean;
}

export interface Round extends Deaths {
  readonly session: string;
  /** On this process's clock. */
  readonly killedAtMs: number;
}

/**
 * Kills processes of a cluster in the middle of DKG sessions. It has the elders start one after another: the last of them
 * is not heard of and replaced, then heard of and in its place again. The cluster needs links, and two nodes more than
 * take part.
 */
export class Killing {
  readonly #cluster: Cluster;
  readonly #tag: Uint8Array;
  #elders: readonly ClusterNode[] = [];
  #isAway = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#tag = networkTag(cluster.network);
  }

  /** Six elders that take part in every session. */
  async steady(): Promise<readonly ClusterNode[]> {
    if (this.#elders.length === 0) this.#elders = await this.#cluster.elders();
    return this.#elders.slice(0, -1);
  }

  /** Has a session begin, and kills in it as soon as all are in the phase. Those who are late speak then. */
  async kill(deaths: Deaths): Promise<Round> {
    const { phase, killed, slow, accused, coordinatorToo = true } = deaths;
    await this.steady();
    for (const node of slow) {
      const isAccused = node === accused;
      const silence = (isAccused ? dealsFalsely : silentInPhase)(phase, this.#tag, node.identity());
      node.link.govern(butAsking(silence));
    }
    if (accused && !slow.includes(accused)) throw new Error('the accused has to be slow');
    const session = await this.#provoke();
    const participants = await this.#participants(session);
    const isIn = ({ elder }: ClusterNode) => elder.said({ event: 'dkg-phase', phase, session }).length > 0;
    const allAreIn = () => {
      const others = participants.filter((node) => !isIn(node)).map(({ elder }) => elder.name);
      if (others.length > 0) throw new Error(`${others} are not, in session ${session}`);
      return true;
    };
    await eventually(`all are in ${phase}`, allAreIn, { withinMs: PATIENCE_MS, everyMs: 2 });
    // In Justification nobody is asked to speak but the accused, who is slow.
    const speakers = phase === 'justification' ? [] : killed.filter((node) => !slow.includes(node));
    if (speakers.length > 0) await this.#haveSpoken(speakers, phase, session);
    const done = killed.find(({ elder }) => elder.said({ event: 'dkg-done', session }).length > 0);
    if (done) throw new Error(`${done.elder.name} was done before it was killed in ${phase}`);
    const coordinator = coordinatorToo ? [this.#cluster.coordinators[0]!] : [];
    const ends = [...killed.map((node) => node.elder), ...coordinator].map((each) => each.kill());
    const killedAtMs = performance.now();
    await Promise.all(ends);
    for (const node of slow) if (!killed.includes(node)) node.link.heal();
    return { ...deaths, session, killedAtMs };
  }

  /** How long after the kill every participant that was left had the new key. */
  async endedAfterMs({ session, killed, killedAtMs }: Round): Promise<number> {
    const left = (await this.#participants(session)).filter((node) => !killed.includes(node));
    const ends = left.map(({ elder }) => elder.says({ event: 'dkg-done', session }, PATIENCE_MS));
    return Math.max(...(await Promise.all(ends)).map(({ atMs }) => atMs)) - killedAtMs;
  }

  /** The section has gone over to the key of this session. */
  async handedOver(session: string): Promise<void> {
    const isSo = async () =>
      (await this.#cluster.api.session({ id: session })).resultKey === (await this.#cluster.section()).key;
    await eventually('the elders hand over to the new key', isSo, { withinMs: PATIENCE_MS });
  }

  /**
   * Starts what was killed, waits until all of it does its part and the section rests.
   * @returns from the start of each elder process to a usable share of the key of this session, ms
   */
  async recover({ session, killed, coordinatorToo = true }: Round): Promise<readonly number[]> {
    const { generation } = await this.#cluster.api.session({ id: session });
    if (coordinatorToo) this.#cluster.coordinators[0]!.start();
    for (const { elder, link } of killed) {
      link.heal();
      elder.start();
    }
    // The handover is the decision after the DkgStart.
    const tookMs = await Promise.all(killed.map((node) => node.usableShareMs(generation + 1, PATIENCE_MS)));
    await this.#cluster.settled();
    return tookMs;
  }

  async #haveSpoken(speakers: readonly ClusterNode[], phase: PhaseName, session: string): Promise<void> {
    const areHeard = async () => {
      const { phases } = await this.#cluster.api.session({ id: session });
      const heard = phases.find(({ name }) => name === phase)!.messages.map(({ from }) => from);
      return speakers.every(({ name }) => heard.includes(name));
    };
    await eventually(`those who are not late have spoken in ${phase}`, areHeard, {
      withinMs: PATIENCE_MS,
      everyMs: 20,
    });
  }

  async #participants(session: string): Promise<readonly ClusterNode[]> {
    const known = () => this.#cluster.api.session({ id: session });
    const { participants } = await eventually('the gateway knows the session', known, {
      withinMs: PATIENCE_MS,
      everyMs: 2,
    });
    return participants.map(({ name }) => this.#cluster.nodeOf(name));
  }

  /** Gives the id of the session that the elders start. */
  async #provoke(): Promise<string> {
    const { sessions } = await this.#cluster.api.sessions({ limit: 1000 });
    const known = new Set(sessions.map(({ id }) => id));
    const { link } = this.#elders.at(-1)!;
    if (this.#isAway) link.heal();
    else link.govern(withoutHeartbeats);
    this.#isAway = !this.#isAway;
    const started = () => this.#cluster.nodes.flatMap(({ elder }) => elder.said({ event: 'dkg-started' }));
    return eventually(
      'the elders start a session',
      () => started().find(({ session }) => !known.has(session as string))?.session as string | undefined,
      { withinMs: PATIENCE_MS, everyMs: 5 },
    );
  }
}

const withoutHeartbeats: Rule = (message) => (message.subject.endsWith('.heartbeats') ? 'lost' : message);

/** Phases that closed without somebody whom they had waited for: each has cost its deadline. */
export function deadlinesOf({ phases }: Session): readonly PhaseName[] {
  return phases.filter(({ close, expected }) => close && close.included.length < expected).map(({ name }) => name);
}
