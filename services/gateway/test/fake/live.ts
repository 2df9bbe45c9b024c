import { runSession, type Twist } from './script.ts';
import type { FakeSession } from './session.ts';
import type { FakeWorld } from './world.ts';

/** What goes on from here, for ever: one session after the other, each with another twist. Each `yield` is one tick. */
export function* live(world: FakeWorld, stalled: FakeSession, gone: readonly string[]): Generator<void> {
  const others = world.names.filter((name) => !gone.includes(name));
  const retry = world.startSession({ attempt: 1, participants: others }, world.now());
  yield* runSession(
    retry,
    world,
    { repaired: { name: others[2] as string, phase: 2, reason: 'later-phase' } },
    world.now,
  );
  world.handOver(retry, world.now());
  stalled.fail('superseded', world.now());
  for (const name of gone) {
    yield* pause(2);
    world.setReachable(name, true, world.now());
  }
  for (let round = 0; ; round += 1) {
    yield* pause(8);
    const participants = Array.from(
      { length: 7 },
      (_, index) => world.names[(round + index) % world.names.length] as string,
    );
    const session = world.startSession({ attempt: 0, participants }, world.now());
    yield* runSession(session, world, twistOf(round, participants), world.now);
    yield;
    world.handOver(session, world.now());
  }
}

function twistOf(round: number, names: readonly string[]): Twist {
  const name = (index: number) => names[index] as string;
  const twists: readonly Twist[] = [
    { silent: { name: name(6), fromPhase: 2 } },
    { cheat: name(3), repaired: { name: name(1), phase: 1, reason: 'later-phase' } },
    { gone: { names: [name(1), name(2), name(4)], phase: 4, steps: 12 } },
    {},
  ];
  return twists[round % twists.length] as Twist;
}

function* pause(ticks: number): Generator<void> {
  for (let tick = 0; tick < ticks; tick += 1) yield;
}
