import { verifySignature } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { bytes, decode, encode, fixed, struct, u32 } from '@witan/wire';
import { type Decision, decisionHash, decodeDecision } from './decision.ts';

const certificateCodec = struct({
  /** The view in which a supermajority voted: shares of different views do not add up to a decision. */
  view: u32,
  signature: fixed(96),
});

/** No decision is larger: one of the largest elder set has some 11 KiB. */
export const MAX_DECISION_BYTES = 64 * 1024;

/** A decision with the signature of the section on it, as it is sent and stored. */
const certifiedCodec = struct({ decision: bytes(MAX_DECISION_BYTES), certificate: certificateCodec });

const DOMAIN = new TextEncoder().encode('witan/certificate/1');

/** The bytes that an elder's second vote signs with its key share. */
export function certificateMessage(hash: Uint8Array, view: number): Uint8Array {
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(view);
  return new Uint8Array(Buffer.concat([DOMAIN, hash, tail]));
}

declare const certified: unique symbol;

/** A decision with section authority: the type has no other maker than {@link openCertified}, which verifies. */
export interface Certified {
  readonly [certified]: true;
  readonly decision: Decision;
  /** The exact bytes that were decided. */
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly view: number;
  readonly signature: Uint8Array;
  /** The section key that signed. */
  readonly signedBy: Uint8Array;
  /** The whole as it is sent and stored. */
  readonly raw: Uint8Array;
}

export function encodeCertified(decision: Uint8Array, view: number, signature: Uint8Array): Uint8Array {
  return encode(certifiedCodec, { decision, certificate: { view, signature } });
}

/** What a certified decision claims, before anything is verified. */
export function peekCertified(raw: Uint8Array): { readonly decision: Decision; readonly bytes: Uint8Array } {
  const fields = decode(certifiedCodec, raw);
  return { decision: decodeDecision(fields.decision), bytes: fields.decision };
}

/**
 * Verifies `raw` under `key` (48 bytes).
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (signature not a point), `WITAN_ERR_SIGNATURE`
 */
export function openCertified(raw: Uint8Array, key: Uint8Array): Certified {
  const fields = decode(certifiedCodec, raw);
  const decision = decodeDecision(fields.decision);
  const hash = decisionHash(fields.decision);
  const { view, signature } = fields.certificate;
  if (!verifySignature(key, certificateMessage(hash, view), signature)) {
    throw new WitanError('WITAN_ERR_SIGNATURE', `generation ${decision.generation} is not signed by the section key`);
  }
  return {
    decision,
    bytes: fields.decision,
    hash,
    view,
    signature,
    signedBy: key,
    raw: new Uint8Array(raw),
  } as Certified;
}
