import * as agreement from '@witan/agreement';
import { fewest, missing } from './closing.ts';
import { Phase } from './phases.ts';
import { stillClosed, withoutFinalisation } from './result.ts';
import { isDone, type State } from './state.ts';

/** Whether the running phase lacks messages that it cannot close without. */
export function isShort(state: State): boolean {
  return state.messages[state.phase]!.size < fewest(state);
}

/** Whom the session waits for here: senders of missing messages, else those who do not vote. Indices, ascending. */
export function waitingOn(state: State): readonly number[] {
  if (isDone(state) || state.failed) return [];
  const all = state.session.participants.map((participant) => participant.index);
  if (state.phase === Phase.Finalisation) return withoutFinalisation(state);
  if (state.pendingClose) {
    return [...state.pendingClose.included].filter(([, id]) => !state.variants.has(id)).map(([sender]) => sender);
  }
  if (state.closes[state.phase]) {
    const dealer = stillClosed(state)[0];
    return dealer === undefined ? [] : all.filter((index) => !state.openings.get(dealer)?.has(index));
  }
  const unheard = missing(state);
  if (unheard.length > 0 && (isShort(state) || !state.atDeadline)) return unheard;
  const { view, step } = agreement.position(state.agreement);
  // Nobody is late with a vote that this participant has not come to itself.
  if (state.me >= 0 && view === 0 && step === 'propose') return [];
  return agreement.quiet(state.agreement);
}
