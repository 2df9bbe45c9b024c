import { WitanError } from '@witan/errors';
import { withBallotsOf } from './census.ts';
import { hashOf } from './hash.ts';
import { type Ballot, recordsOf, type Slot, supportedValues, type Votes } from './tally.ts';
import {
  type Decision,
  type Hash,
  MAX_VIEWS_PER_VOTER,
  type Options,
  type ProposalInput,
  type Step,
  type Verdict,
  type VoteRecord,
} from './types.ts';

export interface HeldProposal extends ProposalInput {
  readonly hash: Hash;
}

export interface HeldValue {
  readonly value: Uint8Array;
  readonly verdict: Verdict;
}

/** A value and the view in which a quorum prevoted it. */
export interface Polka {
  readonly view: number;
  readonly hash: Hash;
}

/** Immutable, and replaced by every call; who uses it reads it and changes nothing. The comments give the paper's names. */
export interface State {
  readonly options: Options;
  /** round_p */
  readonly view: number;
  /** step_p. In views before this, and in this one up to this step, the own votes are cast. */
  readonly step: Step;
  /** The signed votes of others that led into this view. */
  readonly entry: readonly Uint8Array[];
  /** lockedRound_p, id(lockedValue_p) */
  readonly locked: Polka | undefined;
  /** validRound_p, id(validValue_p) */
  readonly valid: Polka | undefined;
  readonly votes: Votes;
  /** Of the current view and later ones, in order of arrival. */
  readonly proposals: readonly HeldProposal[];
  readonly values: ReadonlyMap<Hash, HeldValue>;
  /** What the application would propose, as of the last `advance`. */
  readonly candidate: (HeldValue & { readonly hash: Hash; readonly determined: boolean }) | undefined;
  /** Timers of the current view asked for, and those that ran out. */
  readonly timers: { readonly set: ReadonlySet<Step>; readonly expired: ReadonlySet<Step> };
  /** Values asked for with `need`. */
  readonly asked: ReadonlySet<Hash>;
  readonly decision: Decision | undefined;
}

const NO_TIMERS: State['timers'] = { set: new Set(), expired: new Set() };
const STEP_ORDER: Readonly<Record<Step, number>> = { propose: 0, prevote: 1, precommit: 2 };

/** @throws WitanError `WITAN_ERR_INVALID` for options under which two values could be decided, or none. */
export function initial(options: Options): State {
  const { members, me, quorum, firstLeader, instance } = options;
  if (instance.length !== 32) throw refused(`an instance is 32 bytes, not ${instance.length}`);
  if (!Number.isInteger(members) || members < 1) throw refused(`${members} members`);
  if (!Number.isInteger(me) || me < -1 || me >= members) throw refused(`member ${me} of ${members}`);
  if (!Number.isInteger(firstLeader) || firstLeader < 0 || firstLeader >= members) {
    throw refused(`leader ${firstLeader} of ${members}`);
  }
  if (!Number.isInteger(quorum) || quorum > members || 3 * quorum <= 2 * members) {
    throw refused(`a quorum of ${quorum} of ${members}: it takes more than two thirds`);
  }
  return {
    options,
    view: 0,
    step: 'propose',
    entry: [],
    locked: undefined,
    valid: undefined,
    votes: Array.from({ length: members }, () => new Map()),
    proposals: [],
    values: new Map(),
    candidate: undefined,
    timers: NO_TIMERS,
    asked: new Set(),
    decision: undefined,
  };
}

function refused(detail: string): WitanError {
  return new WitanError('WITAN_ERR_INVALID', `agreement: ${detail}`);
}

/** Faulty members that are survived. */
export function faults({ members, quorum }: Options): number {
  return members - quorum;
}

export function leader({ firstLeader, members }: Options, view: number): number {
  return (firstLeader + view) % members;
}

/** Whether this view takes proposals from anyone. */
export function isOpen(options: Options, view: number): boolean {
  return view === 0 && options.openFirstView;
}

/** StartRound, lines 11 to 13. What only earlier views needed is forgotten. */
export function startView(state: State, view: number, because: readonly VoteRecord[]): State {
  const proposals = state.proposals.filter((proposal) => proposal.view >= view);
  const entry = signedByOthers(state, because);
  const moved: State = { ...state, view, step: 'propose', entry, timers: NO_TIMERS, proposals };
  const useful = usefulValues(moved);
  return {
    ...moved,
    values: new Map([...state.values].filter(([hash]) => useful.has(hash))),
    asked: new Set([...state.asked].filter((hash) => useful.has(hash))),
  };
}

/** What goes into the journal of a member that acted on these votes: its own are there already. */
export function signedByOthers({ options }: State, votes: readonly VoteRecord[]): Uint8Array[] {
  return votes.filter((vote) => vote.voter !== options.me).map((vote) => vote.raw);
}

/** Values that an honest member may still ask for or propose: a bounded number, whatever the faulty ones do. */
function usefulValues(state: State): Set<Hash> {
  const useful = new Set(state.proposals.map((proposal) => proposal.hash));
  for (const { hash } of supportedValues(state.votes, faults(state.options) + 1)) useful.add(hash);
  if (state.locked) useful.add(state.locked.hash);
  if (state.valid) useful.add(state.valid.hash);
  for (const ballot of state.votes[state.options.me]?.values() ?? []) {
    for (const { hash } of recordsOf(ballot)) if (hash !== null) useful.add(hash);
  }
  return useful;
}

/** A proposal that makes room takes its value with it, unless that is of use besides. */
export function withoutUseless(state: State, hash: Hash | undefined): State {
  if (hash === undefined || usefulValues(state).has(hash)) return state;
  const values = new Map(state.values);
  values.delete(hash);
  return { ...state, values };
}

/** A value that is here: held for its votes or proposals, or the own candidate. */
export function knownValue(state: State, hash: Hash): HeldValue | undefined {
  return state.values.get(hash) ?? (state.candidate?.hash === hash ? state.candidate : undefined);
}

export function verdictOf(state: State, hash: Hash): Verdict {
  return knownValue(state, hash)?.verdict ?? 'unknown';
}

export function withValue(state: State, hash: Hash, held: HeldValue): State {
  return { ...state, values: new Map(state.values).set(hash, { value: held.value, verdict: held.verdict }) };
}

/** Puts a slot in a voter's ballot; undefined when the voter's views are full of more useful ones. */
export function withSlot(state: State, slot: Slot): State | undefined {
  const { voter, view, step } = slot.first;
  const before = state.votes[voter]!;
  const ballots = new Map(before).set(view, { ...before.get(view), [step]: slot });
  if (ballots.size > MAX_VIEWS_PER_VOTER) {
    const useful = usefulViews(state);
    const dropped = Math.min(...[...ballots.keys()].filter((each) => !useful.has(each)));
    if (dropped === view) return undefined;
    ballots.delete(dropped);
  }
  return withBallots(state, voter, ballots);
}

export function withBallot(state: State, voter: number, view: number, ballot: Ballot): State {
  return withBallots(state, voter, new Map(state.votes[voter]!).set(view, ballot));
}

function withBallots(state: State, voter: number, ballots: ReadonlyMap<number, Ballot>): State {
  return { ...state, votes: withBallotsOf(state.votes, voter, ballots) };
}

/** Fewer than {@link MAX_VIEWS_PER_VOTER}, so that there is always one to drop. */
function usefulViews(state: State): Set<number> {
  const useful = new Set([state.view - 1, state.view, state.view + 1]);
  if (state.locked) useful.add(state.locked.view);
  if (state.valid) useful.add(state.valid.view);
  const again = state.proposals.find((proposal) => proposal.view === state.view)?.validView;
  if (again !== undefined) useful.add(again);
  if (state.options.fastPath) useful.add(0);
  const decided = supportedValues(state.votes, state.options.quorum).find(({ step }) => step === 'precommit');
  if (decided) useful.add(decided.view);
  return useful;
}

/**
 * Puts an own vote back, from the journal, or heard again after its journal was lost: what it says was cast is not cast
 * again, and a precommit to a value is its lock (lines 38 to 43 went before it). `value` is what was voted for. The
 * justification that was journaled with it is given to `onVote` after this.
 */
export function recoverVote(state: State, own: VoteRecord, value: Uint8Array | undefined): State {
  if (own.voter !== state.options.me) throw refused(`vote of member ${own.voter} recovered by ${state.options.me}`);
  let next = withSlot(state, { first: own }) ?? state;
  if (own.hash !== null && value) next = withValue(next, own.hash, { value, verdict: 'valid' });
  if (own.hash !== null && own.step === 'precommit') {
    const polka = { view: own.view, hash: own.hash };
    if ((next.locked?.view ?? -1) < own.view) next = { ...next, locked: polka };
    if ((next.valid?.view ?? -1) < own.view) next = { ...next, valid: polka };
  }
  if (own.view > next.view) next = startView(next, own.view, []);
  if (own.view === next.view && STEP_ORDER[own.step] > STEP_ORDER[next.step]) next = { ...next, step: own.step };
  return next;
}

/** Gives an own message the signed bytes in which it is sent: without them it is passed to nobody and certifies nothing. */
export function attachRaw(state: State, view: number, step: Step, raw: Uint8Array): State {
  const { me } = state.options;
  if (step === 'propose') {
    const sign = (each: HeldProposal) => (each.from === me && each.view === view ? { ...each, raw } : each);
    return { ...state, proposals: state.proposals.map(sign) };
  }
  const ballot = state.votes[me]?.get(view);
  const slot = ballot?.[step];
  if (!slot) return state;
  return withBallot(state, me, view, { ...ballot, [step]: { ...slot, first: { ...slot.first, raw } } });
}

/** Where this member stands, for people and metrics. */
export function position({ view, step }: State): { readonly view: number; readonly step: Step } {
  return { view, step };
}

export function decision(state: State): Decision | undefined {
  return state.decision;
}

/** The value with this hash, when it is here. */
export function value(state: State, hash: Hash): Uint8Array | undefined {
  return state.decision?.hash === hash ? state.decision.value : knownValue(state, hash)?.value;
}

/** Members from whom no vote of this view or of the one before is here: the ones that may be gone. */
export function quiet({ votes, view }: State): number[] {
  return [...votes.keys()].filter((voter) => !votes[voter]!.has(view) && !votes[voter]!.has(view - 1));
}

/** Views in which what some members have seen is to become known to the others. */
const PATIENT_VIEWS = 2;

/**
 * Whether so many voted for a value in one place that an honest member did, views ago: it has seen what others have not.
 * An application whose `unknown` can last for ever gives in to that, else those who are bound to the value and those
 * who wait to see the same block each other for good.
 */
export function isInsistedOn({ votes, view, options }: State, value: Uint8Array): boolean {
  if (view < PATIENT_VIEWS) return false;
  const hash = hashOf(value);
  return supportedValues(votes, faults(options) + 1).some((support) => support.hash === hash);
}

/** Values that are here and that the application has not been able to judge so far. */
export function unjudged(state: State): readonly Uint8Array[] {
  return [...state.values.values()].filter((held) => held.verdict === 'unknown').map((held) => held.value);
}

/** Members from whom no vote of the current view's step is here: the ones waited for. */
export function silent(state: State): number[] {
  const step = state.step === 'propose' ? 'prevote' : state.step;
  return [...state.votes.keys()].filter((voter) => !state.votes[voter]!.get(state.view)?.[step]);
}
