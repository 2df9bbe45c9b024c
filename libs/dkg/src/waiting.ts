import * as agreement from '@witan/agreement';
import { missing } from './closing.ts';
import { Phase } from './phases.ts';
import { stillClosed } from './result.ts';
import { isDone, type State } from './state.ts';

/** Whom the session waits for here: senders of missing messages, else of missing votes. Indices, ascending. */
export function waitingOn(state: State): readonly number[] {
  if (isDone(state) || state.failed) return [];
  const all = state.session.participants.map((participant) => participant.index);
  if (state.phase === Phase.Finalisation) {
    return all.filter((index) => !state.messages[Phase.Finalisation]!.has(index));
  }
  if (state.pendingClose) {
    return [...state.pendingClose.included].filter(([, id]) => !state.variants.has(id)).map(([sender]) => sender);
  }
  if (state.closes[state.phase]) {
    const dealer = stillClosed(state)[0];
    return dealer === undefined ? [] : all.filter((index) => !state.openings.get(dealer)?.has(index));
  }
  const unheard = missing(state);
  const enough = state.messages[state.phase]!.size >= state.session.quorum || state.phase > Phase.Complaining;
  if (unheard.length > 0 && !(enough && state.atDeadline)) return unheard;
  return agreement.silent(state.agreement);
}
