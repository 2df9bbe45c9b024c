import { Identity } from '@witan/crypto';
import { LyingCoordinator } from './byzantine/coordinator.ts';
import type { LieKind } from './byzantine/kinds.ts';
import { Memory } from './byzantine/liar.ts';
import { overhear, Traitor } from './byzantine/traitor.ts';
import type { Checker, Invariant, Scene, Violation } from './checkers/checker.ts';
import { CHECKERS } from './checkers/index.ts';
import { ProgressChecker } from './checkers/progress.ts';
import { Fate } from './fate.ts';
import { attestationFlaw, isOverrun, unrest } from './liveness.ts';
import { drawPlan, type Plan } from './plan.ts';
import { Random } from './random.ts';
import { type Tallied, Tally } from './tally.ts';
import { Transcript } from './transcript.ts';
import { type SimNode, type SimProcess, type Watcher, World } from './world.ts';

export interface SimulationOptions {
  /** In the place of what the seed says. */
  readonly plan?: Partial<Plan>;
  /** Keeps a readable transcript of everything; without it only of what is wrong. */
  readonly trace?: boolean;
  /** Breaks something on purpose, to see that it is noticed. */
  readonly sabotage?: (world: World) => readonly Watcher[];
}

export interface SimulationResult {
  readonly seed: number;
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  readonly plan: Plan;
  readonly tallied: Tallied;
  /** Virtual milliseconds from healing to rest; undefined when it did not come to rest. */
  readonly healedAfterMs: number | undefined;
  /** The longest that a session begun after healing took at an honest node. */
  readonly slowestSessionMs: number;
  readonly virtualMs: number;
  readonly transcript: readonly string[];
}

/** By then a healed section rests. Far above what it takes, to tell slow from stuck. */
const REST_WITHIN_MS = 120_000;
/** It has to stay at rest for so long. */
const REST_FOR_MS = 3_000;
const LOOK_EVERY_MS = 100;
const VIOLATIONS_KEPT = 20;

/**
 * One run of a whole section, of which everything follows from the seed: first faults of all kinds, with the invariants
 * checked at every step; then all is healed, and the section has to come to rest with everything in order.
 */
export function simulate(seed: number, options: SimulationOptions = {}): SimulationResult {
  const random = new Random(seed);
  const plan = { ...drawPlan(random.fork()), ...options.plan };
  const tally = new Tally();
  const traitors: Traitor[] = [];
  const memory = new Memory();
  const [liesRandom, fateRandom] = [random.fork(), random.fork()];
  const world = new World({
    seed: random.uint32(),
    nodes: plan.nodes,
    policy: plan.policy,
    heartbeatMs: 1_000,
    watchers: [tally],
    tamper: (node, inWorld) => {
      const kinds = plan.traitors.get(node.index);
      if (!kinds) return undefined;
      const accomplices = () => inWorld.nodes.filter((each) => plan.traitors.has(each.index));
      const onLie = (kind: LieKind) => tally.lied(kind);
      const traitor = new Traitor({
        node,
        world: inWorld,
        random: liesRandom.fork(),
        kinds,
        memory,
        onLie,
        accomplices: accomplices(),
      });
      traitors.push(traitor);
      return traitor;
    },
  });
  if (traitors.length > 0) world.watchers.push({ sends: (_node, outgoing) => overhear(memory, outgoing) });

  const transcript = new Transcript(world, options.trace ?? false);
  world.watchers.push(transcript);
  const isHonest = ({ name }: SimProcess) => !plan.traitors.has(world.nodeOf(name)?.index ?? -1);
  const violations: Violation[] = [];
  const violated = (invariant: Invariant, node: string, detail: string) => {
    const violation = { invariant, at: Math.round(world.clock.now()), node, detail };
    if (violations.length < VIOLATIONS_KEPT) violations.push(violation);
    transcript.note(`VIOLATION ${invariant} at ${node}: ${detail}`);
  };
  const scene: Scene = { world, isHonest, violated };
  const checkers: Checker[] = CHECKERS.map((make) => make(scene));
  const progress = new ProgressChecker(scene);
  world.watchers.push(...checkers, progress, ...(options.sabotage?.(world) ?? []));

  const fate = new Fate(world, plan, fateRandom);
  const coordinator =
    plan.coordinator === 'honest' ? world.startCoordinator(Identity.fromSeed(liesRandom.bytes(32))) : undefined;
  const liar =
    plan.coordinator === 'lying'
      ? new LyingCoordinator(world, liesRandom.fork(), () => tally.lied('coordinator'))
      : undefined;
  fate.begin();
  world.run(plan.stormMs, () => violations.length > 0);
  let healedAfterMs: number | undefined;
  if (violations.length === 0) {
    transcript.note('everything heals');
    fate.heal();
    progress.healed();
    if (plan.traitorsReform) for (const traitor of traitors) traitor.reformed = true;
    const honest = world.nodes.filter(isHonest);
    const restless = () => unrest(honest, plan.policy.elderCount, coordinator);
    healedAfterMs = comeToRest(world, restless, () => violations.length > 0);
    if (violations.length === 0) {
      if (isOverrun(honest)) tally.overrun = true;
      else if (healedAfterMs !== undefined) finalCheck(scene, honest, checkers);
      else violated('live', 'all', restless().join('; '));
    }
  }
  for (const checker of checkers) checker.finish?.();
  coordinator?.stop();
  liar?.stop();
  for (const node of world.nodes) world.kill(node, true);
  return {
    seed,
    ok: violations.length === 0,
    violations,
    plan,
    tallied: tally.result(fate.counts, world.network.counts),
    healedAfterMs,
    slowestSessionMs: progress.slowestMs,
    virtualMs: Math.round(world.clock.now()),
    transcript: transcript.lines,
  };
}

/** Virtual ms until the section rested, and went on resting. */
function comeToRest(world: World, restless: () => readonly string[], failed: () => boolean): number | undefined {
  const healedAt = world.clock.now();
  let restedAt: number | undefined;
  while (world.clock.now() - healedAt < REST_WITHIN_MS) {
    world.run(LOOK_EVERY_MS, failed);
    if (failed()) return undefined;
    restedAt = restless().length === 0 ? (restedAt ?? world.clock.now()) : undefined;
    if (restedAt !== undefined && world.clock.now() - restedAt >= REST_FOR_MS) return restedAt - healedAt;
  }
  return undefined;
}

function finalCheck({ world, violated }: Scene, honest: readonly SimNode[], checkers: readonly Checker[]): void {
  const flaw = attestationFlaw(world, honest);
  if (flaw !== undefined) violated('live', 'all', flaw);
  for (const checker of checkers) checker.rests?.();
}
