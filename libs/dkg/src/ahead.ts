import type * as agreement from '@witan/agreement';
import { toHex } from '@witan/crypto';
import { alreadyVerified, type Signed, type Unverified } from '@witan/wire';
import { conclude } from './conclude.ts';
import { followed, type Message, phaseAhead, phaseOf } from './messages.ts';
import { Phase } from './phases.ts';
import { accept, type Received, reporting, takeVote, VARIANTS_PER_SLOT } from './receive.ts';
import { stillClosed } from './result.ts';
import { ownPayload, ownPoints, prepareDealing } from './speak.ts';
import { type Ahead, type Close, closeBefore, type State } from './state.ts';
import type { Turn } from './turn.ts';
import { MAX_VOTE_BYTES, makeClose } from './votes.ts';

/*
 * A phase usually closes with what everybody's first vote is for. So a first vote goes with what its author has to say
 * after that close: one message is signed, sent and verified where there would be two, and a round is saved. Should the
 * close be another, what was said ahead has not been said, and its author speaks again.
 */

/** The own vote together with the message that follows it; undefined where the vote has to go alone. */
export function sayAhead(
  turn: Turn,
  ballot: agreement.Vote,
  output: Extract<agreement.Output, { type: 'vote' }>,
): Signed | undefined {
  const { state } = turn;
  const next = phaseAhead(state.phase);
  if (next === undefined || output.step !== 'prevote' || output.view !== 0 || !output.value) return undefined;
  const said = [...state.ahead.values()].find(({ sender, after }) => sender === state.me && after === output.hash);
  if (said) return said.signed;
  if (next === Phase.Contribution && contributionBytes(state) > MAX_VOTE_BYTES) return undefined;
  prepareDealing(turn, next);
  suppose(turn, makeClose(output.value, 0, new Uint8Array(0)));
  const supposed = supposedState(turn.state);
  const payload = supposed && ownPayload(supposed);
  if (!payload) return undefined;
  const signed = turn.signMessage({ type: 'vote', vote: ballot }, payload);
  const points = ownPoints(supposed, payload);
  keep(turn, { sender: state.me, signed, payload, at: turn.at, after: output.hash!, points });
  return signed;
}

/** Computes what follows if `close` is agreed on, unless that needs words of others. */
function suppose(turn: Turn, close: Close): void {
  const { state } = turn;
  const closed = { ...state, closes: state.closes.with(state.phase, close) };
  if (state.phase === Phase.Commitment && stillClosed(closed).length > 0) return;
  turn.update({ supposed: { close, conclusion: conclude(closed) } });
}

/** The state as it will be in the next phase if the running one closes as this participant has voted. */
export function supposedState(state: State): State | undefined {
  const { supposed } = state;
  const next = phaseAhead(state.phase);
  if (!supposed || next === undefined) return undefined;
  return { ...state, ...supposed.conclusion, closes: state.closes.with(state.phase, supposed.close), phase: next };
}

/** At least the size of a Contribution with its vote: it grows with the session, and votes are small. */
function contributionBytes({ session }: State): number {
  return 512 + 96 * session.threshold + 128 * session.participants.length;
}

/** What a message says ahead of the phase that it belongs to: its vote counts now, and itself perhaps later. */
export function receiveAhead(turn: Turn, peeked: Unverified, sender: number, message: Message, at: number): Received {
  const { me, phase, closes } = turn.state;
  const signed = peeked.verify();
  if (message.follows.type === 'vote' && sender !== me && !closes[phase]) {
    const result = takeVote(turn, alreadyVerified(signed), sender, message.follows.vote);
    if (result === 'invalid') return result;
  }
  const versions = [...turn.state.ahead.values()].filter((each) => each.sender === sender);
  if (versions.length >= VARIANTS_PER_SLOT) return 'overflow';
  keepAsSaid(turn, signed, sender, message, at);
  turn.learn();
  return 'new';
}

function keep(turn: Turn, ahead: Ahead): void {
  turn.update({ ahead: new Map(turn.state.ahead).set(ahead.signed.id, ahead) });
}

/** As it was received, or, an own one, before a crash: it is not said otherwise. */
export function keepAsSaid(turn: Turn, signed: Signed, sender: number, message: Message, at: number): void {
  const { payload } = message;
  keep(turn, { sender, signed, payload, at, after: toHex(followed(message)), points: undefined });
}

/** Takes what was said ahead of the phase that has just begun, if the phase before it closed as its author expected. */
export function releaseAhead(turn: Turn): void {
  const { ahead, phase } = turn.state;
  if (ahead.size === 0 && !turn.state.supposed) return;
  turn.update({ ahead: new Map(), supposed: undefined });
  const before = closeBefore(turn.state, phase);
  for (const { sender, signed, payload, at, after, points } of ahead.values()) {
    if (after !== before || phaseOf(payload.type) !== phase) continue;
    reporting(turn, () => accept(turn, signed, sender, payload, { points, at }), signed.author);
  }
}
