import { findFalse, innerProduct } from './batch.ts';
import type { Scalar } from './field.ts';
import { add, evaluateCommitment, mulBase } from './group.ts';
import type { CurvePoint, G1Point } from './point.ts';
import type { Polynomial } from './polynomial.ts';
import { invalid } from './refuse.ts';
import { mulSecond } from './second-generator.ts';
import { equalModuloTorsion } from './torsion.ts';

/** What a dealer gives one participant in secret: its two polynomials at that participant's x. */
export interface PedersenShare {
  readonly value: Scalar;
  readonly blind: Scalar;
}

/** What one participant holds of one dealer. */
export interface Dealing {
  readonly commitment: readonly CurvePoint[];
  readonly share: PedersenShare;
}

/**
 * Commits to the polynomial `f` under the blinding polynomial `g` of the same degree: C_k = f_k·G + g_k·H, which
 * hides f perfectly, and A_k = f_k·G, which is kept back until the qualified dealers are fixed
 * (Gennaro, Jarecki, Krawczyk and Rabin, J. Cryptology 2007, figure 2; Pedersen, CRYPTO '91).
 */
export function pedersenCommit(f: Polynomial, g: Polynomial): { pedersen: G1Point[]; feldman: G1Point[] } {
  if (f.length !== g.length) throw invalid(`degrees ${f.length - 1} and ${g.length - 1} differ`);
  const feldman = f.map(mulBase);
  const pedersen = feldman.map((point, k) => add(point, mulSecond(g[k]!)));
  return { pedersen, feldman };
}

/** Whether `share` is what `commitment` commits to at `x`. */
export function pedersenHolds(commitment: readonly CurvePoint[], x: number, share: PedersenShare): boolean {
  return equalModuloTorsion(openShare(share), evaluateCommitment(commitment, x));
}

/**
 * The positions of the dealings whose share does not hold at `x`: all checked at once (batch.ts), one by one only when
 * that fails.
 * @param coins at least 16 secret random bytes, chosen independently of the dealings: who knows them can cheat.
 */
export function findBadPedersenShares(x: number, dealings: readonly Dealing[], coins: Uint8Array): number[] {
  const claims = dealings.map(({ commitment, share }) => ({ share, point: evaluateCommitment(commitment, x) }));
  return findFalse(claims, coins, {
    open: openShare,
    combine: (shares, factors) => ({
      value: innerProduct(
        shares.map((share) => share.value),
        factors,
      ),
      blind: innerProduct(
        shares.map((share) => share.blind),
        factors,
      ),
    }),
  });
}

function openShare(share: PedersenShare): G1Point {
  return add(mulBase(share.value), mulSecond(share.blind));
}
