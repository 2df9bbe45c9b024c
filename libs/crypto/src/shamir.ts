import type { Scalar } from './field.ts';
import { evaluate, interpolateAt, type Polynomial } from './polynomial.ts';

/** The x of participant `index` (0-based) on every sharing polynomial: never 0, where the secret is. */
export function shareX(index: number): number {
  return index + 1;
}

/** Participant i's share of `polynomial` at position i, for `count` participants (Shamir, "How to share a secret", 1979). */
export function dealShares(polynomial: Polynomial, count: number): Scalar[] {
  return Array.from({ length: count }, (_, index) => evaluate(polynomial, shareX(index)));
}

/** The secret that at least degree + 1 true shares determine. */
export function recoverSecret(shares: readonly { readonly index: number; readonly value: Scalar }[]): Scalar {
  return interpolateAt(
    shares.map((share) => ({ x: shareX(share.index), y: share.value })),
    0,
  );
}
