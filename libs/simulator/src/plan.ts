import { tolerated } from '@witan/chain';
import type { Policy } from '@witan/section';
import { LIES, type LieKind } from './byzantine/kinds.ts';
import type { Weather } from './network.ts';
import type { Random } from './random.ts';

/** What one seed does to its section. */
export interface Plan {
  readonly nodes: number;
  readonly policy: Pick<
    Policy,
    'elderCount' | 'settleMs' | 'absentAfterMs' | 'unheardAfterMs' | 'retryAfterMs' | 'rekeyAfterMs'
  >;
  /** Byzantine nodes and what they do, by node index. Never more than a full elder set tolerates. */
  readonly traitors: ReadonlyMap<number, readonly LieKind[]>;
  /** Whether they become honest when everything else heals. */
  readonly traitorsReform: boolean;
  readonly coordinator: 'none' | 'honest' | 'lying';
  /** How long faults last, in virtual ms. */
  readonly stormMs: number;
  /** Each for a while, one drawn after the other. */
  readonly weathers: readonly Weather[];
  /** Mean time between two misfortunes (a crash, a cut, a change of weather); 0: there are none. */
  readonly misfortuneMs: number;
  /** Chances that a node dies at a write, or before it sends. */
  readonly dieWriting: number;
  readonly dieSending: number;
  /** Chance that what was not synced survives a crash. */
  readonly keepUnsynced: number;
  /** How many may be down or Byzantine at one time: what the section tolerates, or everybody. */
  readonly spare: 'quorum' | 'nobody';
  readonly downMs: number;
  /** Nodes that come later, and when. */
  readonly late: ReadonlyMap<number, number>;
}

export function drawPlan(random: Random): Plan {
  const elderCount = random.weighted([
    [6, 4],
    [2, 5],
    [2, 7],
  ]);
  const nodes = Math.min(
    9,
    elderCount +
      random.weighted([
        [5, 0],
        [3, 1],
        [2, 2],
      ]),
  );
  const turmoil = random.weighted([
    [2, 0],
    [5, 1],
    [3, 2],
  ]);
  return {
    nodes,
    policy: {
      elderCount,
      settleMs: random.pick([100, 700]),
      absentAfterMs: random.pick([6_000, 15_000]),
      unheardAfterMs: 5_000,
      retryAfterMs: random.pick([20_000, 45_000]),
      rekeyAfterMs: 8_000,
    },
    traitors: drawTraitors(random, nodes, tolerated(elderCount)),
    traitorsReform: random.chance(0.4),
    coordinator: random.weighted([
      [4, 'none'],
      [3, 'honest'],
      [3, 'lying'],
    ]),
    stormMs: random.between(2_000, 12_000),
    weathers: Array.from({ length: 4 }, () => drawWeather(random)),
    misfortuneMs: [0, 900, 300][turmoil]!,
    dieWriting: turmoil === 0 ? 0 : random.pick([0, 0.002, 0.02]),
    dieSending: turmoil === 0 ? 0 : random.pick([0, 0.001, 0.01]),
    keepUnsynced: random.pick([0, 0.5, 1]),
    spare: random.weighted([
      [7, 'quorum'],
      [3, 'nobody'],
    ]),
    downMs: random.pick([300, 2_000, 8_000]),
    late: drawLate(random, nodes),
  };
}

function drawTraitors(random: Random, nodes: number, most: number): Plan['traitors'] {
  const count = random.weighted([
    [2, 0],
    [6, most],
    [2, random.between(0, most)],
  ]);
  const indices = random.sample(
    Array.from({ length: nodes }, (_, index) => index),
    count,
  );
  return new Map(indices.map((index) => [index, withOccasion(random.sample(LIES, random.between(1, 4)))]));
}

/** Who is to lie in Justification has to be accused, and few are by chance. */
function withOccasion(kinds: readonly LieKind[]): readonly LieKind[] {
  const isToAnswer = kinds.includes('false-justification') || kinds.includes('no-justification');
  return isToAnswer && !kinds.includes('wrong-share') ? [...kinds, 'wrong-share'] : kinds;
}

function drawWeather(random: Random): Weather {
  return {
    drop: random.pick([0, 0, 0.05, 0.15, 0.3]),
    duplicate: random.pick([0, 0.1, 0.3]),
    delayMs: random.pick([
      [1, 3],
      [1, 20],
      [5, 120],
    ] as const),
    slow: random.pick([0, 0.05, 0.3]),
    slowMs: random.pick([100, 1_000, 4_000]),
  };
}

/** The first node is there from the beginning: it is the one that makes the genesis key. */
function drawLate(random: Random, nodes: number): Plan['late'] {
  const late = new Map<number, number>();
  const share = random.pick([0, 0, 0.2, 0.6]);
  for (let index = 1; index < nodes; index++) if (random.chance(share)) late.set(index, random.between(100, 8_000));
  return late;
}
