import * as agreement from '@witan/agreement';
import { tolerated } from '@witan/chain';
import { type G1Point, sha256, toHex } from '@witan/crypto';
import { isWitanError, type WitanErrorCode } from '@witan/errors';
import { alreadyVerified, peekEnvelope, type Signed, type Unverified } from '@witan/wire';
import { receiveAhead } from './ahead.ts';
import { isAsDealt, judgeMessage } from './judge.ts';
import { decodeClose, followed, openMessage, type Payload, phaseOf, votedOn } from './messages.ts';
import { CLOSED_PHASES, isPhase, Phase, phaseName } from './phases.ts';
import { notePresence, receivePresence } from './presence.ts';
import type { RejectReason } from './reports.ts';
import { type Accepted, closeBefore, counted, type Held, isDone, type State } from './state.ts';
import type { Turn } from './turn.ts';
import { MAX_VOTE_BYTES, openProposal, openVote } from './votes.ts';

/** What became of a received message: taken, held for a later phase, or the reason why not. */
export type Received = 'new' | 'held' | RejectReason;

/** Messages of later phases held for one sender: one a phase, its votes and proposals of a few views. */
const HELD_PER_SENDER = 16;
/** Versions of one sender's message in one phase: two prove that it lies, more help nobody but a lying coordinator. */
export const VARIANTS_PER_SLOT = 4;

/** Takes one signed message. Cheap questions first: the signature is verified only for what could matter. */
export function receive(turn: Turn, raw: Uint8Array): Received {
  return receivePeeked(turn, () => peekEnvelope(raw, turn.state.env.network));
}

function receivePeeked(turn: Turn, peek: () => Unverified, held?: Held): Received {
  return reporting(
    turn,
    () => {
      const peeked = peek();
      if (peeked.kind === 'dkgMessage') return receiveMessage(turn, peeked, held?.at ?? turn.at);
      if (peeked.kind === 'dkgVote' || peeked.kind === 'dkgProposal') return receiveBallot(turn, peeked);
      return peeked.kind === 'dkgHoldings' ? receivePresence(turn, peeked) : 'invalid';
    },
    held?.signed.author,
  );
}

/** Reports why something was not taken; bad bytes are an answer, a defect of ours goes on as it is. */
export function reporting(turn: Turn, take: () => Received, heldFrom?: string): Received {
  const result = orReason(take);
  if (result !== 'new' && result !== 'held') {
    const phase = phaseName(turn.state.phase);
    turn.report({ type: 'rejected', at: turn.at, reason: result, phase, ...(heldFrom ? { heldFrom } : {}) });
  }
  return result;
}

/** @param at when it came, which may be before its phase began */
function receiveMessage(turn: Turn, peeked: Unverified, at: number): Received {
  const { state } = turn;
  const { id } = peeked;
  if (state.variants.has(id) || state.held.has(id) || state.ahead.has(id)) return 'duplicate';
  const message = openMessage(peeked.body);
  const { session, payload, follows } = message;
  if (Buffer.compare(session, state.session.idBytes) !== 0) return 'wrong-session';
  const sender = state.session.indexOf.get(peeked.author);
  if (sender === undefined) return 'not-participant';
  const phase = phaseOf(payload.type);
  if (phase < state.phase) return 'late';
  const isAhead = follows.type === 'vote';
  if (isAhead && peeked.raw.length > MAX_VOTE_BYTES) return 'invalid';
  const takenIn = isAhead && phase > state.phase ? votedOn(payload.type)! : phase;
  if (takenIn > state.phase) {
    return hold(turn, { signed: peeked.verify(), at, sender, phase: takenIn, messageOf: phase });
  }
  if (phase > state.phase) return receiveAhead(turn, peeked, sender, message, at);
  // Said after another close than was agreed on: ahead of one that did not come, or nothing that an honest one says.
  if (toHex(followed(message)) !== closeBefore(state, phase)) return isAhead ? 'late' : 'invalid';
  return accept(turn, peeked.verify(), sender, payload, { at });
}

function receiveBallot(turn: Turn, peeked: Unverified): Received {
  const { state } = turn;
  if (state.held.has(peeked.id)) return 'duplicate';
  const open = peeked.kind === 'dkgVote' ? openVote : openProposal;
  const ballot = open(peeked.body);
  if (Buffer.compare(ballot.session, state.session.idBytes) !== 0) return 'wrong-session';
  if (!isPhase(ballot.phase)) return 'malformed';
  if (ballot.phase >= CLOSED_PHASES) return 'invalid';
  const sender = state.session.indexOf.get(peeked.author);
  if (sender === undefined && peeked.kind === 'dkgVote') return 'not-participant';
  if (ballot.phase < state.phase || (ballot.phase === state.phase && state.closes[ballot.phase])) return 'late';
  if (ballot.phase > state.phase) {
    return hold(turn, {
      signed: peeked.verify(),
      at: turn.at,
      sender: sender ?? -1,
      phase: ballot.phase,
      messageOf: undefined,
    });
  }
  if ('vote' in ballot) return takeVote(turn, peeked, sender!, ballot.vote);
  return takeProposal(turn, peeked, sender, ballot.proposal);
}

export function takeVote(turn: Turn, peeked: Unverified, voter: number, vote: agreement.Vote): Received {
  const { agreement: before } = turn.state;
  if (Buffer.compare(vote.instance, before.options.instance) !== 0) return 'invalid';
  if (isSettled(before, vote)) return 'late';
  // Tried unverified first: most late and repeated votes would change nothing, and cost no verification.
  const { state, rejected, evidence } = agreement.onVote(before, agreement.voteRecord(voter, vote, peeked.raw));
  if (state === before) return 'duplicate';
  peeked.verify();
  turn.update({ agreement: state });
  if (evidence) {
    turn.blame({
      node: peeked.author,
      reason: 'equivocation',
      phase: turn.state.phase,
      evidence: evidence.map((each) => each.raw),
    });
  }
  if (rejected) return rejected === 'equivocation' ? 'equivocation' : 'duplicate';
  if (turn.state.atDeadline) notePresence(turn, voter);
  turn.learn();
  return 'new';
}

/**
 * More prevotes in a view in which this participant is already bound to a value tell it nothing; but all first votes
 * together decide.
 */
function isSettled(current: agreement.State, vote: agreement.Vote): boolean {
  const { view, locked } = current;
  return vote.step === 'prevote' && vote.view > 0 && vote.view === view && locked?.view === view;
}

function takeProposal(
  turn: Turn,
  peeked: Unverified,
  from: number | undefined,
  proposal: agreement.Proposal,
): Received {
  const { agreement: before } = turn.state;
  const position = agreement.position(before);
  // Already voted on in this view, and the value is here: whoever proposes it once more says nothing new.
  const isKnown = agreement.value(before, toHex(sha256(proposal.value))) !== undefined;
  if (proposal.view === position.view && position.step !== 'propose' && isKnown) return 'duplicate';
  if (Buffer.compare(proposal.instance, before.options.instance) !== 0) return 'invalid';
  const { state, rejected } = agreement.onProposal(before, agreement.proposalInput(from, proposal, peeked.raw));
  if (state === before) return 'duplicate';
  peeked.verify();
  turn.update({ agreement: state });
  if (rejected) return rejected === 'equivocation' ? 'equivocation' : 'duplicate';
  if (wantedIds(turn.state).length > 0) turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
  turn.learn();
  return 'new';
}

function hold(turn: Turn, early: Held): Received {
  const { held, session } = turn.state;
  const ofSender = [...held.values()].filter((each) => each.sender === early.sender).length;
  if (ofSender >= HELD_PER_SENDER) return 'overflow';
  const before = whoAreAhead(turn.state).length;
  turn.update({ held: new Map(held).set(early.signed.id, early) });
  const ahead = whoAreAhead(turn.state).length;
  // The first may have made it up; of more than can all be liars, one is ahead.
  const isNews = ahead === 1 || ahead === tolerated(session.participants.length) + 1;
  if (ahead > before && isNews) turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
  turn.report({ type: 'held', at: turn.at, count: held.size + 1 });
  return 'held';
}

/** Takes what was held for the phase that has just begun: once, and never before. */
export function releaseHeld(turn: Turn): void {
  const { held, phase } = turn.state;
  const due = [...held].filter(([, each]) => each.phase <= phase);
  if (due.length === 0) return;
  const rest = new Map([...held].filter(([, each]) => each.phase > phase));
  turn.update({ held: rest });
  turn.report({ type: 'held', at: turn.at, count: rest.size });
  for (const [, each] of due) receivePeeked(turn, () => alreadyVerified(each.signed), each);
  if (whoAreAhead(turn.state).length === 0) turn.cancelTimer('catch-up');
  else turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
}

/** Participants of whom something is held, which says that they are in a later phase. Proposals of others say no such thing. */
export function whoAreAhead({ held, me }: State): readonly number[] {
  const senders = new Set([...held.values()].map(({ sender }) => sender));
  return [...senders].filter((sender) => sender >= 0 && sender !== me);
}

/**
 * A verified message of the running phase: judged, and taken if valid. Also the way of own messages and of replay.
 *
 * @param known points that need not be decoded, of an own message; when it came, if not now
 */
export function accept(
  turn: Turn,
  signed: Signed,
  sender: number,
  payload: Payload,
  known: { readonly points?: readonly G1Point[] | undefined; readonly at?: number } = {},
): Received {
  const { points, at = turn.at } = known;
  const judged = points ?? judgeOrReason(turn.state, sender, payload);
  if (typeof judged === 'string') {
    turn.blame({ node: signed.author, reason: 'invalid-message', phase: turn.state.phase, evidence: [signed.raw] });
    return judged;
  }
  if (!points && payload.type === 'commitment' && !isAsDealt(turn.state, sender, payload, judged)) {
    refuseCommitment(turn, signed, sender);
    return 'invalid';
  }
  const accepted: Accepted = { sender, signed, payload: payload as never, points: judged };
  const result =
    payload.type === 'opening' ? fileOpening(turn, accepted as Accepted<'opening'>) : fileMessage(turn, accepted, at);
  if (result !== 'new') return result;
  turn.update({ variants: new Map(turn.state.variants).set(signed.id, accepted) });
  turn.persist({ type: 'accepted', raw: signed.raw });
  turn.learn();
  return 'new';
}

/** That it is false shows to anyone who has what was dealt. */
function refuseCommitment(turn: Turn, signed: Signed, dealer: number): void {
  const dealt = counted(turn.state, Phase.Contribution, dealer)!;
  turn.update({ falseDealers: new Set(turn.state.falseDealers).add(dealer) });
  turn.blame({
    node: signed.author,
    reason: 'false-commitment',
    phase: Phase.Commitment,
    evidence: [dealt.signed.raw, signed.raw],
  });
}

function fileMessage(turn: Turn, accepted: Accepted, at: number): Received {
  const { state } = turn;
  const { phase } = state;
  const { sender, signed } = accepted;
  const first = state.messages[phase]!.get(sender);
  if (first) {
    if (versions(state, sender).length >= VARIANTS_PER_SLOT && !isWanted(state, signed.id)) return 'overflow';
    turn.update({ equivocators: new Set(state.equivocators).add(sender) });
    turn.blame({ node: signed.author, reason: 'equivocation', phase, evidence: [first.signed.raw, signed.raw] });
    return 'new';
  }
  const messages = state.messages.with(phase, new Map(state.messages[phase]).set(sender, accepted));
  turn.update({ messages });
  turn.report({ type: 'message', at, phase: phaseName(phase), from: signed.author, id: signed.id });
  return 'new';
}

/** What `sender` has said in the running phase: more than one message only if it lies. */
export function versions(state: State, sender: number): readonly Accepted[] {
  return [...state.variants.values()].filter(
    ({ sender: by, payload }) => by === sender && phaseOf(payload.type) === state.phase && payload.type !== 'opening',
  );
}

function fileOpening(turn: Turn, opening: Accepted<'opening'>): Received {
  const { openings } = turn.state;
  const ofDealer = openings.get(opening.payload.dealer);
  if (ofDealer?.has(opening.sender)) return 'duplicate';
  turn.update({
    openings: new Map(openings).set(opening.payload.dealer, new Map(ofDealer).set(opening.sender, opening)),
  });
  return 'new';
}

/** Ids that an agreed close includes and that are not here. */
export function missingOfClose(state: State): readonly string[] {
  const ids = [...(state.pendingClose?.included.values() ?? [])];
  return ids.filter((id) => !state.variants.has(id));
}

/**
 * Ids that are asked for: of messages that an agreed close includes, or else a proposed one. When somebody has said two
 * things, each honest participant may hold another of them, and can only vote for what it has seen.
 */
export function wantedIds(state: State): readonly string[] {
  if (state.pendingClose) return missingOfClose(state);
  if (state.closes[state.phase]) return [];
  const proposed = agreement.unjudged(state.agreement).flatMap((value) => decodeClose(value)?.included ?? []);
  const ids = new Set(proposed.map(({ id }) => toHex(id)));
  return [...ids].filter((id) => !state.variants.has(id));
}

function isWanted(state: State, id: string): boolean {
  return !isDone(state) && wantedIds(state).includes(id);
}

const REASONS: Partial<Record<WitanErrorCode, RejectReason>> = {
  WITAN_ERR_MALFORMED: 'malformed',
  WITAN_ERR_INVALID: 'invalid',
  WITAN_ERR_UNSUPPORTED: 'unsupported',
  WITAN_ERR_SIGNATURE: 'signature',
};

/** Bad bytes are an answer; a defect of ours is not, and goes on as it is. */
function orReason(take: () => Received): Received {
  try {
    return take();
  } catch (error) {
    const reason = isWitanError(error) ? REASONS[error.code] : undefined;
    if (reason) return reason;
    throw error;
  }
}

function judgeOrReason(state: State, sender: number, payload: Payload): Accepted['points'] | RejectReason {
  try {
    return judgeMessage(state, sender, payload);
  } catch (error) {
    const reason = isWitanError(error) ? REASONS[error.code] : undefined;
    if (reason) return reason;
    throw error;
  }
}
