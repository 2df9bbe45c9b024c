import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dealShares,
  evaluate,
  field,
  interpolate,
  interpolateAt,
  lagrangeCoefficients,
  ORDER,
  polynomialFromSeed,
  recoverSecret,
  shareX,
} from '../src/index.ts';
import { answerOf, fill, scalars } from './oracle.ts';

const polynomials = fc.array(scalars, { minLength: 1, maxLength: 9 });

describe('polynomials', () => {
  test('evaluation is Σ a_k·x^k', () => {
    expect(evaluate([5n, 3n, 2n], 10)).toBe(235n);
    expect(evaluate([5n, 3n, 2n], 0)).toBe(5n);
    expect(evaluate([], 4)).toBe(0n);
    expect(evaluate([ORDER - 1n, 1n], 1)).toBe(0n);
  });

  test('interpolation gives back the coefficients, from any points in any order', () => {
    fc.assert(
      fc.property(polynomials, fc.infiniteStream(fc.integer({ min: 1, max: 1000 })), (polynomial, stream) => {
        const xs = new Set<number>();
        for (const x of stream) if (xs.add(x).size === polynomial.length) break;
        const points = [...xs].map((x) => ({ x, y: evaluate(polynomial, x) }));
        expect(interpolate(points)).toEqual(polynomial);
        expect(interpolateAt(points, 0)).toBe(polynomial[0]);
        expect(interpolateAt(points, 17)).toBe(evaluate(polynomial, 17));
      }),
      { numRuns: 60 },
    );
  });

  test('weights at 0 of five consecutive points are the binomials', () => {
    expect(lagrangeCoefficients([1, 2, 3, 4, 5])).toEqual([5n, ORDER - 10n, 10n, ORDER - 5n, 1n]);
    expect(lagrangeCoefficients([3])).toEqual([1n]);
  });

  test('no points, and two points at one x, are refused', () => {
    expect(answerOf(() => interpolate([]))).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => interpolateAt([], 0))).toBe('WITAN_ERR_INVALID');
    const twice = [
      { x: 1, y: 2n },
      { x: 1, y: 2n },
    ];
    expect(answerOf(() => interpolate(twice))).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => lagrangeCoefficients([4, 4]))).toBe('WITAN_ERR_INVALID');
  });

  test('a seed makes the same polynomial again, and another under another label', () => {
    const polynomial = polynomialFromSeed(fill(1), 'value', 4);
    expect(polynomial).toHaveLength(5);
    expect(new Set(polynomial).size).toBe(5);
    expect(polynomialFromSeed(fill(1), 'value', 4)).toEqual(polynomial);
    expect(polynomialFromSeed(fill(1), 'blind', 4)).not.toEqual(polynomial);
    expect(polynomialFromSeed(fill(2), 'value', 4)).not.toEqual(polynomial);
    expect(polynomial.every((coefficient) => coefficient > 0n && coefficient < ORDER)).toBe(true);
  });
});

describe('Shamir sharing', () => {
  test('participant i has the value at i + 1', () => {
    const shares = dealShares([7n, 1n], 3);
    expect(shares).toEqual([8n, 9n, 10n]);
    expect(shareX(0)).toBe(1);
  });

  test('any threshold of shares give the secret, one less gives another', () => {
    fc.assert(
      fc.property(
        fc.array(scalars, { minLength: 2, maxLength: 6 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 6 }),
        (polynomial, order) => {
          const shares = dealShares(polynomial, 8).map((value, index) => ({ index, value }));
          const chosen = order.slice(0, polynomial.length).map((index) => shares[index]!);
          expect(recoverSecret(chosen)).toBe(polynomial[0]);
          expect(recoverSecret(chosen.slice(1))).not.toBe(polynomial[0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('sums of shares share the sum', () => {
    const [f, g] = [polynomialFromSeed(fill(1), 'f', 2), polynomialFromSeed(fill(2), 'g', 2)];
    const sums = dealShares(f, 3).map((value, index) => ({ index, value: field.add(value, dealShares(g, 3)[index]!) }));
    expect(recoverSecret(sums)).toBe(field.add(f[0]!, g[0]!));
  });
});
