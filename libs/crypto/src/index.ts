export {
  type Combined,
  type CombineRequest,
  combineSignatures,
  combineVerified,
  type SignatureShare,
} from './combine.ts';
export { measureCosts } from './costs.ts';
export {
  decodeCurvePoint,
  decodeG1,
  decodeG1Uncompressed,
  encodeCurvePoint,
  encodeG1,
  setDecodeCache,
} from './decode.ts';
export { feldmanCommit, feldmanHolds, publicKeyShares, sumCommitments } from './feldman.ts';
export * as field from './field.ts';
export {
  add as modAdd,
  invert as modInvert,
  mod,
  mul as modMul,
  neg as modNeg,
  ORDER,
  SCALAR_BYTES,
  type Scalar,
  scalarFromBytes,
  scalarFromHash,
  scalarToBytes,
  sub as modSub,
} from './field.ts';
export * as group from './group.ts';
export {
  equals,
  evaluateCommitment,
  G1_GENERATOR,
  INFINITY,
  isInfinity,
  linearCombination,
  mulBase,
  multiply,
  negate,
  sum,
} from './group.ts';
export { concatBytes, constantTimeEqual, fromHex, hkdf, sha256, toHex } from './hash.ts';
export { IDENTITY_SIGNATURE_BYTES, Identity, nodeName, verifyIdentity } from './identity.ts';
export { costOf, countOperations, OPERATIONS, type Operation, type OperationCounts, operations } from './meter.ts';
export { type Dealing, findBadPedersenShares, type PedersenShare, pedersenCommit, pedersenHolds } from './pedersen.ts';
export {
  COMPRESSED_BYTES as G1_BYTES,
  type CurvePoint,
  type G1Point,
  UNCOMPRESSED_BYTES as CURVE_POINT_BYTES,
} from './point.ts';
export {
  evaluate,
  interpolate,
  interpolateAt,
  lagrangeCoefficients,
  type Polynomial,
  polynomialFromSeed,
  type SharePoint,
} from './polynomial.ts';
export { secureRandom } from './random.ts';
export {
  CHALLENGE_BYTES,
  proveSamePolynomial,
  type SamePolynomial,
  type SamePolynomialProof,
  samePolynomialHolds,
} from './same-polynomial.ts';
export { ephemeralFromSeed, openSealed, openWithEphemeral, type Sealed, sealTo } from './seal.ts';
export {
  mulSecond,
  prepareTables,
  SECOND_GENERATOR,
  SECOND_GENERATOR_DST,
  SECOND_GENERATOR_MESSAGE,
} from './second-generator.ts';
export { SecretScalar } from './secret.ts';
export { dealShares, recoverSecret, shareX } from './shamir.ts';
export { type KeyPair, keyPair, SIGNATURE_BYTES, signShare, verifySignature } from './signature.ts';
export { toSubgroup } from './torsion.ts';
export { type SecretSealer, Vault } from './vault.ts';
export { setVerificationCache } from './verification-cache.ts';
export { requireStrongX25519, X25519Private, x25519PublicFromEd25519 } from './x25519.ts';
