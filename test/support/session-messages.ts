import type { Bus } from '@witan/bus';
import { type Identity, sha256 } from '@witan/crypto';
import { forms, PHASES, type Phase, type PhaseName, phaseName, sessionOf } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { forms as sectionForms } from '@witan/section';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { type Rule, silentFrom } from '../breakable/link.ts';
import type { Published } from '../breakable/nats-frames.ts';

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

/** Who is silent may ask for what it lacks, so that it gets to the phase like the others. */
export function butAsking(silence: Rule): Rule {
  return (message) => (/\.ae\.(dkg|section)$/.test(message.subject) ? message : silence(message));
}

/**
 * A dealer whose shares for the first two receivers, one of whom may be itself, cannot be opened: signed with the
 * node's own key, as by whoever broke in. @param thenSilentIn this phase, and from then on
 */
export function dealsFalsely(thenSilentIn: PhaseName, tag: Uint8Array, identity: Identity): Rule {
  const silence = silentInPhase(thenSilentIn, tag, identity);
  return (message) => {
    // Asked for its contribution, it would show another one.
    if (message.subject.startsWith('_INBOX.')) return 'lost';
    const spoken = spokenInSession(message, tag);
    if (spoken?.payload.type !== 'contribution') return silence(message);
    const shares = spoken.payload.shares.map((share, receiver) =>
      receiver < 2 ? { ...share, ciphertext: share.ciphertext.map((byte) => byte ^ 1) } : share,
    );
    return { ...message, payload: said(identity, tag, { ...spoken, payload: { ...spoken.payload, shares } }) };
  };
}

/** A message of a session, as its author would say it. */
export function said(
  author: Identity,
  tag: Uint8Array,
  { session, follows, payload }: Pick<SpokenInSession, 'session' | 'follows' | 'payload'>,
): Uint8Array {
  const body = encode(forms.messageCodec, { session: Buffer.from(session, 'hex'), follows, payload });
  return sealEnvelope(author, tag, 'dkgMessage', body).raw;
}

/**
 * Silent in this phase of each session and all phases after it, and nowhere else: without it no session ends, while the
 * section goes on. @param tag of the network @param identity of whoever is silent
 */
export function muteInPhase(phase: PhaseName, tag: Uint8Array, identity: Identity): Rule {
  const bySession = new Map<string, Rule>();
  return (message) => {
    // Asked, it would say what it has to say.
    if (message.subject.startsWith('_INBOX.')) return 'lost';
    const session = sessionOf(message.payload, tag);
    if (session === undefined) return message;
    const rule = bySession.get(session) ?? butAsking(silentInPhase(phase, tag, identity));
    bySession.set(session, rule);
    return rule(message);
  };
}

/** Votes in its section for one thing and, on `bus`, for another. */
export function saysTwice(bus: Bus, tag: Uint8Array, identity: Identity): Rule {
  return (message) => {
    if (!message.subject.endsWith('.decisions')) return message;
    const { kind, body } = peekEnvelope(message.payload, tag);
    if (kind !== 'sectionVote') return message;
    const { vote, ...of } = decode(sectionForms.voteBody, body);
    const other = encode(sectionForms.voteBody, { ...of, vote: { ...vote, value: sha256(body) } });
    bus.publish(message.subject, sealEnvelope(identity, tag, kind, other).raw);
    return message;
  };
}
