import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, toProblem } from '@witan/api';
import { isWitanError, WitanError, type WitanErrorCode } from '@witan/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';

/** What Fastify itself refuses, in our words. The rest that it answers with 4xx is a request that is not well-formed. */
const FASTIFY_CODES: Readonly<Record<string, readonly [WitanErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['WITAN_ERR_TOO_LARGE', 'The body is over the limit of this route.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['WITAN_ERR_UNSUPPORTED_MEDIA', 'This route takes application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['WITAN_ERR_MALFORMED', 'The body is empty; this route takes a JSON object.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['WITAN_ERR_MALFORMED', 'The body is not JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['WITAN_ERR_MALFORMED', 'The body is not as long as Content-Length says.'],
  FST_ERR_BAD_URL: ['WITAN_ERR_MALFORMED', 'The URL is not well-formed.'],
  FST_ERR_MAX_PARAM_LENGTH: ['WITAN_ERR_MALFORMED', 'A part of the path is too long.'],
};

/**
 * Every error, of whatever origin, becomes a problem document; unknown paths and methods too. Before any route is added.
 * @param limit counts what asks for unknown paths, as any other request is counted.
 */
export function addErrorAnswers(app: FastifyInstance, limit?: preHandlerHookHandler): void {
  const routes = new RouteList();
  app.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler(limit ? { preHandler: limit } : {}, (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = routes.methodsOf(path);
    if (allowed.length === 0 || allowed.includes(request.method))
      return sendProblem(new WitanError('WITAN_ERR_NOT_FOUND', 'There is no such path.'), request, reply);
    reply.header('allow', allowed.join(', '));
    const error = new WitanError('WITAN_ERR_METHOD_NOT_ALLOWED', `This path takes ${allowed.join(', ')}.`);
    return sendProblem(error, request, reply);
  });
}

export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asGatewayError(thrown, request.routeOptions?.bodyLimit);
  const { status } = error.entry;
  if (status >= 500) {
    const log = error.code === 'WITAN_ERR_INTERNAL' ? request.log.error : request.log.warn;
    log.call(request.log, { err: error, requestId: request.id, code: error.code }, 'request failed');
  }
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(error, request.id)));
}

/** Any error that comes out of a route or of Fastify, as one of the closed set. */
function asGatewayError(thrown: unknown, bodyLimit?: number): WitanError {
  if (isWitanError(thrown)) return thrown;
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? FASTIFY_CODES[code] : undefined;
  if (known?.[0] === 'WITAN_ERR_TOO_LARGE' && bodyLimit !== undefined) {
    return new WitanError(known[0], `The body is over ${bodyLimit} bytes.`, {
      data: { limit: bodyLimit },
      cause: thrown,
    });
  }
  if (known) return new WitanError(known[0], known[1], { cause: thrown });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new WitanError('WITAN_ERR_MALFORMED', 'The request is not well-formed.', { cause: thrown });
  }
  return new WitanError('WITAN_ERR_INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}

/** Seconds for `Retry-After`, where waiting is what helps. */
function retryAfterSeconds(error: WitanError): number | undefined {
  const { retryAfterMs } = error.data;
  if (typeof retryAfterMs === 'number') return Math.max(1, Math.ceil(retryAfterMs / 1000));
  return error.entry.status === 503 ? 1 : undefined;
}

/** For bytes that never became a request: Node's parser gave up on them, or they took too long. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  const detail =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'The request did not arrive in time.' : 'This is not an HTTP request.';
  const body = JSON.stringify(toProblem(new WitanError('WITAN_ERR_MALFORMED', detail), randomUUID()));
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Which methods a path takes, to tell 405 from 404. */
class RouteList {
  readonly #routes: { readonly method: string; readonly pattern: RegExp }[] = [];

  add(method: string | string[], url: string): void {
    const source = url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:\w+/g, '[^/]+')
      .replaceAll('*', '.*');
    for (const name of [method].flat()) this.#routes.push({ method: name, pattern: new RegExp(`^${source}$`) });
  }

  methodsOf(path: string): string[] {
    return [...new Set(this.#routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].sort();
  }
}
