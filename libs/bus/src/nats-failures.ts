import { errors } from '@nats-io/nats-core';
import { isWitanError, type WitanError } from '@witan/errors';
import { forbidden, timedOut, unavailable } from './failures.ts';

/** What the client library threw at a request, as ours. */
export function requestFailure(error: unknown, subject: string, timeoutMs: number): WitanError {
  if (isWitanError(error)) return error;
  if (error instanceof errors.TimeoutError) return timedOut(subject, timeoutMs);
  if (error instanceof errors.RequestError && error.isNoResponders()) {
    return unavailable(`nobody listens on ${subject}`, error);
  }
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof errors.PermissionViolationError) {
    // Refused its own inbox, this user hears no answer to anything.
    return forbidden(cause.operation === 'publish' ? 'publish' : 'subscribe', cause.subject, error);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return unavailable(`the request to ${subject} failed: ${reason}`, error);
}

/** The server has closed the connection because this client reads too slowly. */
export function isSlowConsumer(error: unknown): boolean {
  return error instanceof Error && /slow consumer/i.test(error.message);
}

/** Not worth another try: what was configured is wrong. */
export function isConfigurationError(error: unknown): boolean {
  return error instanceof errors.InvalidArgumentError || error instanceof TypeError;
}
