import { censusOf } from './census.ts';
import { decideFast, mayBeChosen, prevoteBehind } from './fast.ts';
import { wantedValues } from './intake.ts';
import {
  faults,
  type HeldProposal,
  isOpen,
  knownValue,
  leader,
  type State,
  signedByOthers,
  startView,
  verdictOf,
  withBallot,
  withSlot,
  withValue,
} from './state.ts';
import {
  activeVoters,
  anyPrecommits,
  precommitsFor,
  prevotesFor,
  quorumValue,
  reachedView,
  supportedValues,
  tally,
  votesBeyond,
} from './tally.ts';
import type { Application, Hash, Output, Step, VoteRecord, VoteStep } from './types.ts';

/*
 * The rules of Algorithm 1 of Buchman, Kwon and Milosevic, "The latest gossip on BFT consensus" (arXiv 1807.04938), one
 * function each, for a single height. Line numbers are the paper's. Where a rule is not in the paper, it says why it is
 * safe: every argument of the paper rests on two quorums of one view sharing an honest member, which votes once.
 */

export interface Transition {
  readonly state: State;
  readonly outputs: readonly Output[];
}

/** Undefined when the rule does not apply. One that applies changes the state so that it does not apply again. */
export type Rule = (state: State, app: Application) => Transition | undefined;

/**
 * Lines 49 to 51: a quorum of precommits to one value in one view, whichever it is, decides. Their own `valid(v)` is
 * weakened to "not known to be invalid": among the precommits is an honest member's that has judged the value.
 */
export const decide: Rule = (state, app) => {
  const { quorum } = state.options;
  for (const { view, step, hash } of supportedValues(state.votes, quorum)) {
    const held = knownValue(state, hash);
    if (step !== 'precommit' || !held || held.verdict === 'invalid') continue;
    const precommits = precommitsFor(state.votes, view, hash);
    if (precommits.size < quorum) continue;
    const answer = app.certify(view, hash, precommits);
    if ('certificate' in answer) {
      const decision = { view, hash, value: held.value, certificate: answer.certificate };
      return { state: { ...state, decision }, outputs: [{ type: 'decide', ...decision }] };
    }
    const bad = answer.bad.filter((voter) => precommits.has(voter));
    if (bad.length > 0) return only(bad.reduce((next, voter) => discount(next, voter, view), state));
  }
  return undefined;
};

function discount(state: State, voter: number, view: number): State {
  return withBallot(state, voter, view, { ...state.votes[voter]!.get(view), bad: true });
}

/** Lines 55 and 56: when f+1 others are in later views, so is an honest one, and this member goes where it is. */
export const skip: Rule = (state) => {
  if (censusOf(state.votes).highest <= state.view) return undefined;
  const reached = reachedView(state.votes, faults(state.options), state.options.me);
  if (reached <= state.view) return undefined;
  return only(startView(state, reached, votesBeyond(state.votes, reached)));
};

/**
 * Lines 14 to 19: the leader proposes what got a quorum before, else what it wants. The own prevote goes first (lines 22
 * to 31 would cast it next), so that the proposal is never sent before that vote is on disk.
 */
export const propose: Rule = (state, app) => {
  const { options, view, step, valid } = state;
  if (step !== 'propose' || isOpen(options, view) || leader(options, view) !== options.me) return undefined;
  if (state.proposals.some((proposal) => proposal.view === view && proposal.from === options.me)) return undefined;
  const hash = valid?.hash ?? choose(state);
  const held = hash === undefined ? undefined : knownValue(state, hash);
  if (hash === undefined || held?.verdict !== 'valid' || !lockAllows(state, hash, valid?.view ?? -1)) return undefined;
  const validView = valid?.view;
  const own = { from: options.me, view, validView, value: held.value, raw: new Uint8Array(), hash };
  const voted = castVote({ ...state, proposals: [...state.proposals, own] }, app, 'prevote', hash);
  return {
    state: voted.state,
    outputs: [...voted.outputs, { type: 'propose', view, validView, value: held.value }],
  };
};

/** What it wants, unless something else may have been decided at once: then that. */
function choose(state: State): Hash | undefined {
  const named = supportedValues(state.votes, faults(state.options) + 1).map(({ hash }) => hash);
  const wanted = state.candidate ? [state.candidate.hash, ...named] : named;
  return wanted.find((hash) => mayBeChosen(state, hash) && verdictOf(state, hash) === 'valid');
}

/** Lines 22 to 27: a value proposed for the first time. */
export const prevoteFresh: Rule = (state, app) => {
  const proposal = leadersProposal(state);
  if (state.step !== 'propose' || !proposal || proposal.validView !== undefined) return undefined;
  if (!mayBeChosen(state, proposal.hash)) return undefined;
  return prevoteProposal(state, app, proposal, -1);
};

/** Lines 28 to 33: a value proposed again, with the quorum of prevotes that it had in an earlier view. */
export const prevoteAgain: Rule = (state, app) => {
  const proposal = leadersProposal(state);
  if (state.step !== 'propose' || proposal?.validView === undefined) return undefined;
  if (!hasPolka(state, proposal.validView, proposal.hash)) return undefined;
  return prevoteProposal(state, app, proposal, proposal.validView);
};

function prevoteProposal(state: State, app: Application, { hash }: HeldProposal, validView: number) {
  if (!lockAllows(state, hash, validView)) return castVote(state, app, 'prevote', null);
  const verdict = verdictOf(state, hash);
  return verdict === 'unknown' ? undefined : castVote(state, app, 'prevote', verdict === 'valid' ? hash : null);
}

/** The lock, as lines 23 and 29 ask it. */
function lockAllows({ locked }: State, hash: Hash, validView: number): boolean {
  return !locked || locked.hash === hash || locked.view <= validView;
}

function leadersProposal({ options, view, proposals }: State): HeldProposal | undefined {
  if (isOpen(options, view)) return undefined;
  return proposals.find((proposal) => proposal.view === view);
}

/** An own lock says that the quorum was seen, also when its votes were lost in a crash. */
function hasPolka(state: State, view: number, hash: Hash): boolean {
  const seen = [state.locked, state.valid].some((polka) => polka?.view === view && polka.hash === hash);
  return seen || quorumValue(state.votes, view, 'prevote', state.options.quorum) === hash;
}

/**
 * Not in the paper: in view 0 a value that all complete members have needs no proposal. It is as if the leader had
 * proposed it, and which proposal a member takes is of no weight for safety.
 */
export const prevoteDetermined: Rule = (state, app) => {
  const { candidate } = state;
  if (state.view !== 0 || state.step !== 'propose' || !candidate?.determined || state.locked) return undefined;
  if (candidate.verdict !== 'valid') return undefined;
  return castVote(state, app, 'prevote', candidate.hash);
};

/**
 * Not in the paper: an open first view takes the first proposal that is valid, whoever made it; what f+1 members have
 * voted for was acceptable to an honest one and stands for a proposal.
 */
export const prevoteOpen: Rule = (state, app) => {
  if (state.step !== 'propose' || !isOpen(state.options, state.view) || state.locked) return undefined;
  const offered = [
    ...state.proposals.filter((proposal) => proposal.view === state.view),
    ...supportedValues(state.votes, faults(state.options) + 1).filter((support) => support.view === state.view),
  ];
  const chosen = offered.find(({ hash }) => verdictOf(state, hash) === 'valid');
  return chosen && castVote(state, app, 'prevote', chosen.hash);
};

/**
 * Lines 20 and 21. In view 0 only once there is something to decide, seen by this member or by an honest other: a group
 * that has nothing to decide rests.
 */
export const setProposeTimer: Rule = (state) => {
  if (state.step !== 'propose') return undefined;
  const active = activeVoters(state.votes, state.view) > faults(state.options);
  return state.view > 0 || state.candidate || active ? setTimer(state, 'propose') : undefined;
};

/**
 * Lines 57 to 60. Not in the paper: where nobody has made use of an open first view, a member votes for what it would
 * propose itself. Most of the time that is the same for all, and no leader is needed, dead or alive.
 */
export const proposeTimeout: Rule = (state, app) => {
  if (state.step !== 'propose' || !state.timers.expired.has('propose')) return undefined;
  const { candidate, locked } = state;
  const isFree = isOpen(state.options, state.view) && !locked && candidate?.verdict === 'valid';
  return castVote(state, app, 'prevote', isFree ? candidate.hash : null);
};

/** Lines 36, 42 and 43: what has a quorum of prevotes is what this member proposes from now on. */
export const adoptValid: Rule = (state, app) => {
  const hash = precommittable(state);
  if (hash === undefined || (state.valid && state.valid.view >= state.view)) return undefined;
  if (!hasHeard(state, app)) return undefined;
  return only({ ...state, valid: { view: state.view, hash } });
};

/** Lines 36 to 41: lock and precommit. Waiting for `awaited` is only a delay, which the paper allows anywhere. */
export const precommitValue: Rule = (state, app) => {
  const hash = precommittable(state);
  if (hash === undefined || state.step !== 'prevote') return undefined;
  if (!hasHeard(state, app)) return undefined;
  return castVote({ ...state, locked: { view: state.view, hash } }, app, 'precommit', hash);
};

/** Whether all who are awaited have spoken in this view, or have had the time to. */
function hasHeard(state: State, app: Application): boolean {
  const hasSpoken = (voter: number) => state.votes[voter]?.get(state.view)?.prevote !== undefined;
  return app.awaited.every(hasSpoken) || state.timers.expired.has('prevote');
}

/** A valid value with a quorum of prevotes in the current view, from the prevote step on. */
function precommittable(state: State): Hash | undefined {
  if (state.step === 'propose') return undefined;
  const hash = quorumValue(state.votes, state.view, 'prevote', state.options.quorum);
  return hash && verdictOf(state, hash) === 'valid' ? hash : undefined;
}

/** Lines 44 to 46. */
export const precommitNil: Rule = (state, app) => {
  if (state.step !== 'prevote') return undefined;
  const nothing = quorumValue(state.votes, state.view, 'prevote', state.options.quorum) === null;
  return nothing ? castVote(state, app, 'precommit', null) : undefined;
};

/** Lines 34 and 35. */
export const setPrevoteTimer: Rule = (state) =>
  state.step === 'prevote' && tally(state.votes, state.view, 'prevote').voters >= state.options.quorum
    ? setTimer(state, 'prevote')
    : undefined;

/** Lines 61 to 64. */
export const prevoteTimeout: Rule = (state, app) =>
  state.step === 'prevote' && state.timers.expired.has('prevote') ? castVote(state, app, 'precommit', null) : undefined;

/** Lines 47 and 48. */
export const setPrecommitTimer: Rule = (state) =>
  tally(state.votes, state.view, 'precommit').voters >= state.options.quorum ? setTimer(state, 'precommit') : undefined;

/** Lines 65 to 67. */
export const precommitTimeout: Rule = (state) => {
  if (!state.timers.expired.has('precommit')) return undefined;
  return only(startView(state, state.view + 1, anyPrecommits(state.votes, state.view)));
};

/** Not in the paper, which takes delivery for granted: asks for values that honest members vote for. */
export const need: Rule = (state) => {
  const hashes = wantedValues(state).filter((hash) => !state.asked.has(hash));
  if (hashes.length === 0) return undefined;
  const asked = new Set([...state.asked, ...hashes]);
  return { state: { ...state, asked }, outputs: hashes.map((hash) => ({ type: 'need', hash })) };
};

/** For observers. */
export const WATCHING: readonly Rule[] = [decide, decideFast, skip, need];

/** In the order in which they are tried: what moves on goes before what gives up. */
export const VOTING: readonly Rule[] = [
  decide,
  decideFast,
  skip,
  prevoteBehind,
  propose,
  prevoteDetermined,
  prevoteOpen,
  prevoteFresh,
  prevoteAgain,
  proposeTimeout,
  setProposeTimer,
  adoptValid,
  precommitValue,
  precommitNil,
  prevoteTimeout,
  setPrevoteTimer,
  precommitTimeout,
  setPrecommitTimer,
  need,
];

function castVote(state: State, app: Application, step: VoteStep, hash: Hash | null): Transition {
  const { view, options } = state;
  const extra = hash !== null && step === 'precommit' ? app.endorse(view, hash) : new Uint8Array();
  const fast = step === 'prevote' && isFast(state, app, hash);
  const record: VoteRecord = { voter: options.me, view, step, hash, fast, extra, raw: new Uint8Array() };
  // Current view: withSlot has always room for it.
  const voted: State = { ...withSlot(state, { first: record })!, step };
  const cast = {
    type: 'vote',
    view,
    step,
    hash,
    fast,
    extra,
    justification: justification(state, step, hash),
  } as const;
  if (hash === null) return { state: voted, outputs: [cast] };
  const held = knownValue(state, hash)!;
  return { state: withValue(voted, hash, held), outputs: [{ ...cast, value: held.value }] };
}

function isFast(state: State, app: Application, hash: Hash | null): boolean {
  if (!state.options.fastPath || state.view !== 0 || hash === null) return false;
  return app.isFast?.(knownValue(state, hash)!.value) ?? false;
}

/** The first vote in a view is a prevote, and says how this member came there; a precommit to a value is a lock. */
function justification(state: State, step: VoteStep, hash: Hash | null): readonly Uint8Array[] {
  if (step === 'prevote') return state.entry;
  return hash === null ? [] : signedByOthers(state, prevotesFor(state.votes, state.view, hash));
}

function setTimer(state: State, step: Step): Transition | undefined {
  const { set, expired } = state.timers;
  if (set.has(step)) return undefined;
  const { timeouts } = state.options;
  const afterMs = Math.min(timeouts.maxMs, timeouts[`${step}Ms`] + timeouts.growthMs * state.view);
  return {
    state: { ...state, timers: { set: new Set(set).add(step), expired } },
    outputs: [{ type: 'timer', view: state.view, step, afterMs }],
  };
}

function only(state: State): Transition {
  return { state, outputs: [] };
}
