import {
  convertStrings,
  formErrors,
  type JsonRouteName,
  type OpenApiDocument,
  parse,
  ROUTE_NAMES,
  ROUTES,
  type RouteDefinition,
  routerPath,
} from '@witan/api';
import { WitanError } from '@witan/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Backend } from './backend.ts';
import { roomForBodies } from './bodies.ts';
import { clientOf } from './client-address.ts';
import { etagOf, isNamed } from './etag.ts';
import { createHandlers, type HandlerInput, type Handlers } from './handlers.ts';
import type { EventStreams } from './streams.ts';

export interface ApiParts {
  readonly backend: Backend;
  readonly document: OpenApiDocument;
  readonly streams: EventStreams;
  readonly checkResponses: boolean;
  /** Who may ask for what changes something; anybody where it is absent. */
  readonly apiKeys?: KeyHolders | undefined;
}

export interface KeyHolders {
  /** The name of whose key this is. */
  holderOf(key: string): string | undefined;
}

/** Registers every route of the contract. */
export function addApi(app: FastifyInstance, parts: ApiParts): void {
  const handlers = createHandlers(parts.backend, parts.document);
  for (const name of ROUTE_NAMES) {
    if (name === 'events') addEvents(app, parts.streams);
    else addJsonRoute(app, name, handlers, parts);
  }
}

function addJsonRoute(app: FastifyInstance, name: JsonRouteName, handlers: Handlers, parts: ApiParts): void {
  const { checkResponses, apiKeys } = parts;
  const route: RouteDefinition = ROUTES[name];
  const takeRoom = roomForBodies(route.bodyLimit);
  const handle = handlers[name] as (input: HandlerInput<JsonRouteName>) => unknown;
  app.route({
    method: route.method,
    url: routerPath(route.path),
    ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
    // After the rate limit, which counts wrong keys as well, and before anything of the body is read.
    preParsing: async (request, reply) => {
      if (route.needsKey && apiKeys) requireKey(apiKeys, request.headers.authorization);
      takeRoom?.(request, reply);
    },
    handler: async (request, reply) => {
      const answer = await handle(inputOf(route, request) as HandlerInput<JsonRouteName>);
      if (checkResponses) demandForm(name, route, answer);
      return sendJson(request, reply, route, answer);
    },
  });
}

/** @throws `WITAN_ERR_UNAUTHENTICATED` */
function requireKey(apiKeys: KeyHolders, header: string | undefined): void {
  const [, key] = /^Bearer +([\w.~+/=-]{1,512})$/i.exec(header ?? '') ?? [];
  if (key !== undefined && apiKeys.holderOf(key) !== undefined) return;
  const what = header === undefined ? 'The request has no API key.' : 'This gateway does not know the API key.';
  throw new WitanError('WITAN_ERR_UNAUTHENTICATED', what);
}

function addEvents(app: FastifyInstance, streams: EventStreams): void {
  const route: RouteDefinition = ROUTES.events;
  app.route({
    method: route.method,
    url: routerPath(route.path),
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const { query, headers } = inputOf(route, request);
      const client = clientOf(request.ip);
      streams.admit(client);
      reply.hijack();
      reply.raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
        // Proxies of the nginx kind would otherwise hold events back.
        'x-accel-buffering': 'no',
      });
      // A browser that reconnects repeats its first URL and adds the header: the header is the newer of the two.
      const lastEventId = headers['last-event-id'] ?? query.lastEventId;
      streams.serve(reply.raw, client, typeof lastEventId === 'string' ? lastEventId : undefined);
    },
  });
}

interface Input {
  readonly params: unknown;
  readonly query: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
}

/** @throws `WITAN_ERR_MALFORMED` naming the first place that is not of the form. */
function inputOf(route: RouteDefinition, request: FastifyRequest): Input {
  const query = request.query as Record<string, unknown>;
  return {
    params: route.params && parse(route.params, request.params, 'path'),
    query: route.query ? (parse(route.query, convertStrings(route.query, query), 'query') as Input['query']) : {},
    headers: route.headers ? (parse(route.headers, request.headers, 'headers') as Input['headers']) : {},
    body: route.body && parse(route.body, request.body, 'body'),
  };
}

function sendJson(request: FastifyRequest, reply: FastifyReply, route: RouteDefinition, answer: unknown): FastifyReply {
  const text = JSON.stringify(answer);
  reply.code(route.status).type('application/json; charset=utf-8');
  if (!route.etag) return reply.header('cache-control', 'no-store').send(text);
  const etag = etagOf(text);
  reply.headers({ etag, 'cache-control': 'no-cache' });
  return isNamed(request.headers['if-none-match'], etag) ? reply.code(304).send() : reply.send(text);
}

function demandForm(name: string, route: RouteDefinition, answer: unknown): void {
  const errors = formErrors(route.response, answer);
  if (errors.length > 0)
    throw new WitanError('WITAN_ERR_INTERNAL', `answer of ${name}: ${JSON.stringify(errors)}`, { data: { errors } });
}
