import type { Support } from './census.ts';
import { knownValue, type State, withSlot } from './state.ts';
import { fastPrevotes, prevotesElsewhere, supportedValues } from './tally.ts';
import type { Rule, Transition } from './transitions.ts';
import type { Hash, VoteRecord } from './types.ts';

/*
 * The fast path: when all members cast the same prevote in view 0, and each says that it may decide, it does, one round
 * of votes sooner. It needs everybody, and is worth having because everybody is there most of the time. The idea is that
 * of Martin and Alvisi, "Fast Byzantine Consensus" (IEEE TDSC 2006), and of Gueta et al., "SBFT" (DSN 2019, section V),
 * in the form that fits locks: nothing of the paper's Algorithm 1 is changed for those who vote again.
 *
 * Why it is safe. Let v be decided so. Every honest member has prevoted v in view 0, so no other value gets a quorum of
 * prevotes there, and none is locked. Later, something that was not prevoted by a quorum before gets an honest prevote
 * only by `mayBeChosen`: f+1 members, and so an honest one, must have prevoted in view 0 otherwise than for v with all
 * that decides it. There are no such f+1. So no other value ever gets a quorum.
 *
 * Why it does not block. Every honest member casts a prevote of view 0, if only one for nothing (`prevoteBehind`), and
 * anti-entropy brings it to all. Of a quorum of them, 2f+1 or more, the value with most passes `mayBeChosen`: whatever
 * else was voted for has at most half of them, and so f+1 are elsewhere. It is one that every honest member finds valid:
 * the application sees to that.
 */

export const decideFast: Rule = (state, app) => {
  if (!state.options.fastPath) return undefined;
  const { members } = state.options;
  for (const { view, step, hash } of supportedValues(state.votes, members)) {
    if (view !== 0 || step !== 'prevote') continue;
    const held = knownValue(state, hash);
    const prevotes = fastPrevotes(state.votes, hash);
    if (!held || held.verdict === 'invalid' || prevotes.size < members) continue;
    const answer = app.certify(0, hash, prevotes);
    if (!('certificate' in answer)) continue;
    const decision = { view: 0, hash, value: held.value, certificate: answer.certificate };
    return { state: { ...state, decision }, outputs: [{ type: 'decide', ...decision }] };
  }
  return undefined;
};

/** A member that was led past view 0 without a prevote there says that it had none: others need to know. */
export const prevoteBehind: Rule = (state): Transition | undefined => {
  const { fastPath, me } = state.options;
  if (!fastPath || state.view === 0 || state.votes[me]!.get(0)?.prevote) return undefined;
  const nothing = { view: 0, step: 'prevote', hash: null, fast: false, extra: new Uint8Array() } as const;
  const record: VoteRecord = { voter: me, ...nothing, raw: new Uint8Array() };
  const voted = withSlot(state, { first: record });
  return voted && { state: voted, outputs: [{ type: 'vote', ...nothing, justification: [] }] };
};

/** Whether it is certain that no other value was decided by the prevotes of view 0. */
export function mayBeChosen(state: State, hash: Hash): boolean {
  const { fastPath, members, quorum } = state.options;
  if (!fastPath || state.view === 0) return true;
  const isExcluded = (other: Hash | undefined) => prevotesElsewhere(state.votes, other) > members - quorum;
  const rivals = supportedValues(state.votes, 1).filter((each) => isRival(each) && each.hash !== hash);
  return isExcluded(undefined) && rivals.every((each) => isExcluded(each.hash));
}

function isRival({ view, step }: Support): boolean {
  return view === 0 && step === 'prevote';
}
