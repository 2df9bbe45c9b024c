import type { PublicKey } from '@chainsafe/blst';
import { LRUCache } from 'lru-cache';
import { blst } from './backend.ts';
import { latin1 } from './hash.ts';
import { operations } from './meter.ts';
import {
  COMPRESSED_BYTES,
  CurvePoint,
  compressed,
  G1Point,
  UNCOMPRESSED_BYTES,
  uncompressed,
  wordsOf,
} from './point.ts';
import { invalid, malformed, requireLength } from './refuse.ts';

/** In the first byte of every encoding (draft-irtf-cfrg-pairing-friendly-curves, appendix C). */
const INFINITY_FLAG = 0x40;

/** Decoded points are immutable, so all nodes of one process may share them. Off unless asked for. */
let memo: LRUCache<string, CurvePoint> | undefined;

/** Remembers the last `maxEntries` decoded points in this process; 0 turns it off. For simulators and tests. */
export function setDecodeCache(maxEntries: number): void {
  memo = maxEntries > 0 ? new LRUCache({ max: maxEntries }) : undefined;
}

function remembered<P extends CurvePoint>(kind: 'G1' | 'curve', bytes: Uint8Array, decode: () => P): P {
  if (memo === undefined) return decode();
  // A point of which only the curve was checked never stands in for one of G1.
  const key = kind + latin1(bytes);
  const known = memo.get(key);
  if (known !== undefined) return known as P;
  const point = decode();
  memo.set(key, point);
  return point;
}

/**
 * The point of G1 that these 48 bytes encode (the compressed form of the ciphersuite): checked once, here, for good.
 * @throws WitanError `WITAN_ERR_MALFORMED` not 48 bytes, not an encoding, not on the curve;
 *   `WITAN_ERR_INVALID` outside the subgroup, or infinity.
 */
export function decodeG1(bytes: Uint8Array): G1Point {
  requireLength(bytes, COMPRESSED_BYTES, 'a point');
  return remembered('G1', bytes, () => {
    operations.g1Decode++;
    return new G1Point(wordsOf(nativeKey(bytes, true).toBytes(false)));
  });
}

/**
 * The point of G1 that these 96 bytes encode (uncompressed): a third cheaper than `decodeG1`, with the same checks.
 * @throws WitanError as `decodeG1`, with 96 bytes in the place of 48
 */
export function decodeG1Uncompressed(bytes: Uint8Array): G1Point {
  requireLength(bytes, UNCOMPRESSED_BYTES, 'a point');
  return remembered('G1', bytes, () => {
    operations.g1DecodeUncompressed++;
    nativeKey(bytes, true);
    return new G1Point(wordsOf(bytes));
  });
}

/** 48 bytes, compressed. Infinity has an encoding too, which `decodeG1` refuses. */
export function encodeG1(point: G1Point): Uint8Array {
  operations.g1Encode++;
  return compressed(point);
}

/**
 * The point of the curve that these 96 bytes encode (uncompressed). Its subgroup is left open: twenty times cheaper
 * than `decodeG1`, for the points of commitments, which only ever enter sums and equations modulo torsion.
 * @throws WitanError `WITAN_ERR_MALFORMED` not 96 bytes, not an encoding, not on the curve; `WITAN_ERR_INVALID` infinity,
 *   and the two points with x = 0, which are of order 3.
 */
export function decodeCurvePoint(bytes: Uint8Array): CurvePoint {
  requireLength(bytes, UNCOMPRESSED_BYTES, 'a curve point');
  return remembered('curve', bytes, () => {
    operations.g1DecodeCurve++;
    nativeKey(bytes, false);
    if (bytes[0]! & INFINITY_FLAG) throw invalid('the point is infinity');
    return new CurvePoint(wordsOf(bytes));
  });
}

/** 96 bytes, uncompressed; of a point of G1 too. */
export function encodeCurvePoint(point: CurvePoint): Uint8Array {
  operations.g1Encode++;
  return uncompressed(point);
}

/** blst's own form of the keys that signatures are verified with: few, and used again and again. */
const nativeOfPoint = new WeakMap<G1Point, PublicKey>();
const nativeOfBytes = new LRUCache<string, PublicKey>({ max: 1024 });

/**
 * The key that a point, or 48 bytes, are.
 * @throws WitanError as `decodeG1`; `WITAN_ERR_INVALID` for a point at infinity.
 */
export function publicKeyOf(key: G1Point | Uint8Array): PublicKey {
  return key instanceof Uint8Array ? fromCompressed(key) : fromPoint(key);
}

function fromCompressed(bytes: Uint8Array): PublicKey {
  requireLength(bytes, COMPRESSED_BYTES, 'a public key');
  const name = latin1(bytes);
  let native = nativeOfBytes.get(name);
  if (native === undefined) {
    operations.g1Decode++;
    native = nativeKey(bytes, true);
    nativeOfBytes.set(name, native);
  }
  return native;
}

function fromPoint(point: G1Point): PublicKey {
  let native = nativeOfPoint.get(point);
  if (native === undefined) {
    const bytes = uncompressed(point);
    if (bytes[0]! & INFINITY_FLAG) throw invalid('the public key is infinity');
    native = nativeKey(bytes, false);
    nativeOfPoint.set(point, native);
  }
  return native;
}

/** @throws WitanError as `decodeG1` does. */
function nativeKey(bytes: Uint8Array, validate: boolean): PublicKey {
  try {
    return blst.PublicKey.fromBytes(bytes, validate);
  } catch (error) {
    throw refusal(error, 'point');
  }
}

/** What blst says about an encoding, told apart: not a point, or a point that is not acceptable. */
export function refusal(error: unknown, what: string): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'BLST_PK_IS_INFINITY') return invalid(`the ${what} is infinity`, error);
  if (code === 'BLST_POINT_NOT_IN_GROUP') return invalid(`the ${what} is outside the subgroup`, error);
  if (code === 'BLST_POINT_NOT_ON_CURVE') return malformed(`the ${what} is not on the curve`, error);
  return malformed(`the bytes encode no ${what}`, error);
}
