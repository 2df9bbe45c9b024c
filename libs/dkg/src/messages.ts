import * as agreement from '@witan/agreement';
import { MAX_PARTICIPANTS } from '@witan/chain';
import { CHALLENGE_BYTES } from '@witan/crypto';
import { unlessBad, WitanError } from '@witan/errors';
import { bytes, decode, fixed, type Infer, list, struct, u8, u16, union } from '@witan/wire';
import { Phase } from './phases.ts';

/** Uncompressed: twice as long, and a third cheaper to decode and check. */
const point = fixed(96);
const scalar = fixed(32);
const index = u16;

/** A share sealed to its receiver: 64 bytes of (value, blind) and the tag. */
const sealedShare = struct({ ephemeral: fixed(32), ciphertext: bytes(96) });

/** That a Feldman commitment is to what was dealt. */
const sameProof = struct({ challenge: fixed(CHALLENGE_BYTES), value: scalar, blind: scalar });

const payload = union({
  initialisation: [0, struct({ ephemeral: fixed(32) })],
  contribution: [1, struct({ commitment: list(point, MAX_PARTICIPANTS), shares: list(sealedShare, MAX_PARTICIPANTS) })],
  complaining: [2, struct({ accused: list(index, MAX_PARTICIPANTS) })],
  justification: [3, struct({ answers: list(struct({ accuser: index, secret: scalar }), MAX_PARTICIPANTS) })],
  commitment: [4, struct({ commitment: list(point, MAX_PARTICIPANTS), proof: sameProof })],
  finalisation: [5, struct({ transcript: fixed(32), signature: fixed(96) })],
  /** Belongs to the Commitment phase: a share of a dealer whose commitment does not count, in the open. */
  opening: [6, struct({ dealer: index, value: scalar, blind: scalar })],
});

/**
 * The close that a message was said after; zeros for the first phase. A message said *ahead* goes with its author's first
 * vote for that close, and counts if the vote turns out to have been for what is agreed on.
 */
const follows = union({
  close: [0, struct({ hash: fixed(32) })],
  vote: [1, struct({ vote: agreement.voteCodec })],
});
export type Follows = Infer<typeof follows>;

/** Body of an envelope of kind `dkgMessage`. */
export const messageCodec = struct({ session: fixed(32), follows, payload });
export type Message = Infer<typeof messageCodec>;
export type Payload = Infer<typeof payload>;
export type PayloadType = Payload['type'];
export type PayloadOf<T extends PayloadType> = Extract<Payload, { type: T }>;

const phaseOfType: Record<PayloadType, Phase> = {
  initialisation: Phase.Initialisation,
  contribution: Phase.Contribution,
  complaining: Phase.Complaining,
  justification: Phase.Justification,
  commitment: Phase.Commitment,
  finalisation: Phase.Finalisation,
  opening: Phase.Commitment,
};

export function phaseOf(type: PayloadType): Phase {
  return phaseOfType[type];
}

/**
 * Messages that may go with a vote, and the phase whose close it is for: what they reveal does not depend on who is in it.
 * What a dealer shows after Complaining does: whoever saw it sooner could choose who is in.
 */
const VOTED_ON: Partial<Record<PayloadType, Phase>> = {
  contribution: Phase.Initialisation,
  complaining: Phase.Contribution,
  finalisation: Phase.Commitment,
};

/** The phase whose close is voted for with such a message; undefined for one that never goes with a vote. */
export function votedOn(type: PayloadType): Phase | undefined {
  return VOTED_ON[type];
}

/** The phase of the message that goes with the first vote for the close of `phase`, if any does. */
export function phaseAhead(phase: Phase): Phase | undefined {
  const type = (Object.keys(VOTED_ON) as PayloadType[]).find((each) => VOTED_ON[each] === phase);
  return type && phaseOf(type);
}

/** @throws WitanError `WITAN_ERR_MALFORMED`; `WITAN_ERR_INVALID` for what may not go with a vote, or with such a vote */
export function openMessage(body: Uint8Array): Message {
  const message = decode(messageCodec, body);
  const { follows, payload } = message;
  if (follows.type === 'close') return message;
  const { step, view, value } = follows.vote;
  if (votedOn(payload.type) === undefined || step !== 'prevote' || view !== 0 || !value) {
    throw new WitanError('WITAN_ERR_INVALID', `a ${payload.type} message with a ${step} of view ${view}`);
  }
  return message;
}

/** Hash of the close that a message follows. */
export function followed({ follows }: Message): Uint8Array {
  return follows.type === 'close' ? follows.hash : follows.vote.value!;
}

/** What a close decides. */
export const closeCodec = struct({
  phase: u8,
  /** Exactly these messages count. Ascending by sender. */
  included: list(struct({ sender: index, id: fixed(32) }), MAX_PARTICIPANTS),
  /** Who was there and is so no more: the next phase does not wait for them. Ascending. */
  silent: list(index, MAX_PARTICIPANTS),
});
export type CloseValue = Infer<typeof closeCodec>;

/** More than {@link closeCodec} can come to. */
export const MAX_CLOSE_BYTES = 8 * 1024;

/** Undefined for bytes that are no close. */
export function decodeClose(bytes: Uint8Array): CloseValue | undefined {
  return unlessBad(() => decode(closeCodec, bytes));
}
