import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { latin1 } from './hash.ts';
import { operations } from './meter.ts';
import { requireLength } from './refuse.ts';

/** Raw keys of Ed25519 and X25519 as key objects of OpenSSL. */
export const KEY_BYTES = 32;
export type Curve = 'Ed25519' | 'X25519';

/** PKCS #8 up to the 32 secret bytes (RFC 8410, section 7). */
const PKCS8: Readonly<Record<Curve, Uint8Array>> = {
  Ed25519: Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex')),
  X25519: Uint8Array.from(Buffer.from('302e020100300506032b656e04220420', 'hex')),
};

/** @throws WitanError `WITAN_ERR_MALFORMED` when `secret` is not 32 bytes. */
export function importPrivate(curve: Curve, secret: Uint8Array): KeyObject {
  requireLength(secret, KEY_BYTES, 'a private key');
  operations.privateKeyImport++;
  const key = Buffer.concat([PKCS8[curve], secret]);
  try {
    return withoutTraces(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
  } finally {
    key.fill(0);
  }
}

/** JWK is the quickest way in for a raw public key. @throws WitanError `WITAN_ERR_MALFORMED` when it is not 32 bytes. */
export function importPublic(curve: Curve, raw: Uint8Array): KeyObject {
  requireLength(raw, KEY_BYTES, 'a public key');
  operations.keyImport++;
  const x = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64url');
  return withoutTraces(() => createPublicKey({ key: { kty: 'OKP', crv: curve, x }, format: 'jwk' }));
}

/**
 * To find out that a key is not a key object, Node throws an error within, several times an import, and the stack traces
 * of these take longer than the import.
 */
function withoutTraces<T>(run: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The raw public key of a key object of either kind. */
export function exportPublic(key: KeyObject): Uint8Array {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x as string, 'base64url'));
}

/** Nodes sign often and are few; whoever floods with new keys only pays the import again. */
const REMEMBERED_MAX = 4096;
const remembered = new LRUCache<string, KeyObject>({ max: REMEMBERED_MAX });

/** The key object of an Ed25519 public key, `check`ed and imported once while it is remembered. */
export function ed25519Public(raw: Uint8Array, check: (raw: Uint8Array) => void): KeyObject {
  const name = latin1(raw);
  let key = remembered.get(name);
  if (key === undefined) {
    key = importPublic('Ed25519', raw);
    check(raw);
    remembered.set(name, key);
  }
  return key;
}
