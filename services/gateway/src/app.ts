import { randomUUID } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import { openApiDocument, ROUTES } from '@witan/api';
import { WitanError } from '@witan/errors';
import { Connections } from '@witan/service';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { addApi, type KeyHolders } from './api.ts';
import type { Backend } from './backend.ts';
import { acceptOnlyJson } from './bodies.ts';
import { clientOf } from './client-address.ts';
import { addDocs } from './docs.ts';
import { addErrorAnswers, clientErrorHandler } from './errors.ts';
import { addSecurityHeaders } from './headers.ts';
import { type HttpObserver, silentObserver } from './observer.ts';
import { addPage } from './page.ts';
import { EventStreams, type StreamOptions } from './streams.ts';
import { type TrustedProxies, trust } from './trusted-proxies.ts';
import { Unroutable } from './unroutable.ts';

export interface RateLimit {
  readonly max: number;
  readonly windowMs: number;
  /** So many addresses are remembered, 10,000 by default; the one that asked longest ago is forgotten for another. */
  readonly addresses?: number;
}

export interface GatewayOptions {
  /** Shown in the API document. */
  readonly version?: string;
  readonly logger?: FastifyBaseLogger;
  readonly observer?: HttpObserver;
  /** Requests that one client address may make in a window; absent: no limit. Probes do not count. */
  readonly rateLimit?: RateLimit;
  readonly streams?: Partial<StreamOptions>;
  /** Whose `X-Forwarded-For` is believed; nobody's unless given. */
  readonly trustedProxies?: TrustedProxies;
  /** Who may ask for what changes something; absent: anybody. */
  readonly apiKeys?: KeyHolders | undefined;
  /** Certificate and key (PEM): HTTPS instead of HTTP. */
  readonly tls?: { readonly cert?: string; readonly key?: string } | undefined;
  /** Folder of the explorer page. */
  readonly pageRoot?: string;
  /** Check every answer against its schema and fail with 500 where it is not of that form. For tests. */
  readonly checkResponses?: boolean;
}

const STREAM_DEFAULTS: StreamOptions = {
  maxStreams: 256,
  // Half: an address may stand for many, behind a proxy that is not believed.
  maxStreamsPerClient: 128,
  heartbeatMs: 15_000,
  maxBufferedBytes: 2 * 1024 * 1024,
  retryMs: 1_000,
};

/** Of routes that say nothing about their body. */
const BODY_LIMIT = 16 * 1024;
/** A prefix may have 256 bits. */
const PARAM_LENGTH_MAX = 300;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 4096;

/** A request without a Host is answered here, as any other. */
const SERVER = { requireHostHeader: false } as const;

const UNLIMITED = new Set(['/livez', '/readyz']);

/** The HTTP side of the gateway, ready to listen or to be injected into. Closing it ends all event streams. */
export async function buildApp(backend: Backend, options: GatewayOptions = {}): Promise<FastifyInstance> {
  const observer = options.observer ?? silentObserver;
  const unroutable = new Unroutable();
  const app: FastifyInstance = Fastify({
    ...(options.logger && { loggerInstance: options.logger }),
    // Its server is then one of HTTPS; the routes are the same.
    ...((options.tls ? { https: { ...options.tls, ...SERVER } } : { http: SERVER }) as object),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trust(options.trustedProxies ?? 'off'),
    bodyLimit: BODY_LIMIT,
    // A machine that is busy takes its time; a start that is given up begins again from nothing, and never ends.
    pluginTimeout: 0,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    // While it stops, requests on open connections are still answered; new ones find the port closed.
    return503OnClosing: false,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    clientErrorHandler: clientErrorHandler(observer, options.logger),
    rewriteUrl: (request) => unroutable.urlOf(request),
    frameworkErrors: (error, { raw: request }, { raw: response }) => {
      request.url = unroutable.refuse(request, error);
      app.routing(request, response);
    },
  });
  // What else may be expected than to go on can be ignored (RFC 9110, 10.1.1); Node would answer by itself.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));

  acceptOnlyJson(app);
  dropGone(app);
  addSecurityHeaders(app);
  observeRequests(app, observer);
  if (options.rateLimit) await limitRates(app, options.rateLimit);
  addErrorAnswers(app, unroutable, options.rateLimit && app.rateLimit());

  const document = openApiDocument(options.version ?? '0.0.0');
  const streams = new EventStreams(backend.events, { ...STREAM_DEFAULTS, ...options.streams }, observer);
  const connections = new Connections(app.server, MAX_CONNECTIONS);
  app.addHook('preClose', async () => {
    streams.close();
    connections.endSilent();
  });

  const { checkResponses = false, apiKeys } = options;
  addApi(app, { backend, document, streams, checkResponses, apiKeys });
  await addDocs(app, document);
  await addPage(app, options.pageRoot);
  return app;
}

/** A caller's id is kept when it is harmless in a log, so that one request can be followed through several services. */
function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function observeRequests(app: FastifyInstance, observer: HttpObserver): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unmatched';
    // A stream lasts as long as its client stays: it has counts of its own. One that was refused is a request.
    if (route === ROUTES.events.path && reply.statusCode === 200) return;
    observer.requestDone({
      method: request.method,
      route,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
  });
}

/**
 * A connection whose client has gone before its request was looked at, as happens when the machine is busy, has no address
 * any more: nobody to count it for, and nobody to answer.
 */
function dropGone(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if ((request.ip as string | undefined) !== undefined) return;
    reply.hijack();
    request.raw.destroy();
  });
}

async function limitRates(app: FastifyInstance, limit: RateLimit): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: limit.max,
    timeWindow: limit.windowMs,
    cache: limit.addresses ?? 10_000,
    keyGenerator: ({ ip }) => clientOf(ip),
    allowList: (request) => UNLIMITED.has(request.routeOptions.url ?? ''),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new WitanError('WITAN_ERR_RATE_LIMITED', `More than ${max} requests in ${limit.windowMs} ms.`, {
        data: { limit: max, retryAfterMs: ttl },
      }),
  });
}
