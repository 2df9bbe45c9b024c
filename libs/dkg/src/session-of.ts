import { toHex } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { bytes, decode, decodeJson, encode, fixed, peekEnvelope, struct } from '@witan/wire';
import type { Session } from './session.ts';

/** All bodies of a session begin with its id. */
const SESSION_BYTES = 32;

/** Which session a received message claims to belong to; undefined for bytes that are not a message of any. */
export function sessionOf(raw: Uint8Array, network: Uint8Array): string | undefined {
  return unlessBad(() => {
    const { kind, body } = peekEnvelope(raw, network);
    if (!kind.startsWith('dkg') || body.length < SESSION_BYTES) return undefined;
    return toHex(body.subarray(0, SESSION_BYTES));
  });
}

/** Body of an envelope of kind `dkgReport`: what its author saw, as JSON. For people; nothing is decided by it. */
const reportsBody = struct({ session: fixed(SESSION_BYTES), entries: bytes(384 * 1024) });

/** @param entries JSON of a list */
export function encodeReports(session: Session, entries: string): Uint8Array {
  return encode(reportsBody, { session: session.idBytes, entries: new TextEncoder().encode(entries) });
}

/** @throws WitanError `WITAN_ERR_MALFORMED` */
export function decodeReports(body: Uint8Array): { readonly session: string; readonly entries: unknown } {
  const { session, entries } = decode(reportsBody, body);
  return { session: toHex(session), entries: decodeJson(entries) };
}
