import * as agreement from '@witan/agreement';
import { sha256, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import {
  bytes,
  decode,
  encode,
  fixed,
  type Infer,
  list,
  openEnvelope,
  peekEnvelope,
  type Signed,
  struct,
  u8,
} from '@witan/wire';
import { closeCodec, MAX_CLOSE_BYTES, openMessage, votedOn } from './messages.ts';
import { isPhase, type Phase } from './phases.ts';
import { closeInstance, type Session } from './session.ts';
import type { Close, State } from './state.ts';

/** Body of an envelope of kind `dkgVote`. */
export const voteBody = struct({ session: fixed(32), phase: u8, vote: agreement.voteCodec });
/** Body of an envelope of kind `dkgProposal`. */
export const proposalBody = struct({
  session: fixed(32),
  phase: u8,
  proposal: agreement.proposalCodec(MAX_CLOSE_BYTES),
});

export function openVote(body: Uint8Array): Infer<typeof voteBody> {
  return decode(voteBody, body);
}

export function openProposal(body: Uint8Array): Infer<typeof proposalBody> {
  return decode(proposalBody, body);
}

/** Of a vote alone, or with a message. */
export const MAX_VOTE_BYTES = 4096;

/** A vote that was sent alone or with a message; undefined for all else. @throws WitanError `WITAN_ERR_MALFORMED` */
export function openBallot({
  kind,
  body,
}: Pick<Signed, 'kind' | 'body'>): { readonly phase: number; readonly vote: agreement.Vote } | undefined {
  if (kind === 'dkgVote') return openVote(body);
  if (kind !== 'dkgMessage') return undefined;
  const { follows, payload } = openMessage(body);
  return follows.type === 'vote' ? { phase: votedOn(payload.type)!, vote: follows.vote } : undefined;
}

const votesCodec = list(bytes(MAX_VOTE_BYTES), 256);
/** A close with the votes that prove it: what stragglers are sent. */
const certificateCodec = struct({ value: bytes(64 * 1024), votes: bytes(512 * 1024) });

export function encodeVotes(votes: readonly Uint8Array[]): Uint8Array {
  return encode(votesCodec, votes);
}

export function encodeCloseCertificate(value: Uint8Array, votes: Uint8Array): Uint8Array {
  return encode(certificateCodec, { value, votes });
}

/** A close as it stands in the state. `certificate` is taken as proven: by the own agreement, or by {@link openClose}. */
export function makeClose(valueBytes: Uint8Array, view: number, certificate: Uint8Array): Close {
  const value = decode(closeCodec, valueBytes);
  return {
    value,
    hash: toHex(sha256(valueBytes)),
    view,
    included: new Map(value.included.map(({ sender, id }) => [sender, toHex(id)])),
    certificate,
  };
}

/**
 * Verifies a close that someone else sent: a quorum of second votes for it, by different participants, in one view, or
 * the first votes of all that say that they may decide.
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_SIGNATURE` or `WITAN_ERR_INVALID`
 */
export function openClose(session: Session, network: Uint8Array, raw: Uint8Array): Close & { readonly phase: Phase } {
  const certificate = decode(certificateCodec, raw);
  const hash = sha256(certificate.value);
  const { phase } = decode(closeCodec, certificate.value);
  if (!isPhase(phase)) throw new WitanError('WITAN_ERR_MALFORMED', `no phase ${phase}`);
  const instance = closeInstance(session, phase);
  const voters = new Set<string>();
  let first: agreement.Vote | undefined;
  for (const each of decode(votesCodec, certificate.votes)) {
    const signed = openEnvelope(each, network);
    const vote = openBallot(signed)?.vote;
    first ??= vote;
    const counts =
      vote !== undefined &&
      first !== undefined &&
      session.indexOf.has(signed.author) &&
      vote.step === first.step &&
      vote.view === first.view &&
      (vote.step === 'precommit' || (vote.fast && vote.view === 0)) &&
      vote.value !== undefined &&
      Buffer.compare(vote.value, hash) === 0 &&
      Buffer.compare(vote.instance, instance) === 0;
    if (!counts) throw new WitanError('WITAN_ERR_INVALID', 'a vote of the certificate is not for this close');
    voters.add(signed.author);
  }
  const needed = first?.step === 'prevote' ? session.participants.length : session.quorum;
  if (!first || voters.size < needed) {
    throw new WitanError('WITAN_ERR_INVALID', `${voters.size} votes where ${needed} close a phase`);
  }
  return { ...makeClose(certificate.value, first.view, raw), phase };
}

export function encodeVote(state: State, vote: agreement.Vote): Uint8Array {
  return encode(voteBody, { session: state.session.idBytes, phase: state.phase, vote });
}

export function encodeProposal(session: Session, phase: Phase, proposal: agreement.Proposal): Uint8Array {
  return encode(proposalBody, { session: session.idBytes, phase, proposal });
}

/** A certificate from the own journal, which was verified when it was written. */
export function decodeCloseCertificate(
  raw: Uint8Array,
  network: Uint8Array,
): { readonly value: Uint8Array; readonly view: number } {
  const { value, votes } = decode(certificateCodec, raw);
  const first = decode(votesCodec, votes)[0]!;
  return { value, view: openBallot(peekEnvelope(first, network))!.vote.view };
}
