import { PHASES } from '@witan/api';
import type { FakeSession } from './session.ts';
import type { FakeWorld } from './world.ts';

/** How a session goes beside the plain course. */
export interface Twist {
  /** Sends nothing from this phase on: the phases close at the deadline, in a later view. */
  readonly silent?: { readonly name: string; readonly fromPhase: number };
  /** Lacks the last messages of this phase and gets them by anti-entropy. */
  readonly repaired?: { readonly name: string; readonly phase: number; readonly reason: string };
  /** Dealt a wrong share: is accused, justifies itself with another wrong one and is out. */
  readonly cheat?: string;
  /** Are gone in this phase for a while: the session stalls and goes on. */
  readonly gone?: { readonly names: readonly string[]; readonly phase: number; readonly steps: number };
}

/**
 * Takes a session from Initialisation to its key; each `yield` is one step of time.
 * @param clock the time of a step, in ms.
 */
export function* runSession(
  session: FakeSession,
  world: FakeWorld,
  twist: Twist,
  clock: () => number,
): Generator<void> {
  for (let phase = 0; phase < PHASES.length; phase += 1) {
    yield* runPhase(session, world, phase, twist, clock);
  }
  yield;
  session.done(clock());
}

function* runPhase(
  session: FakeSession,
  world: FakeWorld,
  phase: number,
  twist: Twist,
  clock: () => number,
): Generator<void> {
  const { silent, repaired, cheat, gone } = twist;
  const isSilent = (name: string) => silent?.name === name && phase >= silent.fromPhase;
  const senders = sendersOf(session, phase, cheat);
  session.expect(senders.length);
  session.waitFor(senders);

  const away = gone?.phase === phase ? gone.names : [];
  for (const name of senders) {
    if (isSilent(name) || away.includes(name)) continue;
    yield;
    session.message(name, clock());
    if (repaired?.phase === phase && repaired.name === name) session.repair(name, 3, repaired.reason, clock());
  }
  if (gone !== undefined && away.length > 0) {
    for (const name of away) world.setReachable(name, false, clock());
    session.stall(away, clock());
    for (let step = 0; step < gone.steps; step += 1) yield;
    for (const name of away) {
      world.setReachable(name, true, clock());
      session.repair(name, 9, 'restart', clock());
      session.message(name, clock());
      yield;
    }
  }
  const missing = senders.some(isSilent);
  if (missing) for (let step = 0; step < 3; step += 1) yield;
  yield;
  if (cheat !== undefined && PHASES[phase] === 'justification') session.blame(cheat, 'not-justified', clock());
  session.close(missing ? 1 : 0, clock());
}

/** Rotated by the phase, so that the order differs from one to the next. */
function sendersOf(session: FakeSession, phase: number, cheat: string | undefined): string[] {
  if (PHASES[phase] === 'justification') return cheat === undefined ? [] : [cheat];
  const out = cheat !== undefined && PHASES[phase] === 'commitment' ? [cheat] : [];
  const names = session.names.filter((name) => !out.includes(name));
  return [...names.slice((phase * 3) % names.length), ...names.slice(0, (phase * 3) % names.length)];
}
