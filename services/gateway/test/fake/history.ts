import { runSession, type Twist } from './script.ts';
import type { FakeSession } from './session.ts';
import type { FakeWorld } from './world.ts';

/** Runs a session to its end, each step `stepMs` long, from `startedAt` on; hands over to its key. */
function past(
  world: FakeWorld,
  participants: readonly string[],
  attempt: number,
  twist: Twist,
  startedAt: number,
  stepMs: number,
): void {
  let at = startedAt;
  const session = world.startSession({ attempt, participants }, at);
  for (const _ of runSession(session, world, twist, () => at)) at += stepMs;
  world.handOver(session, at + stepMs);
}

/**
 * The last half hour: nine nodes join, four keys are made (the third at the second attempt), and a fifth session stalls.
 * @returns the stalled session, and who is gone from it.
 */
export function makeHistory(world: FakeWorld): { stalled: FakeSession; gone: readonly string[] } {
  const ago = (minutes: number) => world.now() - minutes * 60_000;
  const names = world.names;
  const pick = (...indices: number[]) => indices.map((index) => names[index] as string);

  world.begin(ago(31));
  for (const name of pick(1, 2)) world.join(name, ago(30));
  past(world, pick(0, 1, 2), 0, {}, ago(29.5), 2);

  for (const name of pick(3, 4)) world.join(name, ago(26));
  past(
    world,
    pick(0, 1, 2, 3, 4),
    0,
    { repaired: { name: names[4] as string, phase: 1, reason: 'later-phase' } },
    ago(25),
    2,
  );

  for (const name of pick(5, 6, 7)) world.join(name, ago(20));
  const failed = world.startSession({ attempt: 0, participants: pick(0, 1, 2, 3, 4, 6, 7) }, ago(19));
  for (const name of pick(0, 1, 2, 3)) failed.message(name, ago(19) + 20);
  failed.stall(pick(4, 6, 7), ago(19) + 4_000);
  failed.fail('silent-participants', ago(18));
  const twist = {
    silent: { name: names[7] as string, fromPhase: 3 },
    repaired: { name: names[3] as string, phase: 5, reason: 'no-progress' },
  };
  past(world, pick(0, 1, 2, 3, 4, 5, 7), 1, twist, ago(17.5), 40);

  world.join(names[8] as string, ago(9));
  past(world, pick(0, 1, 2, 3, 4, 5, 6), 0, { cheat: names[1] as string }, ago(8), 3);

  const participants = pick(0, 2, 3, 4, 5, 7, 8);
  const gone = pick(3, 5, 8);
  const stalled = world.startSession({ attempt: 0, participants }, ago(0.7));
  let at = ago(0.7);
  const script = runSession(stalled, world, { gone: { names: gone, phase: 4, steps: 1 } }, () => at);
  while (stalled.view.state === 'running') {
    script.next();
    at += 40;
  }
  return { stalled, gone };
}
