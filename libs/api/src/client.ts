import { WitanError } from '@witan/errors';
import { type EventsOptions, eventIterator } from './client-events.ts';
import type { BodyOf, ParamsOf, QueryOf, ResponseOf, RouteDefinition } from './route.ts';
import { type JsonRouteName, ROUTE_NAMES, ROUTES, type Routes } from './routes.ts';
import type { Session } from './schemas/dkg.ts';
import type { WitanEvent } from './schemas/event.ts';
import type { Node } from './schemas/node.ts';
import type { ChainLink } from './schemas/section.ts';
import { exchange, parseJson, type TransportOptions } from './transport.ts';
import { parse } from './validation.ts';

export interface ClientOptions {
  /** Of one call; 10 s when absent. */
  readonly timeoutMs?: number;
  /** Ends calls and streams that have no signal of their own: calls with its reason, streams without an error. */
  readonly signal?: AbortSignal;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Path and query fields side by side, and `body` where the route takes one. */
export type CallInput<K extends JsonRouteName> = ParamsOf<Routes[K]> &
  QueryOf<Routes[K]> &
  (BodyOf<Routes[K]> extends undefined ? unknown : { readonly body: BodyOf<Routes[K]> });

type Call<K extends JsonRouteName> = (
  ...args: object extends CallInput<K>
    ? [input?: CallInput<K>, options?: CallOptions]
    : [input: CallInput<K>, options?: CallOptions]
) => Promise<ResponseOf<Routes[K]>>;

/** One method a route, named like it, and what runs over pages and time. */
export type Client = { readonly [K in JsonRouteName]: Call<K> } & {
  /** Events as they come; reconnects and resumes by itself. */
  events(options?: EventsOptions): AsyncGenerator<WitanEvent>;
  eachNode(filter?: CallInput<'nodes'>, options?: CallOptions): AsyncGenerator<Node>;
  /** Newest first. */
  eachSession(filter?: CallInput<'sessions'>, options?: CallOptions): AsyncGenerator<Session>;
  /** In order, over all pages. */
  eachLink(input: CallInput<'chain'>, options?: CallOptions): AsyncGenerator<ChainLink>;
};

/**
 * A client of the gateway at `baseUrl`. Every answer is checked against its schema; whatever goes wrong is a `WitanError`:
 * the code of the gateway's problem document, or `WITAN_ERR_UNAVAILABLE`, `WITAN_ERR_TIMEOUT`, `WITAN_ERR_MALFORMED`.
 *
 * It checks the form of answers and not their signatures: that takes the genesis key, see `@witan/chain`.
 *
 * @throws `WITAN_ERR_INVALID` when `baseUrl` is not an http(s) address.
 */
export function createClient(baseUrl: string, options: ClientOptions = {}): Client {
  const base = baseOf(baseUrl);
  const transport: TransportOptions = {
    timeoutMs: options.timeoutMs ?? 10_000,
    fetch: options.fetch ?? globalThis.fetch,
    headers: options.headers ?? {},
  };

  const call = async (
    name: JsonRouteName,
    input: Record<string, unknown> = {},
    callOptions: CallOptions = {},
  ): Promise<unknown> => {
    const route: RouteDefinition = ROUTES[name];
    const { timeoutMs = transport.timeoutMs, signal = options.signal } = callOptions;
    const url = base + addressOf(route, input);
    const text = await exchange(url, initOf(route, input), { ...transport, timeoutMs }, signal);
    return parse(route.response, parseJson(text), `answer of ${url}`);
  };
  const names = ROUTE_NAMES.filter((name) => name !== 'events');
  const calls = Object.fromEntries(names.map((name) => [name, call.bind(undefined, name)])) as unknown as Pick<
    Client,
    JsonRouteName
  >;

  return {
    ...calls,
    events: (eventsOptions = {}) =>
      eventIterator(base + ROUTES.events.path, transport, {
        ...(options.signal && { signal: options.signal }),
        ...eventsOptions,
      }),
    eachNode: (filter = {}, callOptions) =>
      eachOf((cursor) => calls.nodes({ ...filter, ...cursor }, callOptions), 'nodes'),
    eachSession: (filter = {}, callOptions) =>
      eachOf((cursor) => calls.sessions({ ...filter, ...cursor }, callOptions), 'sessions'),
    eachLink: (input, callOptions) => eachOf((cursor) => calls.chain({ ...input, ...cursor }, callOptions), 'links'),
  };
}

/** The items of all pages, each page asked for when the one before is used up. */
async function* eachOf<F extends string, T>(
  page: (cursor: { cursor?: string }) => Promise<{ [K in F]: T[] } & { nextCursor: string | null }>,
  field: F,
): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const answer: { [K in F]: T[] } & { nextCursor: string | null } = await page(cursor === null ? {} : { cursor });
    yield* answer[field];
    if (answer.nextCursor === cursor && cursor !== null)
      throw new WitanError('WITAN_ERR_MALFORMED', 'the next page is the same page');
    cursor = answer.nextCursor;
  } while (cursor !== null);
}

function baseOf(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new WitanError('WITAN_ERR_INVALID', `${baseUrl}: not an http or https address`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function addressOf(route: RouteDefinition, input: Record<string, unknown>): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const query = new URLSearchParams();
  for (const name of Object.keys(route.query?.properties ?? {})) {
    if (input[name] !== undefined) query.set(name, String(input[name]));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}

function initOf(route: RouteDefinition, input: Record<string, unknown>): RequestInit {
  const accept = 'application/json, application/problem+json';
  if (route.body === undefined) return { method: route.method, headers: { accept } };
  return {
    method: route.method,
    headers: { accept, 'content-type': 'application/json' },
    body: JSON.stringify(input.body),
  };
}
