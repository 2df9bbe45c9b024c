import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CurvePoint,
  countOperations,
  type Dealing,
  dealShares,
  decodeCurvePoint,
  decodeG1,
  encodeCurvePoint,
  encodeG1,
  equals,
  evaluate,
  feldmanCommit,
  feldmanHolds,
  field,
  findBadPedersenShares,
  G1_GENERATOR,
  group,
  interpolate,
  mulBase,
  mulSecond,
  ORDER,
  pedersenCommit,
  pedersenHolds,
  polynomialFromSeed,
  publicKeyShares,
  SECOND_GENERATOR,
  shareX,
  sumCommitments,
} from '../src/index.ts';
import { answerOf, expectSame, fill, G1, scalars, strayPoints, uncompressedOf } from './oracle.ts';

const COINS = fill(0xc0);

interface Dealer {
  readonly f: readonly bigint[];
  readonly g: readonly bigint[];
  readonly pedersen: CurvePoint[];
  readonly feldman: CurvePoint[];
}

function dealers(count: number, threshold: number): Dealer[] {
  return Array.from({ length: count }, (_, j) => {
    const f = polynomialFromSeed(fill(j + 1), 'value', threshold - 1);
    const g = polynomialFromSeed(fill(j + 1), 'blind', threshold - 1);
    return { f, g, ...pedersenCommit(f, g) };
  });
}

const dealingsAt = (all: readonly Dealer[], x: number): Dealing[] =>
  all.map(({ f, g, pedersen }) => ({ commitment: pedersen, share: { value: evaluate(f, x), blind: evaluate(g, x) } }));

describe('Pedersen commitments', () => {
  test('are f_k·G + g_k·H, and beside them f_k·G, by the oracle', () => {
    const H = G1.fromBytes(encodeG1(SECOND_GENERATOR));
    fc.assert(
      fc.property(scalars, scalars, (a, b) => {
        const { pedersen, feldman } = pedersenCommit([a], [b]);
        expectSame(feldman[0]!, G1.BASE.multiply(a));
        expectSame(pedersen[0]!, G1.BASE.multiply(a).add(H.multiply(b)));
      }),
      { numRuns: 15 },
    );
  });

  test('a share holds at its own x, and nowhere else', () => {
    const [dealer] = dealers(1, 4) as [Dealer];
    const share = { value: evaluate(dealer.f, 3), blind: evaluate(dealer.g, 3) };
    expect(pedersenHolds(dealer.pedersen, 3, share)).toBe(true);
    expect(pedersenHolds(dealer.pedersen, 4, share)).toBe(false);
    expect(pedersenHolds(dealer.pedersen.slice(1), 3, share)).toBe(false);
    expect(pedersenHolds(dealer.pedersen, 3, { ...share, value: field.add(share.value, 1n) })).toBe(false);
    expect(pedersenHolds(dealer.pedersen, 3, { ...share, blind: field.add(share.blind, 1n) })).toBe(false);
    expect(pedersenHolds(dealer.pedersen, 3, { value: share.blind, blind: share.value })).toBe(false);
  });

  test('a share of zero, and of r - 1, is a share like any other', () => {
    const { pedersen } = pedersenCommit([ORDER - 2n, 1n], [ORDER - 2n, 1n]);
    expect(pedersenHolds(pedersen, 2, { value: 0n, blind: 0n })).toBe(true);
    expect(pedersenHolds(pedersen, 1, { value: ORDER - 1n, blind: ORDER - 1n })).toBe(true);
    expect(findBadPedersenShares(2, [{ commitment: pedersen, share: { value: 0n, blind: 0n } }], COINS)).toEqual([]);
  });

  test('polynomials of different degrees are refused', () => {
    expect(answerOf(() => pedersenCommit([1n, 2n], [3n]))).toBe('WITAN_ERR_INVALID');
  });
});

describe('the batched check', () => {
  const all = dealers(9, 4);

  test('finds exactly the planted false shares, whatever is false about them', () => {
    const faults = fc.array(fc.tuple(fc.nat(8), fc.constantFrom('value', 'blind', 'both', 'commitment'), scalars), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(
        faults,
        fc.integer({ min: 1, max: 40 }),
        fc.uint8Array({ minLength: 16, maxLength: 32 }),
        (planted, x, coins) => {
          const dealings = dealingsAt(all, x);
          const bad = new Set<number>();
          for (const [j, kind, error] of planted) {
            if (bad.has(j)) continue;
            bad.add(j);
            const { commitment, share } = dealings[j]!;
            const value = kind === 'value' || kind === 'both' ? field.add(share.value, error) : share.value;
            const blind = kind === 'blind' || kind === 'both' ? field.add(share.blind, error) : share.blind;
            const points =
              kind === 'commitment' ? [group.add(commitment[0]!, mulBase(error)), ...commitment.slice(1)] : commitment;
            dealings[j] = { commitment: points, share: { value, blind } };
          }
          expect(findBadPedersenShares(x, dealings, coins)).toEqual([...bad].sort((a, b) => a - b));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('errors that cancel in a plain sum do not cancel in it', () => {
    const dealings = dealingsAt(all, 2);
    const shift = (j: number, by: bigint) => {
      const { commitment, share } = dealings[j]!;
      dealings[j] = { commitment, share: { ...share, value: field.add(share.value, field.mod(by)) } };
    };
    shift(0, 5n);
    shift(1, -5n);
    expect(findBadPedersenShares(2, dealings, COINS)).toEqual([0, 1]);
  });

  test('costs one evaluation and one short multiple a dealing when nothing is false', () => {
    const dealings = dealingsAt(all, 3);
    const { counts } = countOperations(() => findBadPedersenShares(3, dealings, COINS));
    expect(counts).toMatchObject({ hornerStep: 9 * 3, g1MulShort: 8, g1MulBase: 1, g1MulSecond: 1, g1Mul: 0 });
  });

  test('no dealings, and one', () => {
    expect(findBadPedersenShares(1, [], COINS)).toEqual([]);
    const [one] = dealingsAt(all, 1) as [Dealing];
    expect(findBadPedersenShares(1, [one], COINS)).toEqual([]);
    expect(findBadPedersenShares(2, [one], COINS)).toEqual([0]);
  });

  test('coins that can be guessed are refused', () => {
    expect(answerOf(() => findBadPedersenShares(1, dealingsAt(all, 1), fill(1, 15)))).toBe('WITAN_ERR_INVALID');
    expect(answerOf(() => findBadPedersenShares(1, [], new Uint8Array(0)))).toBe('WITAN_ERR_INVALID');
  });

  test('goes over curve points as over points of the subgroup, with and without torsion', () => {
    const stray = strayPoints(1)[0]!;
    const torsion = decodeCurvePoint(uncompressedOf(stray.multiplyUnsafe(ORDER - 1n).add(stray)));
    const dealings = dealingsAt(all, 5).map(({ commitment, share }, j) => ({
      commitment: commitment.map((point, k) => {
        const read = decodeCurvePoint(encodeCurvePoint(point));
        return (j + k) % 3 === 0 ? group.add(read, torsion) : read;
      }),
      share: j === 4 ? { ...share, blind: field.add(share.blind, 1n) } : share,
    }));
    expect(findBadPedersenShares(5, dealings, COINS)).toEqual([4]);
    expect(dealings.map(({ commitment, share }) => pedersenHolds(commitment, 5, share))).toEqual(
      dealings.map((_, j) => j !== 4),
    );
  });
});

describe('Feldman commitments', () => {
  const all = dealers(5, 3);

  test('hold for the value at their x only', () => {
    const [{ f, feldman }] = all as [Dealer];
    expect(feldmanCommit(f).map(encodeG1)).toEqual(f.map((a) => G1.BASE.multiply(a).toBytes(true)));
    expect(feldmanHolds(feldman, 2, evaluate(f, 2))).toBe(true);
    expect(feldmanHolds(feldman, 3, evaluate(f, 2))).toBe(false);
    expect(feldmanHolds(feldman, 2, field.add(evaluate(f, 2), 1n))).toBe(false);
  });

  test('add up to the commitment of the sum, and give each participant’s public key share', () => {
    const summed = sumCommitments(all.map((dealer) => dealer.feldman));
    const total = [0, 1, 2].map((k) => all.reduce((sum, { f }) => field.add(sum, f[k]!), 0n));
    expect(summed.map(encodeG1)).toEqual(total.map((a) => encodeG1(mulBase(a))));
    const shares = dealShares(total, 7);
    expect(publicKeyShares(summed, 7).map(encodeG1)).toEqual(shares.map((share) => encodeG1(mulBase(share))));
    expect(shares.every((share, index) => feldmanHolds(summed, shareX(index), share))).toBe(true);
  });

  test('torsion in a dealer’s points leaves no trace in the sum, also when the others replace them', () => {
    const stray = strayPoints(1)[0]!;
    const torsion = decodeCurvePoint(uncompressedOf(stray.multiplyUnsafe(ORDER - 1n).add(stray)));
    const clean = all.map((dealer) => dealer.feldman);
    const dirty = clean.map((points, j) => (j === 2 ? points.map((point) => group.add(point, torsion)) : points));
    const expected = sumCommitments(clean).map(encodeG1);
    expect(sumCommitments(dirty).map(encodeG1)).toEqual(expected);

    // Three others open their shares of that dealer: the same commitment comes back.
    const opened = [1, 4, 6].map((x) => ({ x, y: evaluate(all[2]!.f, x) }));
    const rebuilt = clean.map((points, j) => (j === 2 ? feldmanCommit(interpolate(opened)) : points));
    expect(sumCommitments(rebuilt).map(encodeG1)).toEqual(expected);
  });

  test('a sum of points known to be in the subgroup is not checked again', () => {
    const known = all.map((dealer) => dealer.feldman.map((point) => decodeG1(encodeG1(point as typeof G1_GENERATOR))));
    expect(countOperations(() => sumCommitments(known)).counts.g1SubgroupCheck).toBe(0);
    const open = all.map((dealer) => dealer.feldman.map((point) => decodeCurvePoint(encodeCurvePoint(point))));
    expect(countOperations(() => sumCommitments(open)).counts.g1SubgroupCheck).toBe(3);
  });

  test('of different degrees do not add up; of nothing there is nothing', () => {
    expect(answerOf(() => sumCommitments([[G1_GENERATOR], [G1_GENERATOR, G1_GENERATOR]]))).toBe('WITAN_ERR_INVALID');
    expect(sumCommitments([])).toEqual([]);
    expect(publicKeyShares([], 2).every((point) => equals(point, mulSecond(0n)))).toBe(true);
  });
});
