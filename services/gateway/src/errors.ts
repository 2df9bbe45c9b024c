import { randomUUID } from 'node:crypto';
import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, toProblem } from '@witan/api';
import { isWitanError, WitanError, type WitanErrorCode } from '@witan/errors';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, preHandlerHookHandler } from 'fastify';
import { securityHeaders } from './headers.ts';
import type { HttpObserver } from './observer.ts';
import type { Unroutable } from './unroutable.ts';

/** What Fastify itself refuses, in our words. The rest that it answers with 4xx is a request that is not well-formed. */
const FASTIFY_CODES: Readonly<Record<string, readonly [WitanErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['WITAN_ERR_UNSUPPORTED_MEDIA', 'This route takes application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['WITAN_ERR_MALFORMED', 'The body is empty; this route takes a JSON object.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['WITAN_ERR_MALFORMED', 'The body is not JSON.'],
  FST_ERR_BAD_URL: ['WITAN_ERR_MALFORMED', 'The URL is not well-formed.'],
  FST_ERR_MAX_PARAM_LENGTH: ['WITAN_ERR_MALFORMED', 'A part of the path is too long.'],
};

/**
 * Every error, of whatever origin, becomes a problem document; unknown paths and methods too. Before any route is added.
 * @param unroutable knows what is wrong with requests that were led to no path
 * @param limit counts what asks for unknown paths, as any other request is counted.
 */
export function addErrorAnswers(app: FastifyInstance, unroutable: Unroutable, limit?: preHandlerHookHandler): void {
  const routes = new RouteList();
  app.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler(limit ? { preHandler: limit } : {}, (request, reply) => {
    const why = unroutable.whyOf(request.raw);
    if (why !== undefined) return sendProblem(why, request, reply);
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = routes.methodsOf(path);
    if (allowed.length === 0 || allowed.includes(request.method))
      return sendProblem(new WitanError('WITAN_ERR_NOT_FOUND', 'There is no such path.'), request, reply);
    reply.header('allow', allowed.join(', '));
    const error = new WitanError('WITAN_ERR_METHOD_NOT_ALLOWED', `This path takes ${allowed.join(', ')}.`);
    return sendProblem(error, request, reply);
  });
}

function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asGatewayError(thrown);
  const { status } = error.entry;
  if (status >= 500) {
    request.log[levelOf(error.code)](
      { event: 'request-failed', err: error, requestId: request.id, code: error.code },
      'request failed',
    );
  }
  const retryAfter = retryAfterSeconds(error);
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="witan"');
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter);
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(toProblem(error, request.id)));
}

/** A defect is ours; probes ask all the time whether the gateway is ready. */
function levelOf(code: WitanErrorCode): 'error' | 'warn' | 'debug' {
  if (code === 'WITAN_ERR_INTERNAL') return 'error';
  return code === 'WITAN_ERR_NOT_READY' ? 'debug' : 'warn';
}

/** Any error that comes out of a route or of Fastify, as one of the closed set. */
function asGatewayError(thrown: unknown): WitanError {
  if (isWitanError(thrown)) return thrown;
  const { code, statusCode } = thrown as { code?: unknown; statusCode?: unknown };
  const known = typeof code === 'string' ? FASTIFY_CODES[code] : undefined;
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

/** What Node's parser gives up on; all else is no HTTP. */
const PARSER_CODES: Readonly<Record<string, readonly [WitanErrorCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['WITAN_ERR_REQUEST_TIMEOUT', 'The request did not arrive in time.'],
  HPE_HEADER_OVERFLOW: ['WITAN_ERR_HEADERS_TOO_LARGE', `The headers are over ${maxHeaderSize} bytes.`],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['WITAN_ERR_TOO_LARGE', 'The extensions of a chunk are too long.'],
};

/**
 * Answers bytes that never became a request, which no hook sees: Node's parser gave up on them, or they took too long.
 * Like any other answer this one is counted, and its id is in the log.
 */
export function clientErrorHandler(observer: HttpObserver, log?: FastifyBaseLogger) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
    const [code, detail] = PARSER_CODES[error.code ?? ''] ?? ['WITAN_ERR_MALFORMED', 'This is not an HTTP request.'];
    const requestId = randomUUID();
    const problem = toProblem(new WitanError(code, detail), requestId);
    const body = JSON.stringify(problem);
    const headers = {
      ...securityHeaders(requestId),
      'cache-control': 'no-store',
      'content-type': PROBLEM_MEDIA_TYPE,
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
    log?.debug({ event: 'no-request', requestId, code, parser: error.code }, 'these bytes are no request');
    // It began with nothing that could be timed.
    observer.requestDone({ method: 'other', route: 'unmatched', status: problem.status, seconds: 0 });
  };
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
