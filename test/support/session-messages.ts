import type { Identity } from '@witan/crypto';
import { forms, PHASES, type Phase, type PhaseName, phaseName, sessionOf } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { type Rule, silentFrom } from './link.ts';
import type { Published } from './nats-frames.ts';

/** What a message on the bus is in a DKG session; undefined for everything else. */
export interface SpokenInSession {
  readonly session: string;
  readonly author: string;
  readonly phase: Phase;
  readonly payload: forms.Payload;
  readonly follows: forms.Follows;
}

/** @param tag of the network */
export function spokenInSession(
  { payload: raw }: Pick<Published, 'payload'>,
  tag: Uint8Array,
): SpokenInSession | undefined {
  const session = sessionOf(raw, tag);
  if (session === undefined) return undefined;
  const { kind, author, body } = peekEnvelope(raw, tag);
  if (kind !== 'dkgMessage') return undefined;
  try {
    const { payload, follows } = decode(forms.messageCodec, body);
    return { session, author, phase: forms.phaseOf(payload.type), payload, follows };
  } catch (error) {
    if (isWitanError(error)) return undefined;
    throw error;
  }
}

/** Phase of whose close a message is a vote that goes alone; undefined for everything else. */
function votedAlone({ payload: raw }: Published, tag: Uint8Array): number | undefined {
  if (sessionOf(raw, tag) === undefined) return undefined;
  const { kind, body } = peekEnvelope(raw, tag);
  return kind === 'dkgVote' ? decode(forms.voteBody, body).phase : undefined;
}

/**
 * Silent from the first word in a phase of a session on, but for votes on closes before it, also the one that comes with
 * that word: so the others get to that phase, and wait there. @param tag of the network @param identity of whoever is silent
 */
export function silentInPhase(phase: PhaseName, tag: Uint8Array, identity: Identity): Rule {
  const isWord = (message: Published) => {
    const spoken = spokenInSession(message, tag);
    return spoken !== undefined && phaseName(spoken.phase) === phase ? spoken : undefined;
  };
  const silence = silentFrom((message) => isWord(message) !== undefined);
  return (message) => {
    const ruled = silence(message);
    const word = isWord(message);
    if ((votedAlone(message, tag) ?? PHASES.length) < PHASES.indexOf(phase)) return message;
    if (word?.follows.type !== 'vote') return ruled;
    return { meanwhile: { ...message, payload: voteAlone(word, tag, identity) } };
  };
}

function voteAlone({ session, payload, follows }: SpokenInSession, tag: Uint8Array, identity: Identity): Uint8Array {
  if (follows.type !== 'vote') throw new Error('a message without a vote');
  const vote = { session: Buffer.from(session, 'hex'), phase: forms.votedOn(payload.type)!, vote: follows.vote };
  return sealEnvelope(identity, tag, 'dkgVote', encode(forms.voteBody, vote)).raw;
}
