import { errors } from '@nats-io/nats-core';
import { errorCode, isWitanError, WitanError } from '@witan/errors';
import { certificateFailure, checkValidity, readTls } from '@witan/tls';
import { forbidden, timedOut, unavailable } from './failures.ts';
import type { NatsOptions } from './nats-options.ts';

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
function isConfigurationError(error: unknown): boolean {
  return error instanceof errors.InvalidArgumentError || error instanceof TypeError;
}

/** A server that does not like a certificate says so when the client takes the handshake to be over, or just leaves. */
const ENDED_BY_THE_SERVER = /^ECONNRESET$|^ERR_SSL_.*ALERT/;

/** The server has waited in vain for who this is: of a client that had no time for it, it says nothing of its user. */
const TOO_SLOW = /authentication timeout/i;

/**
 * Why no connection could be made, as one of ours: a certificate (`WITAN_ERR_CERTIFICATE`), the user
 * (`WITAN_ERR_FORBIDDEN`), files and options (`WITAN_ERR_CONFIG`), or all else (`WITAN_ERR_UNAVAILABLE`).
 */
export function connectFailure(error: unknown, { servers, tls }: NatsOptions): WitanError {
  if (isWitanError(error)) return error;
  if (error instanceof errors.AuthorizationError && !TOO_SLOW.test(error.message)) {
    return new WitanError('WITAN_ERR_FORBIDDEN', `NATS at ${servers} does not know this user`, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (isConfigurationError(error)) return new WitanError('WITAN_ERR_CONFIG', `NATS: ${reason}`, { cause: error });
  const refused = certificateFailure(error, `NATS at ${servers}`);
  if (refused !== undefined) return refused;
  try {
    // What the server thinks of our own certificate it does not say.
    if (tls !== undefined) checkValidity(readTls(tls), tls, new Date());
  } catch (own) {
    return own as WitanError;
  }
  if (tls !== undefined && ENDED_BY_THE_SERVER.test(String((error as { code?: string }).code))) {
    const what = tls.certFile === undefined ? 'this client shows no certificate' : `does it accept ${tls.certFile}?`;
    return new WitanError('WITAN_ERR_CERTIFICATE', `NATS at ${servers} ended the TLS handshake: ${what}`, {
      cause: error,
    });
  }
  return unavailable(`NATS at ${servers}: ${reason}`, error);
}

/** Another try in a moment would be refused like this one. */
export function isRefusal(error: unknown): boolean {
  return ['WITAN_ERR_CERTIFICATE', 'WITAN_ERR_FORBIDDEN', 'WITAN_ERR_CONFIG'].includes(errorCode(error));
}
