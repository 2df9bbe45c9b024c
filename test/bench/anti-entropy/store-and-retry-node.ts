import { sha256, toHex } from '@witan/crypto';
import { DEFAULT_PARAMS, dkgMachine, type Event, isDone, type State } from '@witan/dkg';
import type { Effect, Machine, Step } from '@witan/runtime';
import { isSpent, reportsOf, type Tally } from './tally.ts';

/** How often a node says again all that it has said: as long as ours waits for progress before it asks. */
const SAY_AGAIN_MS = DEFAULT_PARAMS.progressMs;
const SAY_AGAIN = 'say-again';

export interface RetryState {
  readonly inner: State;
  /** Messages that could not be applied yet, by hash. */
  readonly store: ReadonlyMap<string, Uint8Array>;
  /** Messages that need not be looked at again. */
  readonly spent: ReadonlySet<string>;
  /** All that this node has broadcast, in order. */
  readonly said: readonly Extract<Effect, { type: 'broadcast' }>[];
}

/**
 * The baseline: the same protocol and the same messages, repaired by trial and error. What comes too early goes into a
 * store, and all of the store is tried again at every event, for as long as anything in it could be applied. Nobody is
 * asked for anything: each node says again all that it has said, on a timer, so that those behind hear it in the end.
 *
 * It is given what helps it: repeated messages and those of phases that are over cost it nothing.
 */
export function storeAndRetryNode(tally: Tally): Machine<RetryState, Event> {
  const machine = dkgMachine();

  const run = (state: RetryState, event: Event): Step<RetryState> => {
    const effects: Effect[] = [];
    let { inner, said } = state;
    const store = new Map(state.store);
    const spent = new Set(state.spent);
    const take = (step: Step<State>) => {
      inner = step.state;
      for (const effect of step.effects) {
        if (effect.type === 'request') continue;
        if (effect.type === 'broadcast') said = [...said, effect];
        effects.push(effect);
      }
    };
    if (event.type === 'received') {
      const hash = toHex(sha256(event.bytes));
      if (!spent.has(hash)) store.set(hash, event.bytes);
    } else if (event.type === 'timer' && event.id === SAY_AGAIN) {
      effects.push(...said, { type: 'setTimer', id: SAY_AGAIN, afterMs: SAY_AGAIN_MS });
    } else {
      take(machine.step(inner, event));
      if (event.type === 'start') effects.push({ type: 'setTimer', id: SAY_AGAIN, afterMs: SAY_AGAIN_MS });
    }
    while (tryAll(event.at)) {
      // what was applied may be what another waited for
    }
    return { state: { inner, store, spent, said }, effects };

    function tryAll(at: number): boolean {
      let progress = false;
      for (const [hash, bytes] of [...store]) {
        const step = machine.step(inner, { type: 'received', bytes, at });
        const reports = reportsOf(step.effects);
        const [first] = reports;
        if (first && isSpent(first)) {
          store.delete(hash);
          spent.add(hash);
          continue;
        }
        tally.tried++;
        // The machine would hold it: it is too early. Here that is a failure, and nothing of the try remains.
        if (first?.type === 'held' || first?.type === 'rejected') {
          tally.failed++;
          continue;
        }
        store.delete(hash);
        spent.add(hash);
        take(step);
        progress = true;
      }
      return progress && !isDone(inner);
    }
  };

  return {
    step: run,
    recover: (state) => state,
    resume: (state) => ({ state, effects: [] }),
  };
}
