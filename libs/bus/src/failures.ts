import { WitanError } from '@witan/errors';

export function tooLarge(subject: string, size: number, limit: number): WitanError {
  return new WitanError('WITAN_ERR_TOO_LARGE', `${size} bytes to ${subject}: the bus takes ${limit}`, {
    data: { subject, size, limit },
  });
}

export function timedOut(subject: string, timeoutMs: number): WitanError {
  return new WitanError('WITAN_ERR_TIMEOUT', `no reply from ${subject} within ${timeoutMs} ms`, {
    data: { subject, timeoutMs },
  });
}

export function unavailable(detail: string, cause?: unknown): WitanError {
  return new WitanError('WITAN_ERR_UNAVAILABLE', detail, cause === undefined ? {} : { cause });
}

export function ended(signal: AbortSignal | undefined): WitanError {
  return unavailable('the request was ended by its caller', signal?.reason);
}

export function forbidden(operation: 'publish' | 'subscribe', subject: string, cause?: unknown): WitanError {
  const detail = `this NATS user may not ${operation} to ${subject}`;
  return new WitanError('WITAN_ERR_FORBIDDEN', detail, { data: { operation, subject }, cause });
}
