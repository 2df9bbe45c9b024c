import { nkeyAuthenticator } from '@nats-io/nats-core';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import type { TlsPaths } from '@witan/tls';
import type { BusEvent } from './bus.ts';
import { inboxOf, nkeyOf } from './nkeys.ts';

export interface NatsOptions {
  /** `host:port` or URLs, one or several of a cluster. */
  readonly servers: string | readonly string[];
  /** Of the connection, for people who look at the server: service and node. */
  readonly name: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  /** Secret of an NKey user, `SU…`; instead of user, password and token. */
  readonly nkeySeed?: string;
  /** Where replies go; by default what {@link inboxOf} gives for an NKey user, else `_INBOX`. */
  readonly inboxPrefix?: string;
  /** Read at each connection; when they are replaced, a new one is made. */
  readonly tls?: TlsPaths;
  /** How often they are looked at; 10,000 by default, to which jitter is added. */
  readonly tlsCheckMs?: number;
  /** Whether own messages come back to own subscriptions, as by default; also requests to oneself. */
  readonly echo?: boolean;
  /** Shortest wait before the next try to connect, to which jitter is added; 250 by default. */
  readonly retryMs?: number;
  /** Bytes that may be sent and not yet taken by the server, before messages are dropped; 16 MiB by default. */
  readonly maxPendingBytes?: number;
  /** A server that does not answer for two of these is given up; 10,000 by default. */
  readonly pingIntervalMs?: number;
  /** Ends the tries for the first connection. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: BusEvent) => void;
}

export const NATS_DEFAULTS = {
  retryMs: 250,
  maxPendingBytes: 16 << 20,
  pingIntervalMs: 10_000,
  tlsCheckMs: 10_000,
} as const;

/** Longest wait between tries for the first connection, without the jitter. */
export const MAX_FIRST_RETRY_MS = 5_000;

/** Where replies go. @throws WITAN_ERR_CONFIG for a seed that is none */
export function inboxPrefixOf({ inboxPrefix, nkeySeed }: NatsOptions): string {
  return inboxPrefix ?? (nkeySeed === undefined ? '_INBOX' : inboxOf(nkeyOf(nkeySeed)));
}

/** @throws WITAN_ERR_CONFIG for a seed that is none */
export function connectionOptions(options: NatsOptions): NodeConnectionOptions & { servers: string[] } {
  const { servers, name, user, pass, token, nkeySeed, tls } = options;
  return {
    servers: typeof servers === 'string' ? [servers] : [...servers],
    name,
    ...(user === undefined ? {} : { user }),
    ...(pass === undefined ? {} : { pass }),
    ...(token === undefined ? {} : { token }),
    ...(nkeySeed === undefined ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkeySeed)) }),
    inboxPrefix: inboxPrefixOf(options),
    ...(tls === undefined ? {} : { tls: given(tls) }),
    timeout: 5_000,
    noEcho: options.echo === false,
    reconnect: true,
    maxReconnectAttempts: -1,
    // A server that is being set up anew may not know its users yet.
    ignoreAuthErrorAbort: true,
    pingInterval: options.pingIntervalMs ?? NATS_DEFAULTS.pingIntervalMs,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
}

function given(tls: TlsPaths): NonNullable<NodeConnectionOptions['tls']> {
  return Object.fromEntries(Object.entries(tls).filter(([, file]) => file !== undefined));
}
