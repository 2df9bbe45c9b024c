import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { field, ORDER, scalarFromBytes, scalarFromHash, scalarToBytes } from '../src/index.ts';
import { answerOf, fill, G1, scalars } from './oracle.ts';

describe('scalars', () => {
  test('the order is the curve’s', () => {
    expect(ORDER).toBe(G1.Fn.ORDER);
  });

  test('arithmetic is that of the oracle', () => {
    fc.assert(
      fc.property(scalars, scalars, (a, b) => {
        expect(field.add(a, b)).toBe(G1.Fn.add(a, b));
        expect(field.sub(a, b)).toBe(G1.Fn.sub(a, b));
        expect(field.mul(a, b)).toBe(G1.Fn.mul(a, b));
        expect(field.neg(a)).toBe(G1.Fn.neg(a));
        expect(field.invert(a)).toBe(G1.Fn.inv(a));
      }),
    );
  });

  test('edges of the range', () => {
    expect(field.add(ORDER - 1n, 1n)).toBe(0n);
    expect(field.sub(0n, 1n)).toBe(ORDER - 1n);
    expect(field.neg(0n)).toBe(0n);
    expect(field.mod(-1n)).toBe(ORDER - 1n);
    expect(field.mod(ORDER)).toBe(0n);
    expect(() => field.invert(0n)).toThrow(RangeError);
    expect(() => field.invert(ORDER)).toThrow(RangeError);
  });

  test('32 big-endian bytes, there and back', () => {
    fc.assert(
      fc.property(scalars, (scalar) => {
        const bytes = scalarToBytes(scalar);
        expect(bytes).toEqual(G1.Fn.toBytes(scalar));
        expect(scalarFromBytes(bytes)).toBe(scalar);
      }),
    );
    expect(scalarFromBytes(fill(0))).toBe(0n);
    // A view into a larger buffer is read where it is.
    expect(scalarFromBytes(Buffer.concat([fill(9, 5), scalarToBytes(7n)]).subarray(5))).toBe(7n);
  });

  test.each([
    ['one byte short', fill(0, 31)],
    ['one byte long', fill(0, 33)],
    ['nothing', fill(0, 0)],
    ['the order itself', scalarToBytes(ORDER)],
    ['the order plus one', scalarToBytes(ORDER + 1n)],
    ['all ones', fill(255)],
  ])('%s is malformed', (_, bytes) => {
    expect(answerOf(() => scalarFromBytes(bytes))).toBe('WITAN_ERR_MALFORMED');
  });

  test('a scalar from a hash depends on seed and label, and on nothing else', () => {
    const scalar = scalarFromHash(fill(1), 'label');
    expect(scalarFromHash(fill(1), 'label')).toBe(scalar);
    expect(scalarFromHash(fill(1), 'lable')).not.toBe(scalar);
    expect(scalarFromHash(fill(2), 'label')).not.toBe(scalar);
    expect(scalar > 0n && scalar < ORDER).toBe(true);
  });

  test('scalars from hashes fill the whole range', () => {
    const drawn = Array.from({ length: 400 }, (_, i) => scalarFromHash(fill(3), `draw ${i}`));
    expect(new Set(drawn).size).toBe(400);
    const high = drawn.filter((scalar) => scalar > ORDER / 2n).length;
    // 400 fair coins: five standard deviations are 50.
    expect(Math.abs(high - 200)).toBeLessThan(50);
  });
});
