import { createSecretKey, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { operations } from './meter.ts';
import { malformed } from './refuse.ts';

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array(0);

/** SHA-256, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  // By way of a text: for a digest as bytes Node makes a buffer outside of the heap, which takes longer than the hashing.
  return new Uint8Array(Buffer.from(hash('sha256', bytes, 'binary'), 'latin1'));
}

/** HKDF-SHA256 (RFC 5869). At most 8160 bytes. */
export function hkdf(
  secret: Uint8Array,
  info: string | Uint8Array,
  length: number,
  salt: Uint8Array = EMPTY,
): Uint8Array {
  operations.hkdf++;
  const context = typeof info === 'string' ? utf8.encode(info) : info;
  // A key object: to find out that bytes are none, Node throws an error within, which takes longer than the hashing.
  return new Uint8Array(hkdfSync('sha256', createSecretKey(secret), salt, context, length));
}

/** One character a byte: the shortest text that can be a key. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** V8 keeps arrays up to this length on its heap, and has to move one whose `buffer` is asked for. */
const ON_HEAP = 64;

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  const { length } = bytes;
  return (length <= ON_HEAP ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, length)).toString('hex');
}

/**
 * The bytes of lower-case hex: one text for one value, so that hex can be compared as text.
 * @throws WitanError `WITAN_ERR_MALFORMED` for upper case, odd length, other characters, or not `length` bytes.
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw malformed('not lower-case hex');
  if (length !== undefined && text.length !== 2 * length) throw malformed(`${length} bytes of hex expected`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}

/** Equality in a time that depends on the length only. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The bytes one after another. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
