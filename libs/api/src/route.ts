import type { WitanErrorCode } from '@witan/errors';
import type { Static, TObject, TProperties, TSchema } from 'typebox';

export type Method = 'GET' | 'POST';
export type Tag = 'Health' | 'Network' | 'Nodes' | 'DKG' | 'Attestations' | 'Events' | 'Document';

/**
 * One route, defined once: the server registers it, the OpenAPI document lists it, the client calls it.
 * `path` is an OpenAPI template (`/v1/nodes/{name}`).
 */
export interface RouteDefinition {
  readonly method: Method;
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly headers?: TObject;
  readonly body?: TSchema;
  readonly status: 200 | 201;
  /** Media type of the answer; JSON when absent. */
  readonly produces?: 'application/json' | 'text/event-stream';
  readonly response: TSchema;
  /** Codes that this route may answer with beyond {@link COMMON_ERRORS}. */
  readonly errors: readonly WitanErrorCode[];
  /** Largest request body in bytes; more is `WITAN_ERR_TOO_LARGE`. */
  readonly bodyLimit?: number;
  /** It changes something, or has the section do so: a gateway that has API keys wants one. */
  readonly needsKey?: true;
  /** The answer carries an ETag and `If-None-Match` is honoured. */
  readonly etag?: boolean;
}

/** What any route may answer. */
export const COMMON_ERRORS = [
  'WITAN_ERR_MALFORMED',
  'WITAN_ERR_REQUEST_TIMEOUT',
  'WITAN_ERR_HEADERS_TOO_LARGE',
  'WITAN_ERR_RATE_LIMITED',
  'WITAN_ERR_INTERNAL',
] as const satisfies readonly WitanErrorCode[];

export function defineRoute<const R extends RouteDefinition>(route: R): R {
  return route;
}

type StaticOf<T> = T extends TSchema ? Static<T> : undefined;
type Fields<T> = T extends TObject<infer P extends TProperties> ? Static<TObject<P>> : unknown;

export type ParamsOf<R extends RouteDefinition> = Fields<R['params']>;
export type QueryOf<R extends RouteDefinition> = Fields<R['query']>;
export type BodyOf<R extends RouteDefinition> = StaticOf<R['body']>;
export type ResponseOf<R extends RouteDefinition> = Static<R['response']>;

/** `:name` for what routers want, from the `{name}` of the definition. */
export function routerPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
