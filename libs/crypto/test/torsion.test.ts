import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CurvePoint,
  countOperations,
  decodeCurvePoint,
  encodeG1,
  findBadPedersenShares,
  group,
  isInfinity,
  linearCombination,
  mulBase,
  ORDER,
  sum,
  toSubgroup,
} from '../src/index.ts';
import { equalModuloTorsion } from '../src/torsion.ts';
import {
  answerOf,
  COFACTOR,
  expectSame,
  fill,
  G1,
  type OraclePoint,
  scalars,
  strayPoints,
  uncompressedOf,
} from './oracle.ts';

const read = (point: OraclePoint): CurvePoint => decodeCurvePoint(uncompressedOf(point));
/** Torsion: r times a point of the curve. */
const torsion = strayPoints(6).map((point) => point.multiplyUnsafe(ORDER - 1n).add(point));
/** Points of the smallest orders, where random combinations are weakest. The part of order 11 is Z11 × Z11. */
const part = (exponent: bigint): OraclePoint =>
  torsion.map((point) => point.multiplyUnsafe(COFACTOR / exponent)).find((point) => !point.is0())!;
const ofOrder3 = part(3n);
const ofOrder11 = part(121n);

describe('torsion', () => {
  test('is what the tests think it is', () => {
    for (const point of torsion) expect(point.multiplyUnsafe(COFACTOR).is0()).toBe(true);
    expect(ofOrder3.multiplyUnsafe(3n).is0()).toBe(true);
    expect(ofOrder11.multiplyUnsafe(11n).is0()).toBe(true);
  });

  test('does not count: a point equals itself plus torsion, and no other', () => {
    fc.assert(
      fc.property(scalars, fc.nat(torsion.length - 1), (scalar, i) => {
        const shifted = read(G1.BASE.multiply(scalar).add(torsion[i]!));
        expect(equalModuloTorsion(shifted, mulBase(scalar))).toBe(true);
        expect(equalModuloTorsion(mulBase(scalar), shifted)).toBe(true);
        expect(equalModuloTorsion(shifted, mulBase(scalar + 1n))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test('equality within the subgroup is plain equality', () => {
    expect(equalModuloTorsion(mulBase(5n), mulBase(5n))).toBe(true);
    expect(equalModuloTorsion(mulBase(5n), mulBase(6n))).toBe(false);
  });

  test('the projection takes it away', () => {
    for (const point of [...torsion, ofOrder11]) {
      expectSame(toSubgroup(read(G1.BASE.multiply(77n).add(point))), G1.BASE.multiply(77n));
      expect(isInfinity(toSubgroup(read(point)))).toBe(true);
    }
  });

  test('a point of the subgroup is its own projection, at the price of a check or, if known, of nothing', () => {
    const { result, counts } = countOperations(() => toSubgroup(read(G1.BASE.multiply(5n))));
    expectSame(result, G1.BASE.multiply(5n));
    expect([counts.g1SubgroupCheck, counts.g1Mul]).toEqual([1, 0]);
    const known = mulBase(5n);
    expect(countOperations(() => toSubgroup(known)).counts.g1SubgroupCheck).toBe(0);
    expect(toSubgroup(known)).toBe(known);
  });

  test('the projection of a sum is the sum of the projections', () => {
    const points = torsion.map((point, i) => read(G1.BASE.multiply(BigInt(i + 2)).add(point)));
    expect(encodeG1(toSubgroup(sum(points)))).toEqual(encodeG1(sum(points.map(toSubgroup))));
  });

  test('torsion that cancels in a sum leaves nothing', () => {
    const a = read(G1.BASE.add(torsion[0]!));
    const b = read(G1.BASE.subtract(torsion[0]!));
    expectSame(toSubgroup(group.add(a, b)), G1.BASE.double());
  });

  test('linear combinations hold modulo torsion', () => {
    fc.assert(
      fc.property(fc.array(scalars, { minLength: 1, maxLength: 6 }), (factors) => {
        const points = factors.map((_, i) => read(G1.BASE.multiply(BigInt(i + 1)).add(torsion[i]!)));
        const value = factors.reduce((total, factor, i) => total + factor * BigInt(i + 1), 0n);
        expect(equalModuloTorsion(linearCombination(points, factors), mulBase(value))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('of order 3 or 11 never changes what a batch finds', () => {
    for (const small of [ofOrder3, ofOrder11]) {
      const dealings = [1n, 2n, 3n, 4n].map((value, j) => ({
        commitment: [read(G1.BASE.multiply(value).add(small))],
        share: { value: j === 2 ? value + 1n : value, blind: 0n },
      }));
      for (let coin = 0; coin < 20; coin++) expect(findBadPedersenShares(1, dealings, fill(coin))).toEqual([2]);
    }
  });

  test('the two points with x = 0, of order 3, are refused when they come as such', () => {
    expect(ofOrder3.toAffine().x).toBe(0n);
    expect(answerOf(() => read(ofOrder3))).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => read(ofOrder3.negate()))).toBe('WITAN_ERR_INVALID');
    // As what a sum leaves they have the neutral projection, like all torsion.
    const left = group.sub(read(G1.BASE.add(ofOrder3)), mulBase(1n));
    expect(isInfinity(toSubgroup(left))).toBe(true);
  });
});
