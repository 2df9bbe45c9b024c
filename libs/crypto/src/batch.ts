import { bigEndian, mod, type Scalar } from './field.ts';
import { add, linearCombination } from './group.ts';
import { concatBytes, sha256 } from './hash.ts';
import type { CurvePoint, G1Point } from './point.ts';
import { invalid } from './refuse.ts';
import { equalModuloTorsion } from './torsion.ts';

/** That `share` opens `point`. */
interface Claim<S> {
  readonly share: S;
  readonly point: CurvePoint;
}

/** A linear map from shares to G1, and the sum of shares times factors on its own side. */
interface Opening<S> {
  open(share: S): G1Point;
  combine(shares: readonly S[], factors: readonly Scalar[]): S;
}

const COEFFICIENT_BYTES = 16;
const COINS_BYTES_MIN = 16;

/**
 * The positions of the claims that are false, modulo torsion.
 *
 * All are checked at once: open(Σ r_j·share_j) = Σ r_j·point_j for secret 128-bit r_j, of which the first may be 1. When
 * a claim is false, that holds for at most one in 2^128 of the choices (the small-exponent test of Bellare, Garay and
 * Rabin, "Fast batch verification for modular exponentiation and digital signatures", EUROCRYPT '98; it needs a
 * group of prime order, which "modulo torsion" gives). Only when it fails is each claim checked alone.
 */
export function findFalse<S>(claims: readonly Claim<S>[], coins: Uint8Array, { open, combine }: Opening<S>): number[] {
  if (coins.length < COINS_BYTES_MIN) throw invalid(`${coins.length} bytes of coins, ${COINS_BYTES_MIN} needed`);
  if (claims.length === 0) return [];
  const factors = factorsOf(coins, claims.length);
  const shares = claims.map((claim) => claim.share);
  const total = drawTogether(
    claims.map((claim) => claim.point),
    factors,
  );
  if (equalModuloTorsion(open(combine(shares, factors)), total)) return [];
  return claims.flatMap(({ share, point }, j) => (equalModuloTorsion(open(share), point) ? [] : [j]));
}

/** Σ values[j]·factors[j]. */
export function innerProduct(values: readonly Scalar[], factors: readonly Scalar[]): Scalar {
  return values.reduce((total, value, j) => mod(total + value * factors[j]!), 0n);
}

/** Σ factors[j]·points[j] of at least one point, where the first factor is 1. */
export function drawTogether(points: readonly G1Point[], factors: readonly Scalar[]): G1Point;
export function drawTogether(points: readonly CurvePoint[], factors: readonly Scalar[]): CurvePoint;
export function drawTogether([first, ...rest]: readonly CurvePoint[], factors: readonly Scalar[]): CurvePoint {
  return add(first!, linearCombination(rest, factors.slice(1)));
}

/** So many factors of 128 bits that follow from `coins`; the first is 1. */
export function factorsOf(coins: Uint8Array, count: number): Scalar[] {
  return Array.from({ length: count }, (_, j) => (j === 0 ? 1n : coefficient(coins, j)));
}

function coefficient(coins: Uint8Array, position: number): Scalar {
  const at = new Uint8Array(4);
  new DataView(at.buffer).setUint32(0, position);
  return bigEndian(sha256(concatBytes(coins, at)).subarray(0, COEFFICIENT_BYTES));
}
