import * as agreement from '@witan/agreement';
import { type Decision, openCertified, peekCertified } from '@witan/chain';
import { isWitanError, unlessBad, type WitanErrorCode } from '@witan/errors';
import { decode, type Infer, peekEnvelope, type Unverified } from '@witan/wire';
import { adopt } from './decide.ts';
import { type Heartbeat, heartbeatBody, joinBody, proposalBody, SERVICES, voteBody } from './messages.ts';
import type { DecisionSource, SectionRejectReason } from './reports.ts';
import { currentShare } from './state.ts';
import type { Turn } from './turn.ts';

export type Received = 'new' | 'ignored' | SectionRejectReason;

/** Open join requests remembered: what a flood of new identities can make grow. */
const JOINS_REMEMBERED = 256;
const HEARD_REMEMBERED = 4096;
const NO_BYTES = new Uint8Array(0);

/** Takes one signed message about the section. */
export function receive(turn: Turn, raw: Uint8Array): Received {
  return reporting(turn, () => {
    const peeked = peekEnvelope(raw, turn.state.env.network);
    switch (peeked.kind) {
      case 'sectionVote':
      case 'sectionProposal':
        return receiveBallot(turn, peeked);
      case 'joinRequest':
        return receiveJoin(turn, peeked);
      case 'heartbeat':
        return receiveHeartbeat(turn, peeked);
      default:
        return 'invalid';
    }
  });
}

/** Takes a certified decision from wherever it came. */
export function receiveCertified(turn: Turn, raw: Uint8Array, source: DecisionSource): Received {
  return reporting(turn, () => {
    const { decision } = peekCertified(raw);
    const { ledger } = turn.state;
    if (ledger && decision.generation <= ledger.generation) {
      return Buffer.compare(ledger.decisions[decision.generation]!, raw) === 0 ? 'duplicate' : 'stale';
    }
    if (decision.generation > (ledger ? ledger.generation + 1 : 0)) return noteLater(turn, raw, decision, source);
    adopt(turn, raw, source);
    return 'new';
  });
}

/**
 * A decision after the next one. Under the key that is known here it proves that there is more; what another key has
 * signed, or nobody, is a hint.
 */
function noteLater(turn: Turn, raw: Uint8Array, decision: Decision, source: DecisionSource): Received {
  const { env, ledger } = turn.state;
  // Nobody who is honest leaves a gap after what was asked for.
  if (source === 'answer') return 'invalid';
  if (decision.prefix !== env.prefix || Buffer.compare(decision.network, env.network) !== 0) return 'invalid';
  if (!ledger || !isSignedUnder(ledger.key, raw)) {
    if (!isHintDue(turn)) return 'rate-limited';
    turn.updateProgress({ hintedAt: turn.at });
  }
  noteAhead(turn, '', decision.generation);
  return 'ignored';
}

function isSignedUnder(key: Uint8Array, raw: Uint8Array): boolean {
  return unlessBad(() => openCertified(raw, key)) !== undefined;
}

function receiveBallot(turn: Turn, peeked: Unverified): Received {
  const { ledger, agreement: before } = turn.state;
  if (!ledger || !before) return 'ignored';
  const ballot = peeked.kind === 'sectionVote' ? decode(voteBody, peeked.body) : decode(proposalBody, peeked.body);
  const { prefix, generation } = ballot;
  if (prefix !== ledger.prefix) return 'invalid';
  if (generation <= ledger.generation) return 'ignored';
  if (generation > ledger.generation + 1) {
    if (!ledger.members.has(peeked.author)) {
      noteHint(turn, peeked, generation - 1);
      return 'not-member';
    }
    peeked.verify();
    noteAhead(turn, peeked.author, generation - 1);
    return 'ignored';
  }
  const voter = ledger.elders.findIndex((elder) => elder.name === peeked.author);
  if (voter < 0) return 'not-member';
  return 'vote' in ballot
    ? takeVote(turn, peeked, voter, ballot.vote)
    : takeProposal(turn, peeked, voter, ballot.proposal);
}

function takeVote(turn: Turn, peeked: Unverified, voter: number, vote: Infer<typeof voteBody>['vote']): Received {
  const before = turn.state.agreement!;
  if (Buffer.compare(vote.instance, before.options.instance) !== 0) return 'invalid';
  if (agreement.onVote(before, agreement.voteRecord(voter, vote, NO_BYTES)).state === before) return 'duplicate';
  const { raw } = peeked.verify();
  const { state, rejected, evidence } = agreement.onVote(before, agreement.voteRecord(voter, vote, raw));
  turn.update({ agreement: state });
  if (evidence) {
    turn.report({ type: 'equivocation', at: turn.at, node: peeked.author, evidence: evidence.map((each) => each.raw) });
  }
  if (rejected) return rejected === 'equivocation' ? 'equivocation' : 'duplicate';
  learnOf(turn, vote.view);
  return 'new';
}

/** What is said of far views is no progress: one voter can say it without end, and would put off every question. */
function learnOf(turn: Turn, view: number): void {
  if (view <= turn.state.agreement!.view + 1) turn.learn();
}

function takeProposal(
  turn: Turn,
  peeked: Unverified,
  from: number,
  proposal: Infer<typeof proposalBody>['proposal'],
): Received {
  const before = turn.state.agreement!;
  if (Buffer.compare(proposal.instance, before.options.instance) !== 0) return 'invalid';
  if (agreement.onProposal(before, agreement.proposalInput(from, proposal, NO_BYTES)).state === before)
    return 'duplicate';
  const { raw } = peeked.verify();
  const { state, rejected } = agreement.onProposal(before, agreement.proposalInput(from, proposal, raw));
  turn.update({ agreement: state });
  if (rejected) return rejected === 'equivocation' ? 'equivocation' : 'duplicate';
  learnOf(turn, proposal.view);
  return 'new';
}

function receiveJoin(turn: Turn, peeked: Unverified): Received {
  const { ledger, sight, env } = turn.state;
  if (decode(joinBody, peeked.body).prefix !== env.prefix) return 'invalid';
  if (ledger?.members.has(peeked.author)) return 'duplicate';
  const open = [...sight.joins].filter(([, { at }]) => turn.at - at <= env.params.policy.joinForMs);
  if (open.length >= JOINS_REMEMBERED && !sight.joins.has(peeked.author)) return 'ignored';
  const isNew = !open.some(([name]) => name === peeked.author);
  const { author, authorKey, raw } = peeked.verify();
  turn.updateSight({ joins: new Map(open).set(author, { publicKey: authorKey, at: turn.at }) });
  // One elder that has heard it is enough: an elder votes for nobody whose request it has not seen.
  if (isNew && currentShare(turn.state) !== undefined) turn.broadcast('join', raw);
  return 'new';
}

function receiveHeartbeat(turn: Turn, peeked: Unverified): Received {
  const { ledger, sight, env } = turn.state;
  const beat = decode(heartbeatBody, peeked.body);
  if (beat.prefix !== env.prefix) return 'invalid';
  const service = SERVICES[beat.service];
  if (service === undefined) return 'malformed';
  const isAhead = beat.generation !== undefined && beat.generation > (ledger?.generation ?? -1);
  if (ledger && !ledger.members.has(peeked.author)) {
    if (isAhead) noteHint(turn, peeked, beat.generation!);
    return 'not-member';
  }
  // Most heartbeats say nothing that matters here, and then their signature does not matter either.
  if (service !== 'elder' && !isAhead) return 'ignored';
  const last = service === 'elder' ? sight.beats.get(peeked.author) : undefined;
  if (last !== undefined && beat.sequence <= last) return beat.sequence === last ? 'duplicate' : 'stale';
  peeked.verify();
  if (service === 'elder') {
    noteBeat(turn, peeked.author, beat.sequence);
    noteShare(turn, peeked.author, beat);
  }
  if (isAhead) noteAhead(turn, peeked.author, beat.generation!);
  return 'new';
}

/** Once the section is known, whoever was heard of before it and is no member makes room for the members. */
function noteBeat(turn: Turn, author: string, sequence: number): void {
  const { ledger, sight } = turn.state;
  const known = <T>(all: ReadonlyMap<string, T>): Map<string, T> =>
    ledger && all.size > ledger.members.size
      ? new Map([...all].filter(([name]) => ledger.members.has(name)))
      : new Map(all);
  const heard = known(sight.heard);
  if (!heard.has(author) && heard.size >= HEARD_REMEMBERED) return;
  turn.updateSight({
    heard: heard.set(author, turn.at),
    beats: known(sight.beats).set(author, sequence),
  });
}

/**
 * What nobody here can answer for costs a question at most, and not often: else a node whose known members are all
 * gone, or lie, would never hear of the others.
 */
function isHintDue({ at, state }: Turn): boolean {
  return at - state.progress.hintedAt >= state.env.params.progressMaxMs;
}

/** One who is no member here may have become one since. */
function noteHint(turn: Turn, peeked: Unverified, generation: number): void {
  if (!isHintDue(turn)) return;
  peeked.verify();
  turn.updateProgress({ hintedAt: turn.at });
  noteAhead(turn, '', generation);
}

/** Whether an elder says that it can sign under the current key, and since when it does not. */
function noteShare(turn: Turn, author: string, { key, usableShare }: Heartbeat): void {
  const { ledger, sight } = turn.state;
  const isElder = ledger?.elders.some((elder) => elder.name === author) ?? false;
  if (!isElder || !key || Buffer.compare(key, ledger!.key) !== 0) return;
  if (usableShare !== sight.shareless.has(author)) return;
  const shareless = new Map(sight.shareless);
  if (usableShare) shareless.delete(author);
  else shareless.set(author, turn.at);
  turn.updateSight({ shareless });
}

/** Someone has later decisions. Most gaps close by themselves within moments; then nobody is asked. */
export function noteAhead(turn: Turn, node: string, generation: number): void {
  const { ahead } = turn.state.progress;
  if (ahead && ahead.generation >= generation && ahead.node !== '') return;
  if (!ahead) turn.setTimer('catch-up', turn.state.env.params.catchUpMs);
  turn.updateProgress({ ahead: { node, generation } });
}

const REASONS: Partial<Record<WitanErrorCode, SectionRejectReason>> = {
  WITAN_ERR_MALFORMED: 'malformed',
  WITAN_ERR_INVALID: 'invalid',
  WITAN_ERR_UNSUPPORTED: 'unsupported',
  WITAN_ERR_CHAIN: 'invalid',
  WITAN_ERR_UNTRUSTED_KEY: 'untrusted-key',
  WITAN_ERR_SIGNATURE: 'signature',
  WITAN_ERR_STALE: 'stale',
};

/** Reports why something was not taken; bad bytes are an answer, a defect of ours goes on as it is. */
export function reporting(turn: Turn, take: () => Received): Received {
  const { result, detail } = orReason(take);
  if (result !== 'new' && result !== 'ignored') {
    turn.report({ type: 'rejected', at: turn.at, reason: result, ...(detail === undefined ? {} : { detail }) });
  }
  return result;
}

function orReason(take: () => Received): { readonly result: Received; readonly detail?: string } {
  try {
    return { result: take() };
  } catch (error) {
    if (!isWitanError(error)) throw error;
    const result = REASONS[error.code];
    if (!result) throw error;
    return result === 'unsupported' ? { result, detail: error.detail } : { result };
  }
}
