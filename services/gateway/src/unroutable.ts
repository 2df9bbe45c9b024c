import type { IncomingMessage } from 'node:http';
import { WitanError } from '@witan/errors';

/** A path that no route has. */
const NOWHERE = '/.nowhere';

/**
 * Requests that no route can be found for, since their heads are wrong: no hook would run for them. They are led to where there
 * is nothing, and so are limited and counted like any that asks for what is not there, and answered with what is wrong.
 */
export class Unroutable {
  readonly #why = new WeakMap<IncomingMessage, unknown>();

  /** Before it is looked for: where the request leads. */
  urlOf(request: IncomingMessage): string {
    // Node would answer by itself, with nothing but the status. RFC 9112, 3.2: HTTP/1.0 has no such field.
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      return this.refuse(request, new WitanError('WITAN_ERR_MALFORMED', 'The request has no Host.'));
    }
    return request.url ?? NOWHERE;
  }

  /** Notes why, and says where to lead it. */
  refuse(request: IncomingMessage, why: unknown): string {
    this.#why.set(request, why);
    return NOWHERE;
  }

  /** What is wrong with it; undefined of one that was looked for. */
  whyOf(request: IncomingMessage): unknown {
    return this.#why.get(request);
  }
}
