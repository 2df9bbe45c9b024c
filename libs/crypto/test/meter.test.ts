import { describe, expect, test, vi } from 'vitest';
import {
  costOf,
  countOperations,
  decodeG1,
  encodeG1,
  Identity,
  measureCosts,
  mulBase,
  OPERATIONS,
  operations,
  signShare,
  verifyIdentity,
  verifySignature,
} from '../src/index.ts';
import { fill } from './oracle.ts';

describe('the meter', () => {
  test('counts what was done, and only that', () => {
    const identity = Identity.fromSeed(fill(9));
    const { result, counts } = countOperations(() => {
      const bytes = encodeG1(mulBase(1234n));
      const signature = signShare(1234n, fill(1));
      verifyIdentity(identity.publicKey, fill(1), identity.sign(fill(1)));
      return verifySignature(decodeG1(bytes), fill(1), signature);
    });
    expect(result).toBe(true);
    const expected = {
      g1MulBase: 1,
      g1Encode: 1,
      g1Decode: 1,
      sign: 1,
      verify: 1,
      g2Decode: 1,
      ed25519Sign: 1,
      ed25519Verify: 1,
      keyImport: 1,
    };
    expect(Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))).toEqual(expected);
  });

  test('keeps the counters of a run that throws out of the way of the next', () => {
    expect(() =>
      countOperations(() => {
        mulBase(5n);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(countOperations(() => mulBase(5n)).counts.g1MulBase).toBe(1);
  });

  test('measures a cost for each operation, without touching the counters', () => {
    const before = { ...operations };
    const costs = measureCosts(7);
    expect(operations).toEqual(before);
    expect(Object.keys(costs).sort()).toEqual([...OPERATIONS].sort());
    for (const name of OPERATIONS) expect.soft(costs[name], name).toBeGreaterThan(0);
  });

  test('measures each operation under its own name', async () => {
    // Orders of magnitude that hold on any machine; one that others hold up meanwhile is measured again.
    await vi.waitFor(() => {
      const costs = measureCosts(7);
      expect(costs.verify).toBeGreaterThan(costs.g1Add);
      expect(costs.g1MulBase).toBeGreaterThan(costs.g1Add);
      expect(costs.g1Decode).toBeGreaterThan(costs.g1DecodeCurve);
    }, 30_000);
  });

  test('adds up counts times costs', () => {
    const { counts } = countOperations(() => mulBase(5n));
    const costs = Object.fromEntries(OPERATIONS.map((name) => [name, 2])) as Parameters<typeof costOf>[1];
    expect(costOf(counts, costs)).toBe(2);
    expect(costOf({ ...counts, verify: 3 }, costs)).toBe(8);
  });
});
