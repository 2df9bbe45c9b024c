import { PointFormat } from '@chainsafe/bls/types';
import { clear, FR_BYTES, G1_BYTES, storeScalar, takeArena } from './arena.ts';
import { bls, wasm } from './backend.ts';
import { mod, type Scalar, scalarToBytes } from './field.ts';
import { operations } from './meter.ts';
import {
  type CurvePoint,
  G1Point,
  inSubgroup,
  loadPoint,
  storeInfinity,
  storePoint,
  storePoints,
  wordsOf,
} from './point.ts';
import { invalid } from './refuse.ts';
import { multiplySmall } from './small-multiple.ts';

/**
 * Arithmetic on points. Each operation on points of G1 gives a point of G1, on mere curve points a curve point.
 * Everything but `mulBase` takes a time that depends on its operands: they are public.
 */
export const INFINITY: G1Point = new G1Point(new Uint32Array(G1_BYTES / 4));

/** The generator of G1 in the ciphersuite, the G of every commitment. */
export const G1_GENERATOR: G1Point = mulBase(1n);

/** scalar · G by blst, in constant time. For 0, which blst refuses, it is infinity. */
export function mulBase(scalar: Scalar): G1Point {
  const reduced = mod(scalar);
  if (reduced === 0n) return INFINITY;
  operations.g1MulBase++;
  const bytes = scalarToBytes(reduced);
  const point = bls.SecretKey.fromBytes(bytes).toPublicKey().toBytes(PointFormat.uncompressed);
  bytes.fill(0);
  return new G1Point(wordsOf(point));
}

/** scalar · point; for public scalars. */
export function multiply(point: G1Point, scalar: Scalar): G1Point {
  operations.g1Mul++;
  const at = takeArena(2 * G1_BYTES + FR_BYTES);
  storePoint(at, point);
  storeScalar(at + 2 * G1_BYTES, mod(scalar));
  wasm._mclBnG1_mul(at + G1_BYTES, at, at + 2 * G1_BYTES);
  return loadPoint(at + G1_BYTES, true) as G1Point;
}

export function isInfinity(point: CurvePoint): boolean {
  const at = takeArena(G1_BYTES);
  storePoint(at, point);
  return wasm._mclBnG1_isZero(at) === 1;
}

/** Equality as points of the curve, torsion included. */
export function equals(a: CurvePoint, b: CurvePoint): boolean {
  const at = takeArena(2 * G1_BYTES);
  storePoints(at, [a, b]);
  return wasm._mclBnG1_isEqual(at, at + G1_BYTES) === 1;
}

export function add(a: G1Point, b: G1Point): G1Point;
export function add(a: CurvePoint, b: CurvePoint): CurvePoint;
export function add(a: CurvePoint, b: CurvePoint): CurvePoint {
  return sum([a, b]);
}

export function sub(a: G1Point, b: G1Point): G1Point;
export function sub(a: CurvePoint, b: CurvePoint): CurvePoint;
export function sub(a: CurvePoint, b: CurvePoint): CurvePoint {
  operations.g1Add++;
  const at = takeArena(2 * G1_BYTES);
  storePoints(at, [a, b]);
  wasm._mclBnG1_sub(at, at, at + G1_BYTES);
  return loadPoint(at, inSubgroup([a, b]));
}

export function negate(point: G1Point): G1Point;
export function negate(point: CurvePoint): CurvePoint;
export function negate(point: CurvePoint): CurvePoint {
  const at = takeArena(G1_BYTES);
  storePoint(at, point);
  wasm._mclBnG1_neg(at, at);
  return loadPoint(at, inSubgroup([point]));
}

/** The sum; infinity of nothing. */
export function sum(points: readonly G1Point[]): G1Point;
export function sum(points: readonly CurvePoint[]): CurvePoint;
export function sum(points: readonly CurvePoint[]): CurvePoint {
  if (points.length === 0) return INFINITY;
  operations.g1Add += points.length - 1;
  const at = takeArena(2 * G1_BYTES);
  storePoint(at, points[0]!);
  for (let i = 1; i < points.length; i++) {
    storePoint(at + G1_BYTES, points[i]!);
    wasm._mclBnG1_add(at, at, at + G1_BYTES);
  }
  return loadPoint(at, inSubgroup(points));
}

/** Σ points[k]·x^k for an integer 0 ≤ x < 2^31: the point that `points` commits to at x. By Horner's rule. */
export function evaluateCommitment(points: readonly G1Point[], x: number): G1Point;
export function evaluateCommitment(points: readonly CurvePoint[], x: number): CurvePoint;
export function evaluateCommitment(points: readonly CurvePoint[], x: number): CurvePoint {
  if (!Number.isInteger(x) || x < 0 || x >= 2 ** 31) throw invalid(`x is ${x}`);
  const last = points.length - 1;
  if (last < 0) return INFINITY;
  if (x === 0) return points[0]!;
  operations.hornerStep += last;
  const at = takeArena(3 * G1_BYTES);
  const next = at + G1_BYTES;
  storePoint(at, points[last]!);
  for (let k = last - 1; k >= 0; k--) {
    multiplySmall(at, x, next);
    storePoint(next, points[k]!);
    wasm._mclBnG1_add(at, at, next);
  }
  return loadPoint(at, inSubgroup(points));
}

/**
 * Σ scalars[i]·points[i], all at once; meant for coefficients of 128 bits, right for any.
 * Modulo torsion it also holds for points outside the subgroup: the module's endomorphism commutes with the
 * projection to G1, and there it is the multiplication that it stands for.
 */
export function linearCombination(points: readonly G1Point[], scalars: readonly Scalar[]): G1Point;
export function linearCombination(points: readonly CurvePoint[], scalars: readonly Scalar[]): CurvePoint;
export function linearCombination(points: readonly CurvePoint[], scalars: readonly Scalar[]): CurvePoint {
  const count = points.length;
  if (scalars.length !== count) throw invalid(`${count} points, ${scalars.length} scalars`);
  if (count === 0) return INFINITY;
  operations.g1MulShort += count;
  const at = takeArena(G1_BYTES + count * (G1_BYTES + FR_BYTES));
  const array = at + G1_BYTES;
  const factors = array + count * G1_BYTES;
  storePoints(array, points);
  for (let i = 0; i < count; i++) storeScalar(factors + i * FR_BYTES, mod(scalars[i]!));
  storeInfinity(at);
  wasm._mclBnG1_mulVec(at, array, factors, count);
  // They may be the coins of a batched check, which no later user of the arena is to find.
  clear(factors, count * FR_BYTES);
  return loadPoint(at, inSubgroup(points));
}
