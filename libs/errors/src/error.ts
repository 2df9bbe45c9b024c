import { CODES, type CodeEntry, type WitanErrorCode } from './codes.ts';

/** The one error class that crosses package and process boundaries. `detail` is for people and never holds a secret. */
export class WitanError extends Error {
  override readonly name = 'WitanError';
  readonly code: WitanErrorCode;
  readonly detail: string;
  /** Structured facts for programs (names, limits, counts); never secrets. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: WitanErrorCode, detail: string, options: { data?: Record<string, unknown>; cause?: unknown } = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.data = options.data ?? {};
  }

  get entry(): CodeEntry {
    return CODES[this.code];
  }
}

export function isWitanError(error: unknown): error is WitanError {
  return error instanceof WitanError;
}

/** Any thrown value as a {@link WitanError}; what is not one already becomes `WITAN_ERR_INTERNAL` with its cause kept. */
export function asWitanError(error: unknown): WitanError {
  if (isWitanError(error)) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new WitanError('WITAN_ERR_INTERNAL', detail, { cause: error });
}

/**
 * What `read` makes of bytes that somebody else has sent; undefined where they are bad, and it does not matter in what
 * way. A defect of ours is no property of theirs: it goes on as it is.
 */
export function unlessBad<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isWitanError(error)) return undefined;
    throw error;
  }
}

export function errorCode(error: unknown): WitanErrorCode {
  return asWitanError(error).code;
}
