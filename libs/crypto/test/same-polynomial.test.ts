import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type G1Point,
  modAdd,
  mulBase,
  mulSecond,
  ORDER,
  pedersenCommit,
  polynomialFromSeed,
  proveSamePolynomial,
  type SamePolynomial,
  type SamePolynomialProof,
  type Scalar,
  samePolynomialHolds,
  scalarFromBytes,
  scalarToBytes,
  sum,
} from '../src/index.ts';
import { fill, scalars } from './oracle.ts';

const SEED = fill(0x5e);
const CONTEXT = fill(0xc0);

function dealt(length: number, by = 1): { f: Scalar[]; g: Scalar[]; statement: SamePolynomial } {
  const f = polynomialFromSeed(fill(by), 'value', length - 1);
  const g = polynomialFromSeed(fill(by), 'blind', length - 1);
  return { f, g, statement: { ...pedersenCommit(f, g), context: CONTEXT } };
}

const bumped = (points: readonly G1Point[], at: number, by: G1Point) => points.with(at, sum([points[at]!, by]));

describe('a proof that two commitments are to one polynomial', () => {
  test.each([1, 2, 3, 5, 21])('of %i coefficients holds, and is the same when it is made again', (length) => {
    const { f, g, statement } = dealt(length);
    const proof = proveSamePolynomial(f, g, statement, SEED);
    expect(samePolynomialHolds(statement, proof)).toBe(true);
    expect(proveSamePolynomial(f, g, statement, SEED)).toEqual(proof);
  });

  test('holds whatever the polynomials are', () => {
    const pairs = fc.array(fc.tuple(scalars, scalars), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(pairs, (coefficients) => {
        const [f, g] = [coefficients.map(([a]) => a), coefficients.map(([, b]) => b)];
        const statement = { ...pedersenCommit(f, g), context: CONTEXT };
        expect(samePolynomialHolds(statement, proveSamePolynomial(f, g, statement, SEED))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('shows other nonces for another statement, and for another seed', () => {
    const { f, g, statement } = dealt(3);
    const proofs = [
      proveSamePolynomial(f, g, statement, SEED),
      proveSamePolynomial(f, g, statement, fill(0x5f)),
      proveSamePolynomial(f, g, { ...statement, context: fill(0xc1) }, SEED),
    ];
    for (const part of ['challenge', 'value', 'blind'] as const) {
      expect(new Set(proofs.map((proof) => Buffer.from(proof[part]).toString('hex'))).size).toBe(3);
    }
  });
});

describe('does not hold', () => {
  const { f, g, statement } = dealt(4);
  const proof = proveSamePolynomial(f, g, statement, SEED);

  test('where any point of either commitment is another', () => {
    for (const of of ['feldman', 'pedersen'] as const) {
      for (const at of f.keys()) {
        for (const by of [mulBase(1n), mulSecond(1n)]) {
          const other = { ...statement, [of]: bumped(statement[of], at, by) };
          expect(samePolynomialHolds(other, proof)).toBe(false);
        }
      }
    }
  });

  test('elsewhere, of another length, or in another order', () => {
    const { pedersen, feldman } = statement;
    const others: SamePolynomial[] = [
      { ...statement, context: fill(0xc1) },
      { ...statement, pedersen: pedersen.slice(1) },
      { ...statement, pedersen: pedersen.slice(1), feldman: feldman.slice(1) },
      { ...statement, pedersen: pedersen.toReversed(), feldman: feldman.toReversed() },
      { ...statement, pedersen: [], feldman: [] },
      { ...statement, pedersen: dealt(4, 2).statement.pedersen },
    ];
    for (const other of others) expect(samePolynomialHolds(other, proof)).toBe(false);
  });

  test('with any part of the proof changed', () => {
    const next = (bytes: Uint8Array) => scalarToBytes(modAdd(scalarFromBytes(bytes), 1n));
    const others: SamePolynomialProof[] = [
      { ...proof, challenge: proof.challenge.with(15, proof.challenge[15]! ^ 1) },
      { ...proof, challenge: new Uint8Array(16) },
      { ...proof, challenge: new Uint8Array(17) },
      { ...proof, value: next(proof.value) },
      { ...proof, blind: next(proof.blind) },
      { ...proof, value: proof.blind, blind: proof.value },
    ];
    for (const other of others) expect(samePolynomialHolds(statement, other)).toBe(false);
    expect(() => samePolynomialHolds(statement, { ...proof, value: scalarToBytes(ORDER - 1n).fill(0xff) })).toThrow(
      'the scalar is not below the group order',
    );
  });

  // One who knows the logarithms of what it shows, and cannot know them of the difference.
  test.each<[string, (at: number) => Scalar]>([
    ['in one coefficient', (at) => (at === 2 ? 1n : 0n)],
    ['in all of them', (at) => BigInt(at + 1)],
    ['in ways that cancel', (at) => [1n, ORDER - 1n, 1n, ORDER - 1n][at]!],
  ])('of a polynomial that differs %s, made by who knows both', (_where, error) => {
    const other = f.map((coefficient, at) => modAdd(coefficient, error(at)));
    const false_ = { ...statement, feldman: other.map(mulBase) };
    expect(samePolynomialHolds(false_, proveSamePolynomial(other, g, false_, SEED))).toBe(false);
    expect(samePolynomialHolds(false_, proveSamePolynomial(f, g, false_, SEED))).toBe(false);
  });

  // A_k may not have a part to base H either: nobody would have a share of such a key.
  test('of a commitment that takes something of the blinding along', () => {
    const false_ = { ...statement, feldman: bumped(statement.feldman, 0, mulSecond(5n)) };
    const without = g.with(0, modAdd(g[0]!, ORDER - 5n));
    expect(samePolynomialHolds(false_, proveSamePolynomial(f, without, false_, SEED))).toBe(false);
  });
});

test('commitments of other degrees are not proven', () => {
  const { f, g, statement } = dealt(3);
  expect(() => proveSamePolynomial(f, g.slice(1), statement, SEED)).toThrow('commitments of different degrees');
  expect(() => proveSamePolynomial(f.slice(1), g.slice(1), statement, SEED)).toThrow('different degrees');
});
