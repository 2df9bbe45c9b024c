import { hashOf } from './hash.ts';
import {
  faults,
  type HeldProposal,
  isOpen,
  knownValue,
  leader,
  recoverVote,
  type State,
  withBallot,
  withoutUseless,
  withSlot,
  withValue,
} from './state.ts';
import { recordFor, type Slot, supportedValues } from './tally.ts';
import {
  type Hash,
  MAX_FOREIGN_PROPOSALS,
  MAX_VALUE_BYTES,
  MAX_VIEW,
  type ProposalInput,
  type ProposalRejection,
  type Step,
  type VoteRecord,
  type VoteRejection,
} from './types.ts';

export interface ProposalTaken {
  readonly state: State;
  readonly rejected?: ProposalRejection;
  /** Two proposals that no honest leader makes both. */
  readonly evidence?: readonly [ProposalInput, ProposalInput];
}

/** Notes a proposal; `advance` acts on it. A rejected one may still bring a value that votes ask for. */
export function onProposal(state: State, input: ProposalInput): ProposalTaken {
  const refusal = refuseProposal(state, input);
  if (refusal) return { state, rejected: refusal };
  const proposal: HeldProposal = { ...input, hash: hashOf(input.value) };
  const { from, view, hash } = proposal;
  if (view < state.view) return justValue(state, proposal, 'stale');

  const earlier = state.proposals.filter((each) => each.view === view && each.from === from);
  if (earlier.some((each) => each.hash === hash && each.validView === input.validView)) {
    return { state, rejected: 'duplicate' };
  }
  if (from === undefined) {
    if (earlier.length >= MAX_FOREIGN_PROPOSALS) return justValue(state, proposal, 'full');
  } else if (earlier[0]) {
    return { ...justValue(state, proposal, 'equivocation'), rejected: 'equivocation', evidence: [earlier[0], input] };
  }
  return hold(state, proposal);
}

function refuseProposal(state: State, { from, view, validView, value }: ProposalInput): ProposalRejection | undefined {
  const { options } = state;
  if (state.decision) return 'decided';
  if (value.length > MAX_VALUE_BYTES) return 'too-large';
  if (from !== undefined && !isMember(state, from)) return 'stranger';
  if (!isView(view) || (validView !== undefined && !(isView(validView) && validView < view))) return 'invalid';
  if (!isOpen(options, view) && from !== leader(options, view)) return 'not-leader';
  return undefined;
}

/** One proposal a proposer for the current view, and one, the furthest, for a view to come. */
function hold(state: State, proposal: HeldProposal): ProposalTaken {
  const isAhead = (each: HeldProposal) => each.from === proposal.from && each.view > state.view;
  const ahead = isAhead(proposal) ? state.proposals.find(isAhead) : undefined;
  if (ahead && ahead.view > proposal.view) return justValue(state, proposal, 'stale');
  const proposals = [...state.proposals.filter((each) => each !== ahead), proposal];
  const held = withoutUseless({ ...state, proposals }, ahead?.hash);
  if (held.values.has(proposal.hash)) return { state: held };
  return { state: withValue(held, proposal.hash, { value: proposal.value, verdict: 'unknown' }) };
}

function justValue(state: State, { hash, value }: HeldProposal, otherwise: ProposalRejection): ProposalTaken {
  if (!wantedValues(state).includes(hash)) return { state, rejected: otherwise };
  return { state: withValue(state, hash, { value, verdict: 'unknown' }) };
}

/** Takes a value that {@link wantedValues} names, from wherever it came: the hash proves it. */
export function onValue(state: State, value: Uint8Array): { readonly state: State; readonly rejected?: 'unwanted' } {
  const wanted = state.decision || value.length > MAX_VALUE_BYTES ? [] : wantedValues(state);
  if (wanted.length === 0) return { state, rejected: 'unwanted' };
  const hash = hashOf(value);
  if (!wanted.includes(hash)) return { state, rejected: 'unwanted' };
  return { state: withValue(state, hash, { value, verdict: 'unknown' }) };
}

/** Values that are not here and that at least one honest member voted for, or this member did. */
export function wantedValues(state: State): Hash[] {
  if (state.decision) return [];
  const hashes = supportedValues(state.votes, faults(state.options) + 1).map((support) => support.hash);
  for (const polka of [state.locked, state.valid]) if (polka) hashes.push(polka.hash);
  return [...new Set(hashes)].filter((hash) => !knownValue(state, hash));
}

export interface VoteTaken {
  readonly state: State;
  readonly rejected?: VoteRejection;
  /** Two votes that no honest member casts both. Reported once for each voter, view and step. */
  readonly evidence?: readonly [VoteRecord, VoteRecord];
}

/**
 * Notes a vote; `advance` acts on it. One that changes nothing gives back the same state object, so that a caller can
 * try a vote before it pays for verifying its signature.
 */
export function onVote(state: State, vote: VoteRecord): VoteTaken {
  if (!isMember(state, vote.voter) || !isView(vote.view)) return { state, rejected: 'stranger' };
  if (state.decision) return { state, rejected: 'decided' };
  const ballot = state.votes[vote.voter]!.get(vote.view);
  const slot = ballot?.[vote.step];
  if (slot) return again(state, slot, vote);
  // An own vote that is not remembered: the journal was lost. It binds all the same.
  if (vote.voter === state.options.me) return { state: recoverVote(state, vote, undefined) };
  const next = withSlot(state, { first: vote });
  return next ? { state: next } : { state, rejected: 'stale' };
}

function again(state: State, slot: Slot, vote: VoteRecord): VoteTaken {
  if (recordFor(slot, vote.hash)) return { state, rejected: 'duplicate' };
  if (slot.second) return { state, rejected: 'equivocation' };
  const ballot = { ...state.votes[vote.voter]!.get(vote.view), [vote.step]: { ...slot, second: vote } };
  const next = withBallot(state, vote.voter, vote.view, ballot);
  return { state: next, rejected: 'equivocation', evidence: [slot.first, vote] };
}

/** Notes that a timer ran out; one of a view that is over, or that was never set, is nothing. */
export function onTimeout(state: State, timer: { readonly view: number; readonly step: Step }): State {
  const { set, expired } = state.timers;
  if (state.decision || timer.view !== state.view || !set.has(timer.step)) return state;
  return { ...state, timers: { set, expired: new Set(expired).add(timer.step) } };
}

function isMember(state: State, index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < state.options.members;
}

function isView(view: number): boolean {
  return Number.isInteger(view) && view >= 0 && view <= MAX_VIEW;
}
