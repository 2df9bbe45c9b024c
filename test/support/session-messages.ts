import { forms, type Phase, type PhaseName, phaseName, sessionOf } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { decode, peekEnvelope } from '@witan/wire';
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
export function spokenInSession({ payload: raw }: Published, tag: Uint8Array): SpokenInSession | undefined {
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

/** Silent from the first word in a phase of a session on. @param tag of the network */
export function silentInPhase(phase: PhaseName, tag: Uint8Array): Rule {
  return silentFrom((message) => {
    const spoken = spokenInSession(message, tag);
    return spoken !== undefined && phaseName(spoken.phase) === phase;
  });
}
