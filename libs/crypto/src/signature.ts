import type { Signature } from '@chainsafe/blst';
import { bls, blst } from './backend.ts';
import { publicKeyOf, refusal } from './decode.ts';
import { mod, type Scalar, scalarToBytes } from './field.ts';
import { mulBase } from './group.ts';
import { operations } from './meter.ts';
import type { G1Point } from './point.ts';
import { invalid, requireLength } from './refuse.ts';
import { SecretScalar } from './secret.ts';
import { rememberVerdict } from './verification-cache.ts';

export const SIGNATURE_BYTES = 96;

export interface KeyPair {
  readonly secret: SecretScalar;
  readonly publicKey: G1Point;
}

/** @throws WitanError `WITAN_ERR_INVALID` for 0, which is nobody's key. */
export function keyPair(secret: Scalar): KeyPair {
  const scalar = mod(secret);
  if (scalar === 0n) throw invalid('the secret key is zero');
  return { secret: new SecretScalar(scalar), publicKey: mulBase(scalar) };
}

/**
 * secret · hash(message): a signature under a key, or a share of one under a key share; the two are the same thing.
 * 96 bytes, compressed. Ciphersuite BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_.
 * @throws WitanError `WITAN_ERR_INVALID` for the secret 0, whose signature would be infinity.
 */
export function signShare(secret: Scalar | SecretScalar, message: Uint8Array): Uint8Array {
  const bytes = secret instanceof SecretScalar ? secret.toBytes() : scalarToBytes(mod(secret));
  try {
    if (bytes.every((byte) => byte === 0)) throw invalid('the secret key is zero');
    operations.sign++;
    return new Uint8Array(bls.SecretKey.fromBytes(bytes).sign(message).toBytes());
  } finally {
    bytes.fill(0);
  }
}

/**
 * Whether `signature` is by `publicKey` (48 bytes, or a point) over `message`. Well-formed and wrong is `false`.
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID`: key or signature are no points, outside the subgroup,
 *   or infinity.
 */
export function verifySignature(publicKey: G1Point | Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return verifyDecoded(publicKey, message, decodeSignature(signature));
}

/** The same for a signature that has been decoded and checked. */
export function verifyDecoded(publicKey: G1Point | Uint8Array, message: Uint8Array, signature: Signature): boolean {
  const key = publicKeyOf(publicKey);
  return rememberVerdict(
    () => key.toBytes(true),
    message,
    () => signature.toBytes(true),
    () => {
      operations.verify++;
      return blst.verify(message, key, signature);
    },
  );
}

/** A signature that is a point of G2 and not infinity. @throws WitanError as `verifySignature` does. */
export function decodeSignature(bytes: Uint8Array): Signature {
  requireLength(bytes, SIGNATURE_BYTES, 'a signature');
  operations.g2Decode++;
  return readSignature(bytes, true);
}

/** Reads either encoding; `check` false leaves the subgroup open, for what is verified as part of a sum. */
export function readSignature(bytes: Uint8Array, check: boolean): Signature {
  try {
    return blst.Signature.fromBytes(bytes, check, true);
  } catch (error) {
    throw refusal(error, 'signature');
  }
}
