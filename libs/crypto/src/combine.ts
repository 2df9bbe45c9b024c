import type { Signature } from '@chainsafe/blst';
import { unlessBad } from '@witan/errors';
import { clear, copy, G2_BYTES, loadBytes, storeBytes, storeScalar, takeArena } from './arena.ts';
import { wasm } from './backend.ts';
import { invert, mod } from './field.ts';
import { integerWeights } from './integer-weights.ts';
import { operations } from './meter.ts';
import type { G1Point } from './point.ts';
import { invalid, requireLength } from './refuse.ts';
import { shareX } from './shamir.ts';
import { decodeSignature, readSignature, SIGNATURE_BYTES, verifyDecoded, verifySignature } from './signature.ts';

/** One participant's signature share; `index` is 0-based. */
export interface SignatureShare {
  readonly index: number;
  readonly signature: Uint8Array;
}

export interface CombineRequest {
  readonly publicKey: G1Point | Uint8Array;
  /** Of every participant, at its index. */
  readonly publicKeyShares: readonly (G1Point | Uint8Array)[];
  readonly message: Uint8Array;
  /** At least `threshold`, of different participants. */
  readonly shares: readonly SignatureShare[];
  readonly threshold: number;
}

/** The signature, verified; or the indices of the participants whose shares are false, never empty. */
export type Combined = { readonly signature: Uint8Array } | { readonly bad: readonly number[] };

const UNCOMPRESSED_SIGNATURE_BYTES = 192;

/**
 * The signature that these shares determine: interpolation in the exponent at 0. Each share is checked to be a
 * point of G2; whether it is its participant's is for `combineVerified` to say.
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` as `verifySignature`; `WITAN_ERR_INVALID` for no shares
 *   or two of one participant.
 */
export function combineSignatures(shares: readonly SignatureShare[]): Uint8Array {
  requireDistinct(shares);
  const points = shares.map((share) => decodeSignature(share.signature));
  return new Uint8Array(combine(indicesOf(shares), points).toBytes(true));
}

/**
 * Combines the first `threshold` shares and verifies once. Only when that fails is each share verified alone, also
 * those beyond the threshold; a share that is no signature at all is one of the bad.
 * @throws WitanError `WITAN_ERR_INVALID` for fewer shares than `threshold`, two of one participant, an index without a
 *   public key share, and where all shares hold and the key is another's.
 */
export function combineVerified(request: CombineRequest): Combined {
  const { publicKey, publicKeyShares, message, shares, threshold } = request;
  requireDistinct(shares);
  if (threshold < 1 || shares.length < threshold) throw invalid(`${shares.length} shares, ${threshold} needed`);
  if (shares.some((share) => share.index >= publicKeyShares.length)) throw invalid('a share of nobody');
  const signature = tryCombine(shares.slice(0, threshold));
  if (signature !== undefined && verifyDecoded(publicKey, message, signature)) {
    return { signature: new Uint8Array(signature.toBytes(true)) };
  }
  const bad = shares.filter((share) => !holds(publicKeyShares[share.index]!, message, share.signature));
  if (bad.length === 0) throw invalid('the public key shares are not those of the public key');
  return { bad: bad.map((share) => share.index) };
}

/** Shares are left unchecked here: a false one makes the sum false, and the sum is checked. */
function tryCombine(shares: readonly SignatureShare[]): Signature | undefined {
  return unlessBad(() => {
    const points = shares.map((share) => {
      requireLength(share.signature, SIGNATURE_BYTES, 'a signature');
      operations.g2DecodeCurve++;
      return readSignature(share.signature, false);
    });
    return combine(indicesOf(shares), points);
  });
}

function indicesOf(shares: readonly SignatureShare[]): number[] {
  return shares.map((share) => share.index);
}

function holds(publicKeyShare: G1Point | Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return unlessBad(() => verifySignature(publicKeyShare, message, signature)) ?? false;
}

/**
 * Σ λ_i·S_i over decoded points, with the weights λ_i(0) as fractions over one small denominator D: 1/D · Σ (D·λ_i)·S_i. For 5 of 7 the
 * numerators have at most 8 bits instead of 255, and often D is 1.
 * @throws WitanError `WITAN_ERR_INVALID` when the result is infinity or outside the subgroup.
 */
export function combine(indices: readonly number[], points: readonly Signature[]): Signature {
  const { numerators, denominator } = integerWeights(indices.map(shareX));
  operations.lagrange += indices.length;
  const count = points.length;
  const at = takeArena((count + 2) * G2_BYTES + UNCOMPRESSED_SIGNATURE_BYTES);
  const first = at + 2 * G2_BYTES;
  const scratch = first + count * G2_BYTES;
  points.forEach((point, i) => {
    storeBytes(scratch, point.toBytes(false));
    wasm._blsSignatureDeserializeUncompressed(first + i * G2_BYTES, scratch, UNCOMPRESSED_SIGNATURE_BYTES);
  });
  sumOfMultiples(at, first, numerators.map(signedDigits));
  if (denominator !== 1n) {
    operations.g2Mul++;
    copy(at + G2_BYTES, at, G2_BYTES);
    storeScalar(scratch, invert(mod(denominator)));
    wasm._mclBnG2_mul(at, at + G2_BYTES, scratch);
  }
  wasm._blsSignatureSerializeUncompressed(scratch, UNCOMPRESSED_SIGNATURE_BYTES, at);
  operations.g2SubgroupCheck++;
  return readSignature(loadBytes(scratch, UNCOMPRESSED_SIGNATURE_BYTES), true);
}

/** out ← Σ digits_i · point_i, the doublings shared by all (Straus's method). */
function sumOfMultiples(out: number, first: number, digits: readonly Int8Array[]): void {
  clear(out, G2_BYTES);
  const length = Math.max(...digits.map((each) => each.length));
  for (let bit = length - 1; bit >= 0; bit--) {
    wasm._mclBnG2_dbl(out, out);
    for (let i = 0; i < digits.length; i++) {
      const digit = digits[i]![bit] ?? 0;
      if (digit === 1) wasm._mclBnG2_add(out, out, first + i * G2_BYTES);
      else if (digit === -1) wasm._mclBnG2_sub(out, out, first + i * G2_BYTES);
    }
  }
}

/** The non-adjacent form, the least significant digit first: a third of the digits are not zero. */
function signedDigits(value: bigint): Int8Array {
  const digits: number[] = [];
  for (let rest = value; rest !== 0n; rest >>= 1n) {
    const digit = rest & 1n ? 2 - Number(BigInt.asUintN(2, rest)) : 0;
    digits.push(digit);
    rest -= BigInt(digit);
  }
  return Int8Array.from(digits);
}

function requireDistinct(shares: readonly SignatureShare[]): void {
  if (shares.length === 0) throw invalid('no shares');
  if (shares.some((share) => !Number.isInteger(share.index) || share.index < 0)) throw invalid('a share of nobody');
  if (new Set(shares.map((share) => share.index)).size !== shares.length)
    throw invalid('two shares of one participant');
}
