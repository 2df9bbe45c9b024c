import { encodeG1, modAdd, modMul, type Scalar, SECOND_GENERATOR, scalarToBytes, secureRandom } from '@witan/crypto';
import bls from 'bls-eth-wasm';
import type { Library } from './work.ts';

type Point = InstanceType<typeof bls.PublicKey>;

/** `bls-eth-wasm` by its public interface, which checks the order of each point that it decodes. */
export const wasmAlone: Library<Point> = {
  name: 'bls-eth-wasm',
  commit: (f, g) => {
    const feldman = f.map((value) => secretOf(value).getPublicKey());
    const pedersen = feldman.map((point, k) => sum([point, multiple(secondGenerator(), g[k]!)]));
    return { pedersen: pedersen.map(encode), feldman: feldman.map(encode) };
  },
  verifyShares: (x, dealt) => {
    const factors = dealt.map((_, at) => (at === 0 ? 1n : shortRandom()));
    const points = dealt.map(({ commitment }, at) => multiple(evaluate(commitment.map(decode), x), factors[at]!));
    const value = dealt.reduce((total, each, at) => modAdd(total, modMul(each.value, factors[at]!)), 0n);
    const blind = dealt.reduce((total, each, at) => modAdd(total, modMul(each.blind, factors[at]!)), 0n);
    const opened = sum([secretOf(value).getPublicKey(), multiple(secondGenerator(), blind)]);
    return sum(points).isEqual(opened);
  },
  feldmanSum: (x, commitments, value) => {
    const decoded = commitments.map((commitment) => commitment.map(decode));
    const total = decoded[0]!.map((_, k) => sum(decoded.map((commitment) => commitment[k]!)));
    return evaluate(total, x).isEqual(secretOf(value).getPublicKey()) ? total : undefined;
  },
  keyShares: (total, count) => Array.from({ length: count }, (_, index) => encode(evaluate(total, index + 1))),
  sign: (secret, message) => secretOf(secret).sign(message).serialize(),
  combine: (key, message, shares) => {
    // As with ours: what the shares are is left open until the signature that they make has been checked.
    bls.verifySignatureOrder(false);
    const signature = new bls.Signature();
    const points = shares.map((share) => {
      const point = new bls.Signature();
      point.deserialize(share.signature);
      return point;
    });
    signature.recover(
      points,
      shares.map((share) => idOf(share.index + 1)),
    );
    bls.verifySignatureOrder(true);
    return signature.isValidOrder() && key.verify(signature, message) ? signature.serialize() : undefined;
  },
};

/** The library's checks are of its one instance, in which `@witan/crypto` has switched them off: it checks elsewhere. */
export function withOrderChecks<T>(run: () => T): T {
  bls.verifyPublicKeyOrder(true);
  bls.verifySignatureOrder(true);
  try {
    return run();
  } finally {
    bls.verifyPublicKeyOrder(false);
    bls.verifySignatureOrder(false);
  }
}

let generator: Point | undefined;

function secondGenerator(): Point {
  generator ??= decode(encodeG1(SECOND_GENERATOR));
  return generator;
}

function secretOf(scalar: Scalar) {
  const secret = new bls.SecretKey();
  secret.deserialize(scalarToBytes(scalar));
  return secret;
}

function idOf(x: number) {
  const id = new bls.Id();
  id.setInt(x);
  return id;
}

function decode(bytes: Uint8Array): Point {
  const point = new bls.PublicKey();
  point.deserialize(bytes);
  return point;
}

function encode(point: Point): Uint8Array {
  return point.serialize();
}

function evaluate(points: readonly Point[], x: number): Point {
  const out = new bls.PublicKey();
  out.share([...points], idOf(x));
  return out;
}

function multiple(point: Point, scalar: Scalar): Point {
  const out = point.clone();
  out.mul(secretOf(scalar));
  return out;
}

function sum(points: readonly Point[]): Point {
  const [first, ...rest] = points;
  const total = first!.clone();
  for (const point of rest) total.add(point);
  return total;
}

function shortRandom(): bigint {
  return BigInt(`0x${Buffer.from(secureRandom(16)).toString('hex')}`);
}
