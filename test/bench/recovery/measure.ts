import type { PhaseName } from '@witan/dkg';
import { Cluster } from '../../support/cluster.ts';
import type { ClusterNode } from '../../support/cluster-node.ts';
import { type Deaths, deadlinesOf, Killing } from '../../support/killing.ts';
import { median } from '../stats.ts';

/** The default of the services. */
export const DEADLINE_MS = 2000;
/** Seven take part, one is away in turn so that there are sessions, and one stands in for it. */
const NODES = 9;
const SETTINGS = { phaseDeadlineMs: DEADLINE_MS, absentAfterMs: 8000, settleMs: 200 };

type Picked = Omit<Deaths, 'phase'>;

/** Which of the steady elders are killed, when; `pick` gets them in another order each time. */
interface Case {
  readonly phase: PhaseName;
  readonly who: string;
  readonly pick: (steady: readonly ClusterNode[]) => Picked;
}

const silent: Case['pick'] = ([a, b]) => ({ killed: [a!, b!], slow: [a!, b!] });
const heard: Case['pick'] = ([a, b, late]) => ({ killed: [a!, b!], slow: [late!] });
const oneOfEach: Case['pick'] = ([a, b]) => ({ killed: [a!, b!], slow: [a!] });
const accusedToo: Case['pick'] = ([a, b]) => ({ killed: [a!, b!], slow: [a!], accused: a! });
const accusedIsLate: Case['pick'] = ([a, b, late]) => ({ killed: [a!, b!], slow: [late!], accused: late! });
/** One is done when it has five last words, its own among them: four have to be late for all to wait. */
const silentAtTheEnd: Case['pick'] = ([a, b, c, d]) => ({ killed: [a!, b!], slow: [a!, b!, c!, d!] });

const BEFORE = 'two before they speak';
const AFTER = 'two after they have spoken';
const MIXED = 'one before, one after it has spoken';
const TWO: readonly Case[] = [
  { phase: 'initialisation', who: BEFORE, pick: silent },
  { phase: 'initialisation', who: AFTER, pick: heard },
  { phase: 'contribution', who: BEFORE, pick: silent },
  { phase: 'contribution', who: AFTER, pick: heard },
  { phase: 'contribution', who: MIXED, pick: oneOfEach },
  { phase: 'complaining', who: BEFORE, pick: silent },
  { phase: 'complaining', who: AFTER, pick: heard },
  { phase: 'complaining', who: MIXED, pick: oneOfEach },
  { phase: 'justification', who: 'two who are not accused', pick: accusedIsLate },
  { phase: 'justification', who: 'the accused and one who is not', pick: accusedToo },
  { phase: 'commitment', who: BEFORE, pick: silent },
  { phase: 'commitment', who: AFTER, pick: heard },
  { phase: 'finalisation', who: BEFORE, pick: silentAtTheEnd },
];

const one: Case['pick'] = ([a]) => ({ killed: [a!], slow: [a!], coordinatorToo: false });
const oneAccused: Case['pick'] = ([a]) => ({ killed: [a!], slow: [a!], accused: a!, coordinatorToo: false });
const oneAtTheEnd: Case['pick'] = ([a, b, c, d]) => ({ killed: [a!], slow: [a!, b!, c!, d!], coordinatorToo: false });
const ONE: readonly Case[] = [
  { phase: 'initialisation', who: 'one', pick: one },
  { phase: 'contribution', who: 'one', pick: one },
  { phase: 'complaining', who: 'one', pick: one },
  { phase: 'justification', who: 'the accused', pick: oneAccused },
  { phase: 'commitment', who: 'one', pick: one },
  { phase: 'finalisation', who: 'one', pick: oneAtTheEnd },
];

export interface Spread {
  readonly runs: number;
  readonly p50Ms: number;
  readonly maxMs: number;
}

/** Two participants and the coordinator are killed; nothing is started before the session has ended. */
export interface EndFigures {
  readonly phase: PhaseName;
  readonly who: string;
  /** Most phases that waited for somebody until their deadline. */
  readonly deadlines: number;
  /** From the kill until all others have the key. */
  readonly ended: Spread;
}

/** From the start of an elder process that was killed. */
export interface BackFigures {
  readonly phase: PhaseName | undefined;
  /** To its being ready. */
  readonly ready: Spread;
  /** To a usable share of the key of the session in which it was killed. */
  readonly share: Spread;
}

export interface RecoveryFigures {
  readonly deadlineMs: number;
  readonly ends: readonly EndFigures[];
  /** `phase` is that of the death; undefined for those that were started after the session had ended. */
  readonly backs: readonly BackFigures[];
}

export interface RecoveryOptions {
  readonly runs: number;
  readonly onRun: (what: string, ms: number) => void;
}

export async function measureRecovery({ runs, onRun }: RecoveryOptions): Promise<RecoveryFigures> {
  const cluster = new Cluster({ nodes: NODES, links: true, settings: SETTINGS });
  try {
    await cluster.start();
    return await measureOn(cluster, runs, onRun);
  } finally {
    await cluster.stop();
  }
}

async function measureOn(cluster: Cluster, runs: number, onRun: RecoveryOptions['onRun']): Promise<RecoveryFigures> {
  const killing = new Killing(cluster);
  const steady = await killing.steady();
  let turn = 0;
  const inTurn = () => steady.map((_, at) => steady[(at + turn) % steady.length]!);
  const late: Back[] = [];
  const ends: EndFigures[] = [];
  for (const { phase, who, pick } of TWO) {
    const endedMs: number[] = [];
    let deadlines = 0;
    for (let run = 0; run < runs; run++, turn++) {
      const round = await killing.kill({ phase, ...pick(inTurn()) });
      const ms = await killing.endedAfterMs(round);
      await killing.handedOver(round.session);
      endedMs.push(ms);
      onRun(`killed in ${phase}, ${who}: ended after the kill`, ms);
      late.push(...backs(round.killed, await killing.recover(round)));
      const session = await cluster.api.session({ id: round.session });
      if (session.state !== 'done') throw new Error(`a session has ended ${session.state}`);
      deadlines = Math.max(deadlines, deadlinesOf(session).length);
    }
    ends.push({ phase, who, deadlines, ended: spread(endedMs) });
  }
  const back: BackFigures[] = [{ phase: undefined, ...backFigures(late) }];
  for (const { phase, pick } of ONE) {
    const seen: Back[] = [];
    for (let run = 0; run < runs; run++, turn++) {
      const round = await killing.kill({ phase, ...pick(inTurn()) });
      const shareMs = await killing.recover(round);
      onRun(`killed in ${phase} and started at once: usable share`, shareMs[0]!);
      seen.push(...backs(round.killed, shareMs));
    }
    back.push({ phase, ...backFigures(seen) });
  }
  return { deadlineMs: DEADLINE_MS, ends, backs: back };
}

interface Back {
  readonly readyMs: number;
  readonly shareMs: number;
}

function backs(killed: readonly ClusterNode[], shareMs: readonly number[]): Back[] {
  return killed.map(({ elder }, at) => {
    const [ready] = elder.said({ event: 'ready' });
    return { readyMs: ready!.atMs - elder.startedAtMs, shareMs: shareMs[at]! };
  });
}

function backFigures(all: readonly Back[]): Pick<BackFigures, 'ready' | 'share'> {
  return { ready: spread(all.map(({ readyMs }) => readyMs)), share: spread(all.map(({ shareMs }) => shareMs)) };
}

function spread(values: readonly number[]): Spread {
  return { runs: values.length, p50Ms: median(values), maxMs: Math.max(...values) };
}
