import { type CurvePoint, decodeCurvePoint, decodeG1, encodeCurvePoint, encodeG1, type G1Point } from '@witan/crypto';

const COMPRESSED_BYTES = 48;

/** A point of a commitment, in whichever of the two encodings it stands. */
export function readPoint(bytes: Uint8Array): CurvePoint {
  return bytes.length === COMPRESSED_BYTES ? decodeG1(bytes) : decodeCurvePoint(bytes);
}

/** `point` in the encoding of `like`. */
export function writePoint(point: G1Point, like: Uint8Array): Uint8Array {
  return like.length === COMPRESSED_BYTES ? encodeG1(point) : encodeCurvePoint(point);
}
