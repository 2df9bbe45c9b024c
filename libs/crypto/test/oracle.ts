import { bls12_381 } from '@noble/curves/bls12-381.js';
import { errorCode, type WitanErrorCode } from '@witan/errors';
import fc from 'fast-check';
import { expect } from 'vitest';
import { concatBytes, encodeG1, type G1Point, ORDER, type Scalar } from '../src/index.ts';

/** An independent implementation of the same curve, against which everything here is checked. */
export const G1 = bls12_381.G1.Point;
export const G2 = bls12_381.G2.Point;
export const Fp = bls12_381.fields.Fp;
export type OraclePoint = InstanceType<typeof G1>;

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const fill = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);

/** The order of the torsion part of E(Fp): E has this times r points. */
export const COFACTOR = 0x396c8c005555e1568c00aaab0000aaabn;

/** Points of the curve outside the subgroup: each has an x of its own and a part in G1 and one in the torsion. */
export function strayPoints(count: number): OraclePoint[] {
  const points: OraclePoint[] = [];
  for (let x = 1n; points.length < count; x++) {
    try {
      const y = Fp.sqrt(Fp.add(Fp.mul(Fp.mul(x, x), x), 4n));
      const point = G1.fromAffine({ x, y });
      if (!point.isTorsionFree()) points.push(point);
    } catch {
      // No point of the curve has this x.
    }
  }
  return points;
}

/** The encodings by hand: the oracle's own refuse what is outside the subgroup, which is what is wanted here. */
export function uncompressedOf(point: OraclePoint): Uint8Array {
  const { x, y } = point.toAffine();
  return concatBytes(Fp.toBytes(x), Fp.toBytes(y));
}

export function compressedOf(point: OraclePoint): Uint8Array {
  const { x, y } = point.toAffine();
  const bytes = Fp.toBytes(x);
  bytes[0]! |= y > Fp.neg(y) ? 0xa0 : 0x80;
  return bytes;
}

/** The x of no point of the curve, compressed. */
export function offCurve(): Uint8Array {
  for (let x = 1n; ; x++) {
    try {
      Fp.sqrt(Fp.add(Fp.mul(Fp.mul(x, x), x), 4n));
    } catch {
      const bytes = new Uint8Array(48);
      bytes[0] = 0x80;
      bytes[47] = Number(x);
      return bytes;
    }
  }
}

export const scalars: fc.Arbitrary<Scalar> = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt(1n, ORDER - 1n) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 2n, ORDER - 1n, ORDER - 2n, 1n << 254n, (1n << 128n) - 1n) },
);

/** The oracle has no bytes for infinity: they are those of the standard, the flags for "compressed" and "infinity". */
const INFINITY = Uint8Array.from({ length: 48 }, (_, index) => (index === 0 ? 0xc0 : 0));

export const expectSame = (point: G1Point, oracle: OraclePoint): void => {
  expect(encodeG1(point)).toEqual(oracle.is0() ? INFINITY : oracle.toBytes(true));
};

/** The code that `run` is refused with, or 'accepted'. */
export function answerOf(run: () => unknown): WitanErrorCode | 'accepted' {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return errorCode(error);
  }
}
