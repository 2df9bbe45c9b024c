import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CurvePoint,
  decodeCurvePoint,
  decodeG1,
  encodeCurvePoint,
  encodeG1,
  equals,
  evaluateCommitment,
  G1_GENERATOR,
  type G1Point,
  group,
  INFINITY,
  isInfinity,
  linearCombination,
  mulBase,
  multiply,
  negate,
  ORDER,
  sum,
} from '../src/index.ts';
import { answerOf, expectSame, G1, type OraclePoint, scalars, strayPoints, uncompressedOf } from './oracle.ts';

const oracle = (scalar: bigint): OraclePoint => (scalar === 0n ? G1.ZERO : G1.BASE.multiply(scalar));
const few = { numRuns: 25 };

describe('arithmetic on points is that of the oracle', () => {
  test('multiples of the generator', () => {
    fc.assert(
      fc.property(scalars, (scalar) => expectSame(mulBase(scalar), oracle(scalar))),
      few,
    );
    expectSame(G1_GENERATOR, G1.BASE);
  });

  test('0, r and r + 1, which blst refuses or must not see', () => {
    expect(isInfinity(mulBase(0n))).toBe(true);
    expect(isInfinity(mulBase(ORDER))).toBe(true);
    expectSame(mulBase(ORDER + 1n), G1.BASE);
    expect(isInfinity(multiply(G1_GENERATOR, 0n))).toBe(true);
    expect(isInfinity(multiply(G1_GENERATOR, ORDER))).toBe(true);
  });

  test('multiples, sums, differences, negatives', () => {
    fc.assert(
      fc.property(scalars, scalars, scalars, (a, b, c) => {
        const [A, B] = [mulBase(a), mulBase(b)];
        expectSame(multiply(A, c), oracle(a).multiply(c));
        expectSame(group.add(A, B), oracle(a).add(oracle(b)));
        expectSame(group.sub(A, B), oracle(a).subtract(oracle(b)));
        expectSame(negate(A), oracle(a).negate());
        expect(equals(group.sub(group.add(A, B), B), A)).toBe(true);
      }),
      few,
    );
  });

  test('equal, opposite and infinite operands', () => {
    const point = mulBase(7n);
    expectSame(group.add(point, point), oracle(14n));
    expect(isInfinity(group.sub(point, point))).toBe(true);
    expect(isInfinity(group.add(point, negate(point)))).toBe(true);
    expectSame(group.add(point, INFINITY), oracle(7n));
    expectSame(group.add(INFINITY, point), oracle(7n));
    expect(isInfinity(group.add(INFINITY, INFINITY))).toBe(true);
    expect(isInfinity(negate(INFINITY))).toBe(true);
    expect(isInfinity(multiply(INFINITY, 5n))).toBe(true);
    expect(equals(INFINITY, group.sub(point, point))).toBe(true);
    expect(equals(INFINITY, point)).toBe(false);
  });

  test('sums of none, one and many', () => {
    expect(isInfinity(sum([]))).toBe(true);
    expectSame(sum([mulBase(3n)]), oracle(3n));
    expectSame(sum(Array.from({ length: 100 }, (_, i) => mulBase(BigInt(i + 1)))), oracle(5050n));
  });

  test('operands are not changed', () => {
    const [a, b] = [mulBase(5n), mulBase(6n)];
    group.add(a, b);
    linearCombination([a, b], [3n, 4n]);
    evaluateCommitment([a, b], 9);
    expectSame(a, oracle(5n));
    expectSame(b, oracle(6n));
  });
});

describe('the value of a commitment', () => {
  test('at every x up to 130, and far above, is Σ P_k·x^k', () => {
    const exponents = [11n, 22n, 33n, 44n];
    const points = exponents.map(mulBase);
    for (const x of [...Array(131).keys(), 255, 256, 1000, 65_535, 2 ** 20 + 1, 2 ** 31 - 1]) {
      const value = exponents.reduce((total, exponent, k) => total + exponent * BigInt(x) ** BigInt(k), 0n) % ORDER;
      expectSame(evaluateCommitment(points, x), oracle(value));
    }
  });

  test('of none and of one point', () => {
    expect(isInfinity(evaluateCommitment([], 3))).toBe(true);
    expectSame(evaluateCommitment([mulBase(8n)], 3), oracle(8n));
  });

  test('passes through infinity where the polynomial does', () => {
    const points = [mulBase(ORDER - 12n), mulBase(3n)];
    expect(isInfinity(evaluateCommitment(points, 4))).toBe(true);
    expectSame(evaluateCommitment([mulBase(1n), ...points], 4), oracle(1n));
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 31])('x = %d is refused', (x) => {
    expect(answerOf(() => evaluateCommitment([G1_GENERATOR], x))).toBe('WITAN_ERR_INVALID');
  });
});

describe('linear combinations', () => {
  const terms = fc.array(fc.tuple(scalars, fc.oneof(scalars, fc.bigInt(0n, 2n ** 128n - 1n))), { maxLength: 12 });

  test('are Σ s_i·P_i', () => {
    fc.assert(
      fc.property(terms, (pairs) => {
        const result = linearCombination(
          pairs.map(([exponent]) => mulBase(exponent)),
          pairs.map(([, factor]) => factor),
        );
        expectSame(result, oracle(pairs.reduce((total, [exponent, factor]) => total + exponent * factor, 0n) % ORDER));
      }),
      few,
    );
  });

  test('with infinity, zero and the same point among the terms', () => {
    const point = mulBase(2n);
    expectSame(linearCombination([INFINITY, point, point, mulBase(9n)], [5n, 3n, 4n, 0n]), oracle(14n));
    expect(isInfinity(linearCombination([point, point], [7n, ORDER - 7n]))).toBe(true);
  });

  test('of a hundred terms', () => {
    const exponents = Array.from({ length: 100 }, (_, i) => BigInt(i + 1));
    expectSame(linearCombination(exponents.map(mulBase), exponents), oracle(338_350n));
  });

  test('of different lengths are refused', () => {
    expect(answerOf(() => linearCombination([G1_GENERATOR], []))).toBe('WITAN_ERR_INVALID');
  });
});

describe('which points are known to be in the subgroup', () => {
  const inside = decodeG1(G1.BASE.toBytes(true));
  const stray = decodeCurvePoint(uncompressedOf(strayPoints(1)[0]!));

  test('results of arithmetic on such points are, results that touch a mere curve point are not', () => {
    const result: G1Point = group.add(inside, inside);
    expect(encodeG1(result)).toHaveLength(48);
    const mixed: CurvePoint = group.add(inside, stray);
    // @ts-expect-error a curve point is not a point of G1
    const refused: G1Point = mixed;
    expect(refused).toBe(mixed);
    expect('subgroup' in result).toBe(true);
    for (const point of [mixed, sum([inside, stray]), negate(stray), evaluateCommitment([inside, stray], 2)]) {
      expect('subgroup' in point).toBe(false);
    }
  });

  test('arithmetic outside the subgroup is exact too', () => {
    const [a, b] = strayPoints(2) as [OraclePoint, OraclePoint];
    const [A, B] = [a, b].map((point) => decodeCurvePoint(uncompressedOf(point))) as [CurvePoint, CurvePoint];
    const value = evaluateCommitment([A, B, A], 31);
    expect(encodeCurvePoint(value)).toEqual(uncompressedOf(a.add(b.multiplyUnsafe(31n)).add(a.multiplyUnsafe(961n))));
    expect(encodeCurvePoint(group.sub(A, B))).toEqual(uncompressedOf(a.subtract(b)));
  });
});
