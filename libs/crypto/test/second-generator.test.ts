import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeG1,
  equals,
  isInfinity,
  mulSecond,
  multiply,
  ORDER,
  prepareTables,
  SECOND_GENERATOR,
  SECOND_GENERATOR_DST,
  SECOND_GENERATOR_MESSAGE,
} from '../src/index.ts';
import { bytesOf, expectSame, G1, scalars } from './oracle.ts';

const hashToG1 = (message: string, DST: string) => bls12_381.G1.hashToCurve(bytesOf(message), { DST });
const H = hashToG1(SECOND_GENERATOR_MESSAGE, SECOND_GENERATOR_DST);

describe('the second generator', () => {
  test('the oracle’s hash to G1 is that of RFC 9380, appendix J.9.1', () => {
    const point = hashToG1('', 'QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_').toAffine();
    expect(point.x).toBe(
      0x052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1n,
    );
    expect(point.y).toBe(
      0x08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265n,
    );
  });

  test('is the hash of its documented string: nobody chose it', () => {
    expectSame(SECOND_GENERATOR, H);
    expect(encodeG1(SECOND_GENERATOR)).not.toEqual(G1.BASE.toBytes(true));
  });

  test('its multiples from the table are those of the oracle', () => {
    prepareTables();
    fc.assert(
      fc.property(scalars, (scalar) => expectSame(mulSecond(scalar), H.multiply(scalar))),
      { numRuns: 40 },
    );
  });

  test('at the edges of the range and of the table’s digits', () => {
    expect(isInfinity(mulSecond(0n))).toBe(true);
    expect(isInfinity(mulSecond(ORDER))).toBe(true);
    for (const scalar of [1n, 2n, 63n, 64n, 65n, ORDER - 1n, ORDER >> 1n, (1n << 252n) - 1n, 1n << 252n, ORDER + 5n]) {
      expect(equals(mulSecond(scalar), multiply(SECOND_GENERATOR, scalar))).toBe(true);
    }
    // The offset that the digits are counted from, where they are all zero; and all digits alike.
    const ones = (64n ** 43n - 1n) / 63n;
    for (let digit = 0n; digit < 64n; digit++) {
      const scalar = (ones * (digit + 1n)) % ORDER;
      expect(equals(mulSecond(scalar), multiply(SECOND_GENERATOR, scalar))).toBe(true);
    }
  });
});
