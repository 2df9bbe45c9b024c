import type { Scalar } from './field.ts';
import { evaluateCommitment, mulBase, sum } from './group.ts';
import type { CurvePoint, G1Point } from './point.ts';
import type { Polynomial } from './polynomial.ts';
import { invalid } from './refuse.ts';
import { shareX } from './shamir.ts';
import { equalModuloTorsion, toSubgroup } from './torsion.ts';

/** A_k = f_k·G: shows nothing of f but its image in G1 (Feldman, FOCS '87). */
export function feldmanCommit(f: Polynomial): G1Point[] {
  return f.map(mulBase);
}

/** Whether `value` is what `commitment` commits to at `x`; also of a sum of values and the sum of their commitments. */
export function feldmanHolds(commitment: readonly CurvePoint[], x: number, value: Scalar): boolean {
  return equalModuloTorsion(mulBase(value), evaluateCommitment(commitment, x));
}

/**
 * The commitment to the sum of the dealers' polynomials, in G1; its first point is the public key. All commitments have
 * the same length.
 */
export function sumCommitments(commitments: readonly (readonly CurvePoint[])[]): G1Point[] {
  const length = commitments[0]?.length ?? 0;
  if (commitments.some((commitment) => commitment.length !== length)) throw invalid('commitments of different degrees');
  return Array.from({ length }, (_, k) => toSubgroup(sum(commitments.map((commitment) => commitment[k]!))));
}

/** The public key share of each of `count` participants: the summed commitment at their x. */
export function publicKeyShares(summed: readonly G1Point[], count: number): G1Point[] {
  return Array.from({ length: count }, (_, index) => evaluateCommitment(summed, shareX(index)));
}
