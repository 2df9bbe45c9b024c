import { FR_BYTES, G1_BYTES, storeScalar, takeArena } from './arena.ts';
import { blst, wasm } from './backend.ts';
import { invert, type Scalar } from './field.ts';
import { INFINITY, isInfinity } from './group.ts';
import { operations } from './meter.ts';
import { type CurvePoint, G1Point, loadPoint, storePoint, storePoints, uncompressed, wordsOf } from './point.ts';
import { clearCofactor, EFFECTIVE_COFACTOR } from './small-multiple.ts';

/**
 * E(Fp) = G1 × T. Multiplying by 1 - z kills T and is invertible on G1, so for any two points of the curve,
 * (1 - z)·(a - b) = 0 exactly when their parts in G1 are equal. That one predicate is used for a single share and for
 * a batch, so all who check agree, and a dealer who adds torsion to its commitment has committed to nothing else
 * than its part in G1. (The same reasoning as cofactored verification of Ed25519: Chalkias, Garillot and
 * Nikolaenko, "Taming the many EdDSAs", 2020.)
 */
export function equalModuloTorsion(a: CurvePoint, b: CurvePoint): boolean {
  const at = takeArena(2 * G1_BYTES);
  storePoints(at, [a, b]);
  wasm._mclBnG1_sub(at, at, at + G1_BYTES);
  if (wasm._mclBnG1_isZero(at) === 1) return true;
  if (a instanceof G1Point && b instanceof G1Point) return false;
  clearCofactor(at, at + G1_BYTES);
  return wasm._mclBnG1_isZero(at) === 1;
}

/** 1/(1 - z) mod r. */
const COFACTOR_INVERSE: Scalar = invert(EFFECTIVE_COFACTOR);

/**
 * The part of `point` in G1: the point itself when it is there (one subgroup check), else its projection
 * (1 - z)^-1·((1 - z)·point). A homomorphism, so sums may be projected in place of their terms.
 */
export function toSubgroup(point: CurvePoint): G1Point {
  if (point instanceof G1Point) return point;
  if (isInfinity(point)) return INFINITY;
  operations.g1SubgroupCheck++;
  const bytes = uncompressed(point);
  try {
    blst.PublicKey.fromBytes(bytes, true);
    return new G1Point(wordsOf(bytes));
  } catch {
    return project(point);
  }
}

function project(point: CurvePoint): G1Point {
  operations.g1Mul++;
  const at = takeArena(2 * G1_BYTES + FR_BYTES);
  storePoint(at, point);
  clearCofactor(at, at + G1_BYTES);
  storeScalar(at + 2 * G1_BYTES, COFACTOR_INVERSE);
  wasm._mclBnG1_mul(at + G1_BYTES, at, at + 2 * G1_BYTES);
  return loadPoint(at + G1_BYTES, true) as G1Point;
}
