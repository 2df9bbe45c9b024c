import { drawTogether, factorsOf, innerProduct } from './batch.ts';
import { bigEndian, mod, scalarFromBytes, scalarFromHash, scalarToBytes } from './field.ts';
import { linearCombination, mulBase, sub } from './group.ts';
import { concatBytes, constantTimeEqual, sha256, toHex } from './hash.ts';
import { type G1Point, uncompressed } from './point.ts';
import type { Polynomial } from './polynomial.ts';
import { invalid } from './refuse.ts';
import { mulSecond } from './second-generator.ts';

/**
 * A proof that a Feldman commitment A and a Pedersen commitment C are to one polynomial: that whoever made them knows f
 * and g with A_k = f_k·G and C_k = f_k·G + g_k·H for every k.
 *
 * Both are first drawn together by coefficients that depend on all of them, A* = Σ r_k·A_k and C* = Σ r_k·C_k, so that
 * one that is false stays false (as in batch.ts). Then it is Schnorr's proof ("Efficient Signature Generation by Smart Cards",
 * J. Cryptology 1991) of two logarithms at once, A* to base G and C* − A* to base H, made non-interactive by hashing (Fiat
 * and Shamir, CRYPTO '86). Since nobody knows the logarithm of H, whoever can open C otherwise, as a dealer has to for
 * honest receivers, cannot make one for another A. It shows nothing but that it holds.
 */
export interface SamePolynomialProof {
  /** 16 bytes. */
  readonly challenge: Uint8Array;
  /** A scalar in 32 bytes, like `blind`. */
  readonly value: Uint8Array;
  readonly blind: Uint8Array;
}

/** What is proven, of whom, and where. */
export interface SamePolynomial {
  readonly pedersen: readonly G1Point[];
  readonly feldman: readonly G1Point[];
  /** What the proof is good for and nothing else: it enters the hash. */
  readonly context: Uint8Array;
}

export const CHALLENGE_BYTES = 16;

const LABEL = 'witan/same-polynomial/1';

/**
 * @param seed secret: the nonces are drawn from it and from what is proven, so that the same proof is made again and no two
 *   have the same ones.
 * @throws WitanError `WITAN_ERR_INVALID` when the commitments are of other degrees
 */
export function proveSamePolynomial(
  f: Polynomial,
  g: Polynomial,
  statement: SamePolynomial,
  seed: Uint8Array,
): SamePolynomialProof {
  if (g.length !== f.length || !isOfDegree(statement, f.length)) throw invalid('commitments of different degrees');
  const digest = digestOf(statement);
  const factors = factorsOf(digest, f.length);
  const u = scalarFromHash(seed, `${LABEL}/value/${toHex(digest)}`);
  const v = scalarFromHash(seed, `${LABEL}/blind/${toHex(digest)}`);
  const challenge = challengeOf(digest, mulBase(u), mulSecond(v));
  const e = bigEndian(challenge);
  return {
    challenge,
    value: scalarToBytes(mod(u + e * innerProduct(f, factors))),
    blind: scalarToBytes(mod(v + e * innerProduct(g, factors))),
  };
}

/**
 * Whether the proof holds. Two linear combinations of short coefficients, of as many points as each commitment has, and
 * four multiples.
 * @throws WitanError `WITAN_ERR_MALFORMED` for what are no scalars
 */
export function samePolynomialHolds(statement: SamePolynomial, proof: SamePolynomialProof): boolean {
  const { pedersen, feldman } = statement;
  const value = scalarFromBytes(proof.value);
  const blind = scalarFromBytes(proof.blind);
  if (proof.challenge.length !== CHALLENGE_BYTES || !isOfDegree(statement, feldman.length)) return false;
  const digest = digestOf(statement);
  const factors = factorsOf(digest, feldman.length);
  const e = bigEndian(proof.challenge);
  const a = drawTogether(feldman, factors);
  const b = sub(drawTogether(pedersen, factors), a);
  const u = sub(mulBase(value), linearCombination([a], [e]));
  const v = sub(mulSecond(blind), linearCombination([b], [e]));
  return constantTimeEqual(challengeOf(digest, u, v), proof.challenge);
}

function isOfDegree({ pedersen, feldman }: SamePolynomial, length: number): boolean {
  return length > 0 && pedersen.length === length && feldman.length === length;
}

function digestOf({ pedersen, feldman, context }: SamePolynomial): Uint8Array {
  const lengths = new Uint8Array(8);
  const view = new DataView(lengths.buffer);
  view.setUint32(0, context.length);
  view.setUint32(4, feldman.length);
  const points = [...feldman, ...pedersen].map(uncompressed);
  return sha256(concatBytes(Buffer.from(LABEL), lengths, context, ...points));
}

function challengeOf(digest: Uint8Array, u: G1Point, v: G1Point): Uint8Array {
  const label = Buffer.from(`${LABEL}/challenge`);
  return sha256(concatBytes(label, digest, uncompressed(u), uncompressed(v))).slice(0, CHALLENGE_BYTES);
}
