import * as agreement from '@witan/agreement';
import { tolerated } from '@witan/chain';
import { constantTimeEqual, scalarToBytes, sha256, toHex } from '@witan/crypto';
import { type Kind, openEnvelope, type Signed } from '@witan/wire';
import { keepAsSaid, releaseAhead, sayAhead } from './ahead.ts';
import { watch } from './asking.ts';
import { closeApplication, expected } from './closing.ts';
import { conclude } from './conclude.ts';
import { sessionPublicKey } from './dealing.ts';
import type { Fact } from './facts.ts';
import { openMessage } from './messages.ts';
import { Phase, phaseName } from './phases.ts';
import { PRESENCE_AT } from './presence.ts';
import { judgeDealers, toJustify } from './qualify.ts';
import { missingOfClose, releaseHeld } from './receive.ts';
import { agreeing, confirm, dealersToOpen, stillClosed } from './result.ts';
import { openShareOf, speak } from './speak.ts';
import { type Close, counted, freshAgreement, isDone, type State } from './state.ts';
import type { Turn } from './turn.ts';
import { encodeCloseCertificate, encodeProposal, encodeVote, makeClose, openBallot } from './votes.ts';

/** Draws all conclusions from what is known, until there is nothing more to do or say. */
export function settle(turn: Turn): void {
  while (advanceOnce(turn)) {
    // each conclusion may allow the next
  }
}

function advanceOnce(turn: Turn): boolean {
  const { state } = turn;
  if (state.failed || isDone(state)) return false;
  if (state.pendingClose) return enactPending(turn);
  if (state.phase === Phase.Finalisation) {
    speak(turn);
    return finalise(turn);
  }
  if (state.closes[state.phase]) return finishCommitment(turn);
  speak(turn);
  if (state.env.proposes) proposeAsCoordinator(turn);
  return decide(turn);
}

/** Participants that have everything need no proposal; this is for those who lack something. */
const OVERDUE_MS = 50;

/** A coordinator proposes what it has when it is all, and at the deadline what has come. Nobody has to follow. */
function proposeAsCoordinator(turn: Turn): void {
  const { state } = turn;
  const { candidate } = closeApplication(state);
  if (!candidate) return;
  if (!state.atDeadline && state.overdue !== 'yes') {
    if (state.overdue === 'no') turn.setTimer(`overdue/${state.phase}`, OVERDUE_MS);
    turn.update({ overdue: 'soon' });
    return;
  }
  const hash = toHex(sha256(candidate.value));
  if (state.proposed === hash) return;
  turn.update({ proposed: hash });
  const { instance } = state.agreement.options;
  const proposal = { instance, view: 0, validView: undefined, value: candidate.value };
  send(turn, 'dkgProposal', encodeProposal(state.session, state.phase, proposal));
}

/** Runs the agreement on the close of the running phase. */
function decide(turn: Turn): boolean {
  const { state, outputs } = agreement.advance(turn.state.agreement, closeApplication(turn.state));
  turn.update({ agreement: state });
  let again = false;
  for (const output of outputs) {
    switch (output.type) {
      case 'vote':
        vote(turn, output);
        again = true;
        break;
      case 'propose':
        propose(turn, output);
        break;
      case 'timer':
        turn.setTimer(`agreement/${turn.state.phase}/${output.view}/${output.step}`, output.afterMs);
        break;
      case 'decide':
        enact(turn, makeClose(output.value, output.view, encodeCloseCertificate(output.value, output.certificate)));
        return true;
      case 'need':
        turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
        break;
    }
  }
  return again;
}

function vote(turn: Turn, output: Extract<agreement.Output, { type: 'vote' }>): void {
  const { state } = turn;
  const ballot = agreement.voteOf(state.agreement.options.instance, output);
  const signed = sayAhead(turn, ballot, output) ?? turn.sign('dkgVote', encodeVote(state, ballot));
  const { raw } = signed;
  turn.persist({ type: 'voted', raw, value: output.value, justification: output.justification });
  turn.broadcast(signed);
  turn.update({ agreement: agreement.attachRaw(state.agreement, output.view, output.step, raw) });
}

function propose(turn: Turn, output: Extract<agreement.Output, { type: 'propose' }>): void {
  const { state } = turn;
  const proposal = agreement.proposalOf(state.agreement.options.instance, output);
  const { raw } = send(turn, 'dkgProposal', encodeProposal(state.session, state.phase, proposal));
  turn.update({ agreement: agreement.attachRaw(state.agreement, output.view, 'propose', raw) });
}

function send(turn: Turn, kind: Kind, body: Uint8Array): Signed {
  const signed = turn.sign(kind, body);
  turn.broadcast(signed);
  return signed;
}

/** A close that is agreed, by the own agreement or proven by others. Enacted once all that it includes is here. */
export function enact(turn: Turn, close: Close): void {
  if (close.value.phase !== turn.state.phase || turn.state.closes[turn.state.phase]) return;
  turn.persist({ type: 'closed', certificate: close.certificate });
  turn.update({ pendingClose: close });
  turn.learn();
  if (missingOfClose(turn.state).length > 0) turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
}

function enactPending(turn: Turn): boolean {
  const { state } = turn;
  const close = state.pendingClose!;
  if (missingOfClose(state).length > 0) return false;
  turn.update({ pendingClose: undefined, closes: state.closes.with(state.phase, close) });
  turn.report({
    type: 'closed',
    at: turn.at,
    phase: phaseName(state.phase),
    view: close.view,
    included: [...close.included.keys()].map((sender) => turn.nameOf(sender)),
  });
  switch (state.phase) {
    case Phase.Initialisation:
      enter(turn, Phase.Contribution);
      break;
    case Phase.Contribution:
      turn.update(conclude(turn.state));
      enter(turn, Phase.Complaining);
      break;
    case Phase.Complaining:
      if (toJustify(turn.state).size > 0) enter(turn, Phase.Justification);
      else qualify(turn);
      break;
    case Phase.Justification:
      qualify(turn);
      break;
    default:
      for (const dealer of dealersToOpen(turn.state)) openShareOf(turn, dealer);
  }
  return true;
}

/** Fixes the qualified set. Too few, and none of them need be honest: the elders have to try again. */
function qualify(turn: Turn): void {
  const { qualified, blame } = judgeDealers(turn.state);
  for (const each of blame) turn.blame(each);
  turn.update({ qualified });
  if (qualified.length <= tolerated(turn.state.session.participants.length)) {
    fail(turn, `only ${qualified.length} dealers are qualified`);
    return;
  }
  enter(turn, Phase.Commitment);
}

export function fail(turn: Turn, reason: string): void {
  turn.update({ failed: reason });
  turn.report({ type: 'failed', at: turn.at, reason });
}

export function enter(turn: Turn, phase: Phase): void {
  const { state } = turn;
  turn.update({
    phase,
    atDeadline: undefined,
    present: new Set(),
    equivocators: new Set(),
    overdue: 'no',
    agreement: freshAgreement(state.env, state.session, state.me, phase),
  });
  begin(turn);
  releaseAhead(turn);
  releaseHeld(turn);
}

/** Announces the running phase and sets its deadline; also after a restart. */
export function begin(turn: Turn): void {
  const { state } = turn;
  const { phase } = state;
  const waitedFor = phase === Phase.Finalisation ? state.session.participants.length : expected(state).length;
  turn.report({ type: 'phase', at: turn.at, phase: phaseName(phase), expected: waitedFor });
  turn.setTimer(`presence/${phase}`, PRESENCE_AT * state.env.params.deadlineMs);
  watch(turn);
}

/** Commitment has closed; once every dealer without a commitment that counts is opened, the key is known. */
function finishCommitment(turn: Turn): boolean {
  if (stillClosed(turn.state).length > 0) return false;
  turn.update(conclude(turn.state));
  enter(turn, Phase.Finalisation);
  return true;
}

function finalise(turn: Turn): boolean {
  const { state } = turn;
  if (agreeing(state).length < state.session.threshold) return false;
  const confirmed = confirm(state);
  if ('bad' in confirmed) {
    turn.update({ badSignatures: new Set([...state.badSignatures, ...confirmed.bad]) });
    for (const sender of confirmed.bad) {
      const { raw } = state.messages[Phase.Finalisation]!.get(sender)!.signed;
      turn.blame({
        node: turn.nameOf(sender),
        reason: 'bad-signature-share',
        phase: Phase.Finalisation,
        evidence: [raw],
      });
    }
    return confirmed.bad.length > 0;
  }
  const share = state.secretShare;
  const source = state.recorded ? 'journal' : turn.ofAnswer ? 'answer' : 'broadcast';
  const forgot = state.forgot || (share === undefined && hasForgotten(state));
  turn.update({ outcome: { ...state.outcome!, signature: confirmed.signature }, recorded: true, forgot });
  if (!state.recorded) {
    turn.persist({ type: 'finished', share: share === undefined ? undefined : scalarToBytes(share), forgot });
  }
  turn.report({ type: 'done', at: turn.at, key: state.outcome!.key, usableShare: share !== undefined, source });
  watch(turn);
  return true;
}

/**
 * Whether this participant has announced another key than its seed gives: it has lost a journal. To one that announced
 * none, shares are sealed to its identity.
 */
function hasForgotten(state: State): boolean {
  const announced = counted<'initialisation'>(state, Phase.Initialisation, state.me);
  if (!announced || !state.seed) return false;
  return !constantTimeEqual(announced.payload.ephemeral, sessionPublicKey(state.seed));
}

/** Replays an own vote: it is not cast again, and what it binds this participant to, and why, is known again. */
export function recoverOwnVote(turn: Turn, fact: Extract<Fact, { type: 'voted' }>): void {
  const { state } = turn;
  const own = openEnvelope(fact.raw, state.env.network);
  const { phase, vote: ballot } = openBallot(own)!;
  if (phase !== state.phase) return;
  if (own.kind === 'dkgMessage') keepAsSaid(turn, own, state.me, openMessage(own.body), turn.at);
  let next = agreement.recoverVote(state.agreement, agreement.voteRecord(state.me, ballot, fact.raw), fact.value);
  for (const raw of fact.justification) {
    const signed = openEnvelope(raw, state.env.network);
    const voter = state.session.indexOf.get(signed.author);
    const other = openBallot(signed);
    if (voter === undefined || !other) continue;
    next = agreement.onVote(next, agreement.voteRecord(voter, other.vote, raw)).state;
  }
  turn.update({ agreement: next });
}

/** The part of settling that says nothing: what is needed to fold the journal back in. */
export function settleSilently(turn: Turn): void {
  for (;;) {
    const { state } = turn;
    if (state.failed) return;
    const moved = state.pendingClose
      ? enactPending(turn)
      : state.phase === Phase.Commitment && state.closes[Phase.Commitment] !== undefined && finishCommitment(turn);
    if (!moved) return;
  }
}
