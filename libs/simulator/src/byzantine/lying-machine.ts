import { dkgMachine, type Event, type State } from '@witan/dkg';
import type { Effect, Machine, Step } from '@witan/runtime';
import { readStatement } from '../statement.ts';

/** The lie that is told to all in the place of a true message, while `state` is the liar's own; undefined for none. */
export type LieForAll = (raw: Uint8Array, state: State) => Uint8Array | undefined;

/** Phases that one step may pass through, each with a message of its own. */
const MESSAGES_IN_A_STEP = 6;

/**
 * A participant that believes its own lies. What it tells everyone in the place of the truth it takes for its own
 * message before it would say the true one, so that it goes on as one who has said that.
 */
export function lyingMachine(lieForAll: LieForAll): Machine<State, Event> {
  const honest = dkgMachine();
  const step = (state: State, event: Event): Step<State> => {
    const lies: Uint8Array[] = [];
    for (let count = 0; count < MESSAGES_IN_A_STEP; count++) {
      const tried = stepWith(honest, state, event, lies);
      const lie = nextLie(tried, lieForAll);
      if (!lie || lies.includes(lie)) return tried;
      lies.push(lie);
    }
    return stepWith(honest, state, event, lies);
  };
  return { ...honest, step };
}

/** The step, when the lies had been there before it. */
function stepWith(
  honest: Machine<State, Event>,
  before: State,
  event: Event,
  lies: readonly Uint8Array[],
): Step<State> {
  let state = before;
  const effects: Effect[] = [];
  for (const bytes of lies) {
    const told = honest.step(state, { type: 'received', bytes, at: event.at });
    state = told.state;
    effects.push(...told.effects);
  }
  const last = honest.step(state, event);
  effects.push(...last.effects);
  const topic = `section.${before.session.prefix || 'root'}.dkg.${before.session.id}`;
  effects.push(...lies.map((bytes): Effect => ({ type: 'broadcast', topic, bytes })));
  return { state: last.state, effects };
}

function nextLie({ state, effects }: Step<State>, lieForAll: LieForAll): Uint8Array | undefined {
  for (const effect of effects) {
    if (effect.type !== 'broadcast' || !readStatement(effect.bytes)?.payload) continue;
    const lie = lieForAll(effect.bytes, state);
    if (lie) return lie;
  }
  return undefined;
}
