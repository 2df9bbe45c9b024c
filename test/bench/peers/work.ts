import type { Scalar } from '@witan/crypto';

/** What one participant gets from one dealer: the commitment as it is sent, and its own share. */
export interface Dealt {
  readonly commitment: readonly Uint8Array[];
  readonly value: Scalar;
  readonly blind: Scalar;
}

export interface Share {
  readonly index: number;
  readonly signature: Uint8Array;
}

/**
 * One participant's group arithmetic in one session without faults, by one library: the same steps by the same
 * methods (Horner's rule, one random linear combination for all shares, signature shares combined before anything is
 * verified), from the bytes that are received to those that are sent. `P` is the library's point.
 */
export interface Library<P> {
  readonly name: string;
  /** Pedersen and Feldman commitments to two polynomials, encoded. */
  commit(f: readonly Scalar[], g: readonly Scalar[]): { pedersen: Uint8Array[]; feldman: Uint8Array[] };
  /** Decodes the commitments of all other dealers, with subgroup check, and checks the shares at `x` in one batch. */
  verifyShares(x: number, dealt: readonly Dealt[]): boolean;
  /** Decodes all Feldman commitments, adds them up, and checks the sum of the own shares; the sum if it holds. */
  feldmanSum(x: number, commitments: readonly (readonly Uint8Array[])[], value: Scalar): readonly P[] | undefined;
  /** The public key share of each of `count` participants, encoded. */
  keyShares(sum: readonly P[], count: number): Uint8Array[];
  sign(secret: Scalar, message: Uint8Array): Uint8Array;
  /** Combines the shares and verifies the signature under the key. */
  combine(key: P, message: Uint8Array, shares: readonly Share[]): Uint8Array | undefined;
}

export const STEPS = ['commit', 'verify shares', 'Feldman check', 'key shares', 'sign', 'combine'] as const;
export type Step = (typeof STEPS)[number];
