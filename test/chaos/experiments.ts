import { PHASES, type Phase } from '@witan/api';
import type { Stage } from './stage.ts';
import { type Ability, namesOf, type Part, type Role } from './world.ts';

/** What clients may expect meanwhile, and how soon the section is whole again after the end of the fault. */
export interface Demand {
  /** Share of operations that get their proof, after retries; 0 to 1. */
  readonly success?: number;
  readonly p99Ms?: number;
  readonly healedMs?: number;
}

export interface Experiment {
  readonly name: string;
  /** Completes "what happens when …". */
  readonly title: string;
  readonly needs: readonly Ability[];
  readonly demand?: Demand;
  /** How often it is drawn at random; 1 unless given. */
  readonly weight?: number;
  /** Breaks things; what it has broken is put right when it returns. */
  run(stage: Stage): Promise<void>;
}

/** Of seven elders, so many may be away and the others still sign. */
const SPARE = 2;
const GOES_ON: Demand = { success: 0.99, p99Ms: 5_000, healedMs: 30_000 };
const COMES_BACK: Demand = { healedMs: 30_000 };
const HOUR_MS = 3_600_000;
/** An elder that is away for longer than this is replaced, as the local driver sets it; others wait longer. */
const REPLACED_MS = 5_000;

/** Breaks something, and lets it be for a while. */
const held = (strike: (stage: Stage) => Promise<void>) => async (stage: Stage) => {
  await strike(stage);
  await stage.hold();
};

const SINGLE: readonly Experiment[] = [
  {
    name: 'calm',
    title: 'nothing is broken',
    needs: [],
    demand: GOES_ON,
    weight: 0.3,
    run: (stage) => stage.hold(),
  },
  {
    name: 'kill-elder',
    title: 'an elder is killed',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => stage.kill(await stage.elders(1))),
  },
  {
    name: 'kill-two-elders',
    title: 'two elders are killed at once',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => stage.kill(await stage.elders(SPARE))),
  },
  {
    name: 'kill-gateway',
    title: 'a gateway is killed',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => stage.kill(await stage.some('gateway', 1))),
  },
  {
    name: 'kill-coordinator',
    title: 'a coordinator is killed',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => stage.kill(await stage.some('coordinator', 1))),
  },
  {
    name: 'kill-nats-server',
    title: 'a NATS server is killed',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => stage.kill(await stage.some('nats', 1))),
  },
  {
    name: 'kill-one-of-each',
    title: 'two nodes, a NATS server, a gateway and a coordinator are killed at once',
    needs: ['kill'],
    demand: GOES_ON,
    run: held(async (stage) => {
      const others = await Promise.all(
        (['nats', 'gateway', 'coordinator'] as const).map((role) => stage.some(role, 1)),
      );
      await stage.kill([...(await stage.elders(SPARE)), ...others.flat()]);
    }),
  },
  {
    name: 'kill-all-nats',
    title: 'all NATS servers are killed',
    needs: ['kill'],
    demand: COMES_BACK,
    weight: 0.5,
    run: held(async (stage) => stage.kill(await stage.parts('nats'))),
  },
  {
    name: 'kill-everything',
    title: 'every process is killed at once',
    needs: ['kill'],
    demand: COMES_BACK,
    weight: 0.3,
    run: async (stage) => {
      await stage.kill(await stage.world.parts());
    },
  },
  {
    name: 'pause',
    title: 'two elders stand still, and go on later',
    needs: ['pause'],
    demand: GOES_ON,
    run: held(async (stage) => stage.pause(await stage.elders(SPARE))),
  },
  {
    name: 'partition-minority',
    title: 'two elders are cut off',
    needs: ['cut'],
    demand: GOES_ON,
    run: held(async (stage) => stage.cut(await stage.elders(SPARE), 'both')),
  },
  {
    name: 'partition-majority',
    title: 'three elders are cut off: no side can sign',
    needs: ['cut'],
    demand: COMES_BACK,
    run: held(async (stage) => stage.cut(await stage.elders(SPARE + 1), 'both')),
  },
  {
    name: 'one-way',
    title: 'one elder is not heard, another one hears nothing',
    needs: ['cut-one-way'],
    demand: GOES_ON,
    run: held(async (stage) => {
      const [mute, deaf] = await stage.elders(SPARE);
      await stage.cut([mute!], 'says');
      await stage.cut([deaf!], 'hears');
    }),
  },
  {
    name: 'lossy',
    title: 'of what the nodes say a tenth is lost, and the rest up to 200 ms late',
    needs: ['disturb'],
    demand: GOES_ON,
    run: held(async (stage) => stage.disturb(await stage.parts('node'), { lost: 0.1, lateMs: 200 })),
  },
  {
    name: 'fill-disk',
    title: 'the disks of two nodes are full, elders first, when another elder is to be replaced',
    needs: ['fill-disk', 'keep-down'],
    demand: GOES_ON,
    run: held(async (stage) => {
      const { elders: known } = await stage.section();
      const elders = await stage.elders(known.length);
      const isElder = ({ name }: Part) => elders.some((elder) => elder.name === name);
      const drawn = stage.sample(stage.world.fillable(), stage.world.fillable().length);
      const full = [...drawn.filter(isElder), ...drawn.filter((part) => !isElder(part))].slice(0, SPARE);
      if (full.length < SPARE) throw new Error(`of ${SPARE} disks to fill there are ${full.length}`);
      const others = elders.filter(({ name }) => !namesOf(full).includes(name));
      await stage.fillDisk(full);
      // Nobody writes anything while nothing is decided.
      await stage.keepDown(stage.sample(others, 1));
      await stage.untilNoRoom(full);
    }),
  },
  {
    name: 'jump-clock',
    title: 'the clock of one elder jumps ahead by an hour, that of another back',
    needs: ['jump-clock'],
    demand: GOES_ON,
    run: held(async (stage) => {
      const [ahead, behind] = await stage.elders(SPARE);
      await stage.jumpClock([ahead!], HOUR_MS);
      await stage.jumpClock([behind!], -HOUR_MS);
    }),
  },
  {
    name: 'rolling-restart',
    title: 'everything is restarted in order, one after the other',
    needs: ['restart'],
    demand: GOES_ON,
    weight: 0.3,
    run: async (stage) => {
      for (const part of await stage.world.parts()) if (!stage.signal.aborted) await stage.restart(part);
    },
  },
  {
    name: 'upgrade',
    title: 'another version is rolled out, and back again',
    needs: ['upgrade'],
    demand: GOES_ON,
    weight: 0.3,
    run: (stage) => stage.upgrade(),
  },
];

/** Nobody is accused where all are honest, so that there is nothing to justify. */
const ENTERED = PHASES.filter((phase) => phase !== 'justification');

/**
 * While a new key is made. An elder that stays away is replaced, which starts a session; who is killed in it is drawn: of
 * each role one, several or nobody.
 */
const inPhase = (phase: Phase): Experiment => ({
  name: `kill-in-${phase}`,
  title: `participants, coordinators, gateways or NATS servers, as drawn, are killed when a DKG session is in ${phase}`,
  needs: ['kill', 'keep-down'],
  demand: COMES_BACK,
  weight: 0.3,
  run: async (stage) => {
    const { random } = stage;
    const drawn = ROLES.filter(() => random.chance(0.5));
    const roles = drawn.length > 0 ? drawn : [random.pick(ROLES)];
    const others = await Promise.all(roles.filter((role) => role !== 'node').map((role) => someOf(stage, role)));
    const count = roles.includes('node') ? random.between(1, SPARE) : 0;
    const { elders, members } = await stage.section();
    // Asked for now: a phase is short.
    const partOf = new Map<string, Part | undefined>();
    for (const { name } of members) partOf.set(name, await stage.world.partOf(name));
    // Otherwise a phase is over before anything can be done in it.
    const isSlow = stage.world.abilities.has('disturb');
    if (isSlow) await stage.disturb(await stage.parts('node'), { lost: 0, lateMs: 1_000, of: 'sessions' });
    const away = random.pick(elders).name;
    await stage.keepDown([partOf.get(away)].filter((part) => part !== undefined));
    const gone = [away];
    const isElder = new Set(elders.map(({ name }) => name));
    if (isSlow && phase === 'finalisation') {
      const dealer = await silenceDealer(stage, (name) => (isElder.has(name) ? undefined : partOf.get(name)));
      if (dealer === undefined) return;
      gone.push(dealer);
    }
    const seen = await stage.phase(phase);
    if (seen === undefined) return;
    const killable = random.sample(seen.participants, seen.participants.length).filter((name) => name !== away);
    const nodes = withinSpare(killable, isElder, gone, count);
    const parts = nodes.map((name) => partOf.get(name)).filter((part) => part !== undefined);
    if (parts.length < Math.min(1, count)) {
      stage.miss('no participant is known');
      return stage.hold();
    }
    const begunMs = Date.now();
    await stage.kill([...parts, ...others.flat()]);
    const doneMs = Date.now();
    // Only then have enough participants told of the phase.
    await stage.hold();
    await stage.confirm(seen, begunMs, doneMs);
  },
});

/**
 * Last words go with the votes on Commitment, so that Finalisation is over when it begins. But not where a dealer has fallen
 * silent before its commitment: what it dealt is opened first, and only then the last words are said.
 *
 * @param partOf of a participant that is no elder yet: without it the section of before signs as well as with it
 * @returns its name; undefined when it has missed
 */
async function silenceDealer(stage: Stage, partOf: (name: string) => Part | undefined): Promise<string | undefined> {
  const seen = await stage.phase('complaining');
  if (seen === undefined) return undefined;
  const newcomer = seen.participants.find(partOf);
  if (newcomer === undefined) stage.miss('all participants that are known are elders already');
  else await stage.keepDown([partOf(newcomer)!]);
  return newcomer;
}

/** One of them or several: all coordinators, all gateways but one that can tell of it, a minority of the NATS servers. */
async function someOf(stage: Stage, role: Role): Promise<readonly Part[]> {
  const all = (await stage.parts(role)).length;
  const most = role === 'nats' ? Math.ceil(all / 2) - 1 : role === 'gateway' ? all - 1 : all;
  return stage.some(role, stage.random.between(1, Math.max(1, most)));
}

const ROLES: readonly Role[] = ['node', 'coordinator', 'gateway', 'nats'];

/**
 * So many of the participants that both go on: the session, and the section of before.
 * @param gone names that are away already
 * @returns names
 */
function withinSpare(
  participants: readonly string[],
  elders: ReadonlySet<string>,
  gone: readonly string[],
  count: number,
): string[] {
  const isPart = new Set(participants);
  const away = [...gone];
  const isSpared = (of: ReadonlySet<string>) => away.filter((name) => of.has(name)).length < SPARE;
  for (const name of participants) {
    const isAway = away.includes(name);
    if (away.length - gone.length === count) break;
    if (!isAway && isSpared(isPart) && (!elders.has(name) || isSpared(elders))) away.push(name);
  }
  return away.slice(gone.length);
}

/** Several of the faults that one node can have, on two nodes at once, and whatever beside them. */
const STORM: Experiment = {
  name: 'storm',
  title: 'two elders fail in ways of their own, and a gateway, a coordinator or a NATS server with them',
  needs: ['kill'],
  demand: GOES_ON,
  weight: 3,
  run: async (stage) => {
    const { random, world } = stage;
    for (const elder of await stage.elders(SPARE)) {
      const faults = (['kill', 'pause', 'cut', 'cut-one-way', 'jump-clock'] as const).filter((each) =>
        world.abilities.has(each),
      );
      const fault = random.pick(faults);
      if (fault === 'kill') await stage.kill([elder]);
      if (fault === 'pause') await stage.pause([elder]);
      if (fault === 'cut') await stage.cut([elder], 'both');
      if (fault === 'cut-one-way') await stage.cut([elder], random.pick(['says', 'hears']));
      if (fault === 'jump-clock') await stage.jumpClock([elder], random.between(-HOUR_MS, HOUR_MS));
      await stage.hold(random.between(0, stage.holdMs));
    }
    for (const role of ['gateway', 'coordinator', 'nats'] as const) {
      if (random.chance(0.4)) await stage.kill(await stage.some(role, 1));
    }
    await stage.hold(random.between(0, 2 * REPLACED_MS));
  },
};

export const EXPERIMENTS: readonly Experiment[] = [...SINGLE, ...ENTERED.map(inPhase), STORM];

/** What a world can do of them. */
export function possible(experiments: readonly Experiment[], abilities: ReadonlySet<Ability>): readonly Experiment[] {
  return experiments.filter(({ needs }) => needs.every((need) => abilities.has(need)));
}
