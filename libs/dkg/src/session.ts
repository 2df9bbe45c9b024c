import { type Certified, decisionHash, supermajority } from '@witan/chain';
import { nodeName, sha256, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import type { Phase } from './phases.ts';

export interface Participant {
  readonly index: number;
  readonly name: string;
  readonly publicKey: Uint8Array;
}

/** One DKG run, as its DkgStart says. Only a certified decision makes one. */
export interface Session {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly prefix: string;
  readonly generation: number;
  readonly attempt: number;
  readonly participants: readonly Participant[];
  readonly indexOf: ReadonlyMap<string, number>;
  /** Signature shares that make a signature; the polynomials have this many coefficients. */
  readonly threshold: number;
  /** Votes that close a phase. */
  readonly quorum: number;
  /** The certified DkgStart as it is sent. */
  readonly start: Uint8Array;
}

/** @throws WitanError `WITAN_ERR_INVALID` when the decision is not a well-made DkgStart. */
export function openSession(certified: Certified): Session {
  const { decision } = certified;
  if (decision.action.type !== 'dkg') throw new WitanError('WITAN_ERR_INVALID', 'the decision starts no session');
  const { participants: keys, threshold, attempt } = decision.action;
  const participants = keys.map((publicKey, index) => ({ index, name: nodeName(publicKey), publicKey }));
  const names = participants.map((participant) => participant.name);
  if (names.length === 0 || names.some((name, index) => index > 0 && name <= names[index - 1]!)) {
    throw new WitanError('WITAN_ERR_INVALID', 'participants are not sorted, or one stands twice');
  }
  if (threshold !== supermajority(names.length)) {
    throw new WitanError('WITAN_ERR_INVALID', `threshold ${threshold} is not the supermajority of ${names.length}`);
  }
  const idBytes = decisionHash(certified.bytes);
  return {
    id: toHex(idBytes),
    idBytes,
    prefix: decision.prefix,
    generation: decision.generation,
    attempt,
    participants,
    indexOf: new Map(names.map((name, index) => [name, index])),
    threshold,
    quorum: supermajority(names.length),
    start: certified.raw,
  };
}

/** Names the agreement on the close of one phase of one session. */
export function closeInstance(session: Session, phase: Phase): Uint8Array {
  return sha256(Buffer.concat([Buffer.from('witan/dkg/close/1'), session.idBytes, Buffer.of(phase)]));
}
