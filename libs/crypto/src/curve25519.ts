import { bigEndian } from './field.ts';
import { KEY_BYTES } from './keys25519.ts';
import { invalid, malformed, requireLength } from './refuse.ts';

/**
 * The little of Curve25519's arithmetic that node:crypto does not offer, on public keys only: which are of low order,
 * and the X25519 form of an Ed25519 key (RFC 7748, section 4.1).
 */
const P = 2n ** 255n - 19n;
const MONTGOMERY_A = 486662n;
const EDWARDS_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN_BIT = 1n << 255n;

/**
 * Refuses an Ed25519 public key that does not bind its owner: one of low order, for which signatures can be made that
 * hold for any message, or one written in a second way, which would give one key two names.
 * @throws WitanError `WITAN_ERR_MALFORMED` not 32 bytes, or y ≥ p; `WITAN_ERR_INVALID` of low order.
 */
export function requireStrongEd25519(publicKey: Uint8Array): void {
  const y = edwardsY(publicKey);
  if (isLowOrder(field(1n + y), field(1n - y))) throw invalid('the public key is of low order');
}

/**
 * Refuses an X25519 public key with which every shared secret is zero.
 * @throws WitanError `WITAN_ERR_MALFORMED` not 32 bytes, or not below p; `WITAN_ERR_INVALID` of low order.
 */
export function requireStrongX25519(publicKey: Uint8Array): void {
  requireLength(publicKey, KEY_BYTES, 'a public key');
  const u = littleEndian(publicKey);
  if (u >= P) throw malformed('the public key is not below the field prime');
  if (isLowOrder(u, 1n)) throw invalid('the public key is of low order');
}

/**
 * The X25519 public key that belongs to an Ed25519 one: u = (1 + y)/(1 - y).
 * @throws WitanError `WITAN_ERR_MALFORMED` not 32 bytes, y ≥ p, not on the curve; `WITAN_ERR_INVALID` of low order.
 */
export function x25519PublicFromEd25519(publicKey: Uint8Array): Uint8Array {
  requireStrongEd25519(publicKey);
  const y = edwardsY(publicKey);
  const y2 = (y * y) % P;
  // x² = (y² - 1)/(d·y² + 1); a quotient is a square exactly when the product is.
  if (!isSquare(field(y2 - 1n) * field(EDWARDS_D * y2 + 1n))) throw malformed('the public key is not on the curve');
  const u = (field(1n + y) * power(field(1n - y), P - 2n)) % P;
  return littleEndianBytes(u);
}

function edwardsY(publicKey: Uint8Array): bigint {
  requireLength(publicKey, KEY_BYTES, 'a public key');
  const y = littleEndian(publicKey) & (SIGN_BIT - 1n);
  if (y >= P) throw malformed('the public key is not below the field prime');
  return y;
}

/** Whether 8·(x : z) is the neutral point: three doublings of the x-coordinate, on the curve and on its twist alike. */
function isLowOrder(x: bigint, z: bigint): boolean {
  let [X, Z] = [x, z];
  for (let i = 0; i < 3; i++) {
    const [x2, z2, xz] = [X * X, Z * Z, X * Z];
    [X, Z] = [field((x2 - z2) ** 2n), field(4n * xz * field(x2 + MONTGOMERY_A * xz + z2))];
  }
  return Z === 0n;
}

function isSquare(value: bigint): boolean {
  return power(field(value), (P - 1n) / 2n) !== P - 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

function field(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bigEndian(bytes.toReversed());
}

function littleEndianBytes(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(2 * KEY_BYTES, '0'), 'hex').reverse());
}
