import { hkdf } from './hash.ts';
import { malformed, requireLength } from './refuse.ts';

/**
 * An element of the scalar field of BLS12-381, always in [0, ORDER).
 *
 * BigInt arithmetic takes a time that depends on the values. Secrets meet it only where polynomials are evaluated
 * and shares are added; multiples of the generator and signatures are made by blst in constant time.
 */
export type Scalar = bigint;

export const SCALAR_BYTES = 32;
/** The prime r: the order of G1 and G2. */
export const ORDER: Scalar = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

const WORD = 0xffff_ffff_ffff_ffffn;

/** Any integer, also a negative one, reduced to [0, ORDER). */
export function mod(value: bigint): Scalar {
  const rest = value % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

export function add(a: Scalar, b: Scalar): Scalar {
  const total = a + b;
  return total >= ORDER ? total - ORDER : total;
}

export function sub(a: Scalar, b: Scalar): Scalar {
  return a >= b ? a - b : a - b + ORDER;
}

export function mul(a: Scalar, b: Scalar): Scalar {
  return (a * b) % ORDER;
}

export function neg(a: Scalar): Scalar {
  return a === 0n ? 0n : ORDER - a;
}

/** The inverse by the extended Euclidean algorithm. @throws RangeError for zero: a defect of the caller. */
export function invert(a: Scalar): Scalar {
  if (mod(a) === 0n) throw new RangeError('zero has no inverse');
  let [r0, r1] = [ORDER, mod(a)];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return mod(t0);
}

/** 32 bytes, big-endian. */
export function scalarToBytes(scalar: Scalar): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, (scalar >> 192n) & WORD);
  view.setBigUint64(8, (scalar >> 128n) & WORD);
  view.setBigUint64(16, (scalar >> 64n) & WORD);
  view.setBigUint64(24, scalar & WORD);
  return bytes;
}

/** The one scalar that these 32 bytes are. @throws WitanError `WITAN_ERR_MALFORMED`: another length, or not below ORDER. */
export function scalarFromBytes(bytes: Uint8Array): Scalar {
  requireLength(bytes, SCALAR_BYTES, 'a scalar');
  const scalar = bigEndian(bytes);
  if (scalar >= ORDER) throw malformed('the scalar is not below the group order');
  return scalar;
}

/**
 * A uniform, non-zero scalar from a secret seed: 48 bytes of HKDF reduced mod r, so that the bias is below 2^-128
 * (the margin of RFC 9380, section 5.1). The next counter replaces a zero that nobody will ever see.
 */
export function scalarFromHash(seed: Uint8Array, info: string): Scalar {
  for (let counter = 0; ; counter++) {
    const wide = hkdf(seed, counter === 0 ? info : `${info}/${counter}`, 48);
    const scalar = bigEndian(wide) % ORDER;
    wide.fill(0);
    if (scalar !== 0n) return scalar;
  }
}

/** The unsigned integer of up to 64 bytes, the first the most significant. */
export function bigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value = 0n;
  let offset = 0;
  for (; offset + 8 <= bytes.length; offset += 8) value = (value << 64n) | view.getBigUint64(offset);
  for (; offset < bytes.length; offset++) value = (value << 8n) | BigInt(bytes[offset]!);
  return value;
}
