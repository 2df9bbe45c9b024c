import { pippenger } from '@noble/curves/abstract/curve.js';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import {
  encodeG1,
  lagrangeCoefficients,
  modAdd,
  modMul,
  type Scalar,
  SECOND_GENERATOR,
  secureRandom,
} from '@witan/crypto';
import type { Library } from './work.ts';

const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
const signatures = bls12_381.longSignatures;
type Point = InstanceType<typeof G1>;

const CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

/** `@noble/curves`: pure JavaScript, precomputed tables for both generators. */
export const nobleAlone: Library<Point> = {
  name: '@noble/curves',
  commit: (f, g) => {
    const feldman = f.map(baseMultiple);
    const pedersen = feldman.map((point, k) => point.add(secondGenerator().multiply(g[k]!)));
    return { pedersen: pedersen.map(encode), feldman: feldman.map(encode) };
  },
  verifyShares: (x, dealt) => {
    const factors = dealt.map((_, at) => (at === 0 ? 1n : shortRandom()));
    const points = dealt.map(({ commitment }) => evaluate(commitment.map(decode), x));
    const value = dealt.reduce((total, each, at) => modAdd(total, modMul(each.value, factors[at]!)), 0n);
    const blind = dealt.reduce((total, each, at) => modAdd(total, modMul(each.blind, factors[at]!)), 0n);
    const opened = baseMultiple(value).add(secondGenerator().multiply(blind));
    return pippenger(G1, points, factors).equals(opened);
  },
  feldmanSum: (x, commitments, value) => {
    const decoded = commitments.map((commitment) => commitment.map(decode));
    const total = decoded[0]!.map((_, k) => sum(decoded.map((commitment) => commitment[k]!)));
    return evaluate(total, x).equals(baseMultiple(value)) ? total : undefined;
  },
  keyShares: (total, count) => Array.from({ length: count }, (_, index) => encode(evaluate(total, index + 1))),
  sign: (secret, message) => hashed(message).multiply(secret).toBytes(),
  combine: (key, message, shares) => {
    const weights = lagrangeCoefficients(shares.map((share) => share.index + 1));
    const terms = shares.map((share, at) => G2.fromBytes(share.signature).multiplyUnsafe(weights[at]!));
    const signature = terms.reduce((total, term) => total.add(term));
    return signatures.verify(signature, hashed(message), key) ? signature.toBytes() : undefined;
  },
};

let generator: Point | undefined;

function secondGenerator(): Point {
  generator ??= decode(encodeG1(SECOND_GENERATOR)).precompute(8, false);
  return generator;
}

function hashed(message: Uint8Array) {
  return signatures.hash(message, CIPHERSUITE);
}

function baseMultiple(scalar: Scalar): Point {
  return G1.BASE.multiply(scalar);
}

/** On the curve and in the subgroup. */
function decode(bytes: Uint8Array): Point {
  return G1.fromBytes(bytes);
}

function encode(point: Point): Uint8Array {
  return point.toBytes();
}

function evaluate(points: readonly Point[], x: number): Point {
  const factor = BigInt(x);
  return points.reduceRight((total, point) => total.multiplyUnsafe(factor).add(point));
}

function sum(points: readonly Point[]): Point {
  return points.reduce((total, point) => total.add(point));
}

function shortRandom(): bigint {
  return BigInt(`0x${Buffer.from(secureRandom(16)).toString('hex')}`);
}
