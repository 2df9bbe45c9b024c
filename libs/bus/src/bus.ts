import type { WitanErrorCode } from '@witan/errors';

/**
 * Carries bytes between processes: at most once, unordered, not trusted. A message may be lost, repeated, late or
 * forged, so whoever takes it verifies it, and whoever needs it asks again.
 *
 * Subjects are tokens joined by dots; a subscription may have `*` for one token and `>` for the rest.
 */
export interface Bus {
  readonly status: BusStatus;
  /** Largest payload in bytes, headers included. */
  readonly maxPayload: number;
  /** What has been counted so far. */
  readonly stats: BusStats;
  /** Subjects that are subscribed to and that the server does not let this user hear; asked for again from time to time. */
  readonly refused: readonly string[];
  /**
   * Sends to all who listen now. While it is not connected, or too much is unsent, the message is dropped and counted.
   * @throws WITAN_ERR_TOO_LARGE, WITAN_ERR_INVALID (subject or headers)
   */
  publish(subject: string, payload: Uint8Array, headers?: Headers): void;
  /**
   * Calls `handler` for each message, its own ones too (unless it was connected without `echo`). With a `queue`, each
   * message goes to one of the subscriptions that share the queue's name. A subscription lives on over reconnects. A handler that throws (or rejects) is
   * counted, and a requester is told the error's code; one that refuses a request, with a code that blames the
   * requester (`status` below 500), has not failed.
   * @throws WITAN_ERR_INVALID (subject), WITAN_ERR_UNAVAILABLE (closed)
   */
  subscribe(subject: string, handler: Handler, options?: SubscribeOptions): Subscription;
  /**
   * Sends to one who listens and gives back the first reply.
   * @throws WITAN_ERR_TIMEOUT, WITAN_ERR_UNAVAILABLE (nobody listens, not connected, or the connection was lost),
   * WITAN_ERR_FORBIDDEN (this user may not ask there), WITAN_ERR_TOO_LARGE, WITAN_ERR_INVALID; or the code that the other side's handler failed with
   */
  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array>;
  /** {@link Bus.request} for those who cannot wait for a promise: `done` is called once, never before this returns. */
  ask(subject: string, payload: Uint8Array, options: AskOptions, done: (result: AskResult) => void): void;
  /** Makes a service known by the NATS services protocol (`$SRV.PING`, `INFO`, `STATS`) and serves its endpoints. */
  announce(service: ServiceDescription): Promise<AnnouncedService>;
  /** Resolves when the other side has everything that was sent and subscribed before. */
  flush(): Promise<void>;
  /** Tells each change of the status; the result ends that. */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /** Takes no new messages, handles those that have arrived, sends what waits, and closes. Twice is fine. */
  drain(): Promise<void>;
}

export type BusStatus = 'connected' | 'disconnected' | 'draining' | 'closed';

export type Headers = Readonly<Record<string, string>>;

export interface BusMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Headers | undefined;
  /** There is one when the sender waits for a reply; the first reply counts. @throws WITAN_ERR_TOO_LARGE */
  readonly respond?: (payload: Uint8Array) => void;
}

export type Handler = (message: BusMessage) => void | Promise<void>;

export interface SubscribeOptions {
  readonly queue?: string;
  /** For handlers that return a promise: beyond so many unfinished ones, messages are dropped. 1024 by default. */
  readonly maxInFlight?: number;
}

export interface Subscription {
  readonly subject: string;
  unsubscribe(): void;
}

export interface AskOptions {
  readonly timeoutMs: number;
  readonly headers?: Headers;
}

export interface RequestOptions extends AskOptions {
  /** Ends the waiting: the request is rejected with WITAN_ERR_UNAVAILABLE and the signal's reason as its cause. */
  readonly signal?: AbortSignal;
}

export type AskResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly error: WitanErrorCode };

export interface ServiceDescription {
  /** Letters, digits, `-` and `_`. */
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly endpoints?: readonly ServiceEndpoint[];
}

export interface ServiceEndpoint extends SubscribeOptions {
  readonly name: string;
  readonly subject: string;
  readonly handler: Handler;
}

export interface AnnouncedService {
  /** Made anew for each announcement. */
  readonly id: string;
  stop(): Promise<void>;
}

export interface BusStats {
  readonly published: number;
  readonly publishedBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly requests: number;
  /** Requests that ended without a reply, or with an error. */
  readonly requestErrors: number;
  /** Handlers that threw, other than to refuse a request. */
  readonly handlerErrors: number;
  /** Messages not sent (not connected, too much unsent, an answer that came too late) or not handled (slow consumer). */
  readonly dropped: number;
  /** How many times a subscription, or this client as a whole, fell behind. */
  readonly slowConsumers: number;
  readonly disconnects: number;
  /** What the server did not permit: messages to subjects of others. */
  readonly forbiddenPublishes: number;
  /** And subscriptions to them. */
  readonly forbiddenSubscriptions: number;
}

/** For the log. */
export type BusEvent =
  /** A try for the first connection has failed, or one that looks why there is none any more. */
  | { readonly type: 'connecting'; readonly attempt: number; readonly retryMs: number; readonly error: unknown }
  | { readonly type: 'status'; readonly status: BusStatus }
  | { readonly type: 'handler-error'; readonly subject: string; readonly error: unknown }
  | { readonly type: 'slow-consumer'; readonly subject: string; readonly inFlight: number }
  /** The server refuses or has ended a subscription. */
  | { readonly type: 'subscription-lost'; readonly subject: string; readonly error: unknown }
  /** The server does not permit this user to use the subject. */
  | { readonly type: 'forbidden'; readonly operation: 'publish' | 'subscribe'; readonly subject: string }
  /** The files of certificates were replaced: a new connection is made, or, with an error, the old one kept. */
  | { readonly type: 'certificates'; readonly error: unknown }
  | { readonly type: 'server-error'; readonly error: unknown };
