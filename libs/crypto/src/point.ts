import { clear, G1_BYTES, loadBytes, loadWords, storeBytes, storeWords, takeArena } from './arena.ts';
import { wasm } from './backend.ts';

/**
 * A point of the curve E(Fp), perhaps outside the subgroup of order r: an immutable value.
 *
 * E(Fp) is G1 × T with |T| coprime to r. Such a point *stands for its part in G1*: whatever is asked of it is asked
 * modulo T (torsion.ts), so nobody need check each point of each commitment, which is three quarters of its decoding.
 */
export class CurvePoint {
  /** Jacobian coordinates as the wasm module keeps them. */
  readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    this.words = words;
  }
}

/** A point of G1, the subgroup of order r. As decoded it is not infinity; as the result of arithmetic it may be. */
export class G1Point extends CurvePoint {
  /** Makes the type nominal: a curve point is not a G1 point before something has shown that it is. */
  readonly subgroup = 'G1';
}

export const COMPRESSED_BYTES = 48;
export const UNCOMPRESSED_BYTES = 96;

/** Both in the subgroup makes the result so: E(Fp) is closed, and so is G1. */
export function inSubgroup(points: readonly CurvePoint[]): boolean {
  return points.every((point) => point instanceof G1Point);
}

export function storePoint(address: number, point: CurvePoint): void {
  storeWords(address, point.words);
}

/** Lays the points out in an array at `address`. */
export function storePoints(address: number, points: readonly CurvePoint[]): void {
  for (let i = 0; i < points.length; i++) storeWords(address + i * G1_BYTES, points[i]!.words);
}

export function loadPoint(address: number, subgroup: boolean): CurvePoint {
  const words = loadWords(address, G1_BYTES);
  return subgroup ? new G1Point(words) : new CurvePoint(words);
}

export function storeInfinity(address: number): void {
  clear(address, G1_BYTES);
}

/** Words of an uncompressed point that blst has accepted; blst has already refused whatever this would refuse. */
export function wordsOf(uncompressed: Uint8Array): Uint32Array {
  const at = takeArena(G1_BYTES + UNCOMPRESSED_BYTES);
  storeBytes(at + G1_BYTES, uncompressed);
  const read = wasm._blsPublicKeyDeserializeUncompressed(at, at + G1_BYTES, UNCOMPRESSED_BYTES);
  if (read !== UNCOMPRESSED_BYTES) throw new Error('the two backends disagree about a point');
  return loadWords(at, G1_BYTES);
}

export function uncompressed(point: CurvePoint): Uint8Array {
  const at = takeArena(G1_BYTES + UNCOMPRESSED_BYTES);
  storePoint(at, point);
  wasm._blsPublicKeySerializeUncompressed(at + G1_BYTES, UNCOMPRESSED_BYTES, at);
  return loadBytes(at + G1_BYTES, UNCOMPRESSED_BYTES);
}

export function compressed(point: CurvePoint): Uint8Array {
  const at = takeArena(G1_BYTES + COMPRESSED_BYTES);
  storePoint(at, point);
  wasm._blsPublicKeySerialize(at + G1_BYTES, COMPRESSED_BYTES, at);
  return loadBytes(at + G1_BYTES, COMPRESSED_BYTES);
}
