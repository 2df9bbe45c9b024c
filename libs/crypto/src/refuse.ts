import { WitanError } from '@witan/errors';

/** The bytes are not of the form: wrong length, not an encoding, not a point of the curve. */
export function malformed(detail: string, cause?: unknown): WitanError {
  return new WitanError('WITAN_ERR_MALFORMED', detail, cause === undefined ? {} : { cause });
}

/** Well-formed and not acceptable: outside the subgroup, infinity, of low order, not by that key. */
export function invalid(detail: string, cause?: unknown): WitanError {
  return new WitanError('WITAN_ERR_INVALID', detail, cause === undefined ? {} : { cause });
}

/** @throws WitanError `WITAN_ERR_MALFORMED` when `bytes` is not exactly `length` long. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw malformed(`${what} is ${length} bytes, not ${bytes.length}`);
}
