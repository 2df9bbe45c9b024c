import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  combineSignatures,
  combineVerified,
  countOperations,
  dealShares,
  encodeG1,
  lagrangeCoefficients,
  mulBase,
  ORDER,
  polynomialFromSeed,
  type SignatureShare,
  signShare,
  verifySignature,
} from '../src/index.ts';
import { integerWeights } from '../src/integer-weights.ts';
import { answerOf, bytesOf, fill, G2 } from './oracle.ts';

const message = bytesOf('handover');

/** A key shared by a dealer that everybody trusts: what counts here is the combining. */
function shared(participants: number, threshold: number) {
  const polynomial = polynomialFromSeed(fill(participants), 'key', threshold - 1);
  const secrets = dealShares(polynomial, participants);
  const shares = secrets.map((secret, index) => ({ index, signature: signShare(secret, message) }));
  return {
    threshold,
    message,
    shares,
    publicKey: mulBase(polynomial[0]!),
    publicKeyShares: secrets.map(mulBase),
    signature: signShare(polynomial[0]!, message),
  };
}

const seven = shared(7, 5);
const wrong = (share: SignatureShare): SignatureShare => ({ ...share, signature: signShare(99n, message) });
const garbled = (share: SignatureShare): SignatureShare => ({ ...share, signature: fill(7, 96) });

describe('combining shares', () => {
  test('every 5 of 7, in any order, give the signature by the key', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(seven.shares, { minLength: 5 }), (subset) => {
        expect(combineSignatures(subset)).toEqual(seven.signature);
      }),
      { numRuns: 40 },
    );
    expect(verifySignature(seven.publicKey, message, seven.signature)).toBe(true);
  });

  test('fewer than the threshold give something else', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(seven.shares, { minLength: 1, maxLength: 4 }), (subset) => {
        const combined = combineSignatures(subset);
        expect(combined).not.toEqual(seven.signature);
        expect(verifySignature(seven.publicKey, message, combined)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test('21 of 31, and 67 of 100 with the largest weights', () => {
    const section = shared(31, 21);
    expect(combineSignatures(section.shares.filter((_, i) => i % 3 !== 1).slice(-21))).toEqual(section.signature);
    const large = shared(100, 67);
    expect(combineSignatures(large.shares.filter((_, i) => i % 3 !== 0 || i > 97).slice(0, 67))).toEqual(
      large.signature,
    );
  });

  test('one share of a key with threshold 1 is the signature', () => {
    const single = shared(3, 1);
    expect(combineSignatures([single.shares[2]!])).toEqual(single.signature);
  });

  test('is interpolation in the exponent by the oracle too', () => {
    const chosen = [6, 0, 3, 2, 5].map((index) => seven.shares[index]!);
    const weights = lagrangeCoefficients(chosen.map((share) => share.index + 1));
    const sum = chosen.reduce(
      (total, share, i) => total.add(G2.fromBytes(share.signature).multiply(weights[i]!)),
      G2.ZERO,
    );
    expect(combineSignatures(chosen)).toEqual(sum.toBytes(true));
  });

  test.each([
    ['nothing', [], 'WITAN_ERR_INVALID'],
    ['two of one participant', [seven.shares[0]!, seven.shares[0]!], 'WITAN_ERR_INVALID'],
    ['an index below zero', [{ ...seven.shares[0]!, index: -1 }], 'WITAN_ERR_INVALID'],
    ['an index that is no integer', [{ ...seven.shares[0]!, index: 0.5 }], 'WITAN_ERR_INVALID'],
    ['bytes that are no point', [garbled(seven.shares[0]!)], 'WITAN_ERR_MALFORMED'],
    ['a short share', [{ index: 0, signature: fill(1, 5) }], 'WITAN_ERR_MALFORMED'],
  ])('%s is refused', (_, shares, answer) => {
    expect(answerOf(() => combineSignatures(shares))).toBe(answer);
  });
});

describe('combining and verifying', () => {
  test('verifies once when all is well, and decodes no share twice', () => {
    const { result, counts } = countOperations(() => combineVerified(seven));
    expect(result).toEqual({ signature: seven.signature });
    expect(counts).toMatchObject({ verify: 1, lagrange: 5, g2DecodeCurve: 5, g2Decode: 0, g2SubgroupCheck: 1 });
  });

  test('takes keys as bytes too', () => {
    const bytes = {
      ...seven,
      publicKey: encodeG1(seven.publicKey),
      publicKeyShares: seven.publicKeyShares.map(encodeG1),
    };
    expect(combineVerified(bytes)).toEqual({ signature: seven.signature });
  });

  test('names exactly the participants whose shares are false, also beyond the threshold', () => {
    const spoil = fc.constantFrom(wrong, garbled);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1 }), spoil, (liars, how) => {
        const shares = seven.shares.map((share) => (liars.includes(share.index) ? how(share) : share));
        const answer = combineVerified({ ...seven, shares });
        const untouched = liars.every((index) => index >= 5);
        expect(answer).toEqual(untouched ? { signature: seven.signature } : { bad: liars.sort((a, b) => a - b) });
      }),
      { numRuns: 12 },
    );
  });

  test('two false shares whose errors cancel in the combination still give the signature', () => {
    // Weights of 1 … 5 are 5, -10, 10, -5, 1: an error of 2e in the first and e in the second is no error of the sum.
    const error = G2.fromBytes(signShare(77n, message));
    const moved = (share: SignatureShare, by: typeof error) => ({
      ...share,
      signature: G2.fromBytes(share.signature).add(by).toBytes(true),
    });
    const shares = [
      moved(seven.shares[0]!, error.double()),
      moved(seven.shares[1]!, error),
      ...seven.shares.slice(2, 5),
    ];
    expect(combineVerified({ ...seven, shares })).toEqual({ signature: seven.signature });
  });

  test('a share of another participant under the own index is false', () => {
    const swapped = { index: 0, signature: seven.shares[1]!.signature };
    expect(combineVerified({ ...seven, shares: [swapped, ...seven.shares.slice(1)] })).toEqual({ bad: [0] });
  });

  test('an infinite share is false, not a defect', () => {
    const infinity = new Uint8Array(96);
    infinity[0] = 0xc0;
    const shares = [{ index: 0, signature: infinity }, ...seven.shares.slice(1)];
    expect(combineVerified({ ...seven, shares })).toEqual({ bad: [0] });
  });

  test('shares that sum to infinity are false', () => {
    // 2·S(1) - S(2) with S(2) = 2·S(1).
    const shares = [
      { index: 0, signature: signShare(1n, message) },
      { index: 1, signature: signShare(2n, message) },
    ];
    expect(combineVerified({ ...seven, threshold: 2, shares })).toEqual({ bad: [0, 1] });
    expect(answerOf(() => combineSignatures(shares))).toBe('WITAN_ERR_INVALID');
  });

  test.each([
    ['too few shares', { ...seven, shares: seven.shares.slice(3) }],
    ['a threshold of zero', { ...seven, threshold: 0 }],
    ['an index beyond the participants', { ...seven, shares: [...seven.shares, { ...seven.shares[0]!, index: 7 }] }],
    ['one participant twice', { ...seven, shares: [...seven.shares, seven.shares[2]!] }],
    ['public key shares of another key', { ...seven, publicKey: mulBase(3n) }],
  ])('%s is refused', (_, request) => {
    expect(answerOf(() => combineVerified(request))).toBe('WITAN_ERR_INVALID');
  });
});

describe('integer weights', () => {
  test('are the Lagrange weights before reduction', () => {
    const sets = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(sets, (xs) => {
        const { numerators, denominator } = integerWeights(xs);
        const weights = lagrangeCoefficients(xs);
        expect(denominator > 0n).toBe(true);
        numerators.forEach((numerator, i) => {
          expect((weights[i]! * denominator - numerator) % ORDER).toBe(0n);
        });
      }),
    );
  });

  test('are small: at most 8 bits for 5 of 7', () => {
    const sizes = subsets([1, 2, 3, 4, 5, 6, 7], 5).flatMap((xs) =>
      integerWeights(xs).numerators.map((weight) => (weight < 0n ? -weight : weight)),
    );
    expect(sizes.every((size) => size < 256n)).toBe(true);
    expect(integerWeights([1, 2, 3, 4, 5])).toEqual({ numerators: [5n, -10n, 10n, -5n, 1n], denominator: 1n });
  });
});

function subsets(items: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) => subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]));
}
