import { type CurvePoint, decodeCurvePoint, decodeG1 } from '@witan/crypto';

const COMPRESSED_BYTES = 48;

/** A point of a commitment, in whichever of the two encodings it stands. */
export function readPoint(bytes: Uint8Array): CurvePoint {
  return bytes.length === COMPRESSED_BYTES ? decodeG1(bytes) : decodeCurvePoint(bytes);
}
