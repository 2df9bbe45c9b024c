import { randomBytes } from 'node:crypto';
import { errors, type Msg, type NatsConnection, type Status } from '@nats-io/nats-core';
import { errorCode, type WitanError, type WitanErrorCode } from '@witan/errors';
import { type TlsPaths, watchTls } from '@witan/tls';
import type {
  AnnouncedService,
  AskOptions,
  AskResult,
  Bus,
  BusEvent,
  BusStats,
  BusStatus,
  Handler,
  Headers,
  RequestOptions,
  ServiceDescription,
  ServiceEndpoint,
  SubscribeOptions,
  Subscription,
} from './bus.ts';
import { newCounters } from './counters.ts';
import { Dispatcher, replyPayload } from './dispatch.ts';
import { ended, tooLarge, unavailable } from './failures.ts';
import { type Diagnosis, tryToConnect } from './nats-diagnosis.ts';
import { giveUpDial } from './nats-dial.ts';
import { isSlowConsumer, requestFailure } from './nats-failures.ts';
import { bytesOf, failing, headersOf, incoming, isInbox, toNats } from './nats-messages.ts';
import { inboxPrefixOf, NATS_DEFAULTS, type NatsOptions } from './nats-options.ts';
import { announceOverNats, type Serve } from './nats-service.ts';
import { Outflow } from './outflow.ts';
import { Refusals } from './refusals.ts';
import { StatusBoard } from './status-board.ts';
import { checkHeaders, checkPattern, checkQueue, checkSubject } from './subject-rules.ts';

/**
 * Of the name of an inbox. The library's own names are numbered: whoever is asked once could answer what others are asked,
 * since who may answer at all may say things to any inbox.
 */
const REPLY_BYTES = 16;

/** The bus over a NATS connection that is up; it keeps itself up from then on. */
export class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #diagnosis: Diagnosis;
  readonly #endWatching: () => void;
  readonly #onEvent: (event: BusEvent) => void;
  readonly #status: StatusBoard;
  readonly #counters = newCounters();
  readonly #outflow: Outflow;
  /** Ends the requests under way when the connection is lost: their replies are lost with it. */
  readonly #inFlight = new Set<(reason: WitanError) => void>();
  /** Each subscribes once more when the server has refused one of its subjects. */
  readonly #renewals = new Set<(refused: ReadonlySet<string>) => void | Promise<void>>();
  readonly #refusals = new Refusals(async (refused) => {
    for (const renew of this.#renewals) await renew(refused);
    await this.#connection.flush();
    // What the server said before that is told in the turns of this one.
    await new Promise((resolve) => setImmediate(resolve));
  });
  readonly #inboxPrefix: string;
  #maxPayload: number;
  #drained: Promise<void> | undefined;

  /** @param diagnosis looks for the reason while the connection is lost */
  constructor(connection: NatsConnection, options: NatsOptions, diagnosis: Diagnosis) {
    this.#connection = connection;
    this.#diagnosis = diagnosis;
    this.#onEvent = options.onEvent ?? (() => {});
    this.#inboxPrefix = inboxPrefixOf(options);
    this.#status = new StatusBoard('connected', this.#onEvent);
    this.#outflow = new Outflow(options.maxPendingBytes ?? NATS_DEFAULTS.maxPendingBytes, () => connection.flush());
    this.#maxPayload = connection.info?.max_payload ?? 0;
    this.#endWatching = options.tls === undefined ? () => {} : this.#watchFiles(options, options.tls);
    void this.#follow();
  }

  get status(): BusStatus {
    return this.#status.value;
  }

  get maxPayload(): number {
    return this.#maxPayload;
  }

  get refused(): readonly string[] {
    return this.#refusals.subjects;
  }

  get stats(): BusStats {
    return { ...this.#counters };
  }

  publish(subject: string, payload: Uint8Array, headers?: Headers): void {
    this.#check(subject, payload, headers);
    this.#send(subject, payload, headers);
  }

  subscribe(subject: string, handler: Handler, options: SubscribeOptions = {}): Subscription {
    checkPattern(subject);
    checkQueue(options.queue);
    if (this.#closing) throw unavailable('the bus is closed');
    const serve = this.#server({ subject, handler, ...options });
    const open = () =>
      this.#connection.subscribe(subject, {
        ...(options.queue === undefined ? {} : { queue: options.queue }),
        // An error is a refusal, which comes as a status as well.
        callback: (error, message) => void (error === null && serve(message)),
      });
    let subscription = open();
    const renew = (refused: ReadonlySet<string>): void => {
      if (refused.has(subject)) subscription = open();
    };
    this.#renewals.add(renew);
    const unsubscribe = (): void => {
      this.#renewals.delete(renew);
      subscription.unsubscribe();
    };
    return { subject, unsubscribe };
  }

  async request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    this.#counters.requests++;
    try {
      return await this.#request(subject, payload, options);
    } catch (error) {
      this.#counters.requestErrors++;
      throw requestFailure(error, subject, options.timeoutMs);
    }
  }

  ask(subject: string, payload: Uint8Array, options: AskOptions, done: (result: AskResult) => void): void {
    const finish = (result: AskResult): void => {
      try {
        done(result);
      } catch (error) {
        this.#counters.handlerErrors++;
        this.#onEvent({ type: 'handler-error', subject, error });
      }
    };
    this.request(subject, payload, options).then(
      (bytes) => finish({ ok: true, bytes }),
      (error) => finish({ ok: false, error: errorCode(error) }),
    );
  }

  async announce(service: ServiceDescription): Promise<AnnouncedService> {
    const open = () =>
      announceOverNats(this.#connection, service, (endpoint) => this.#endpoint(endpoint), this.#onEvent);
    let announced = await open();
    const renew = async (refused: ReadonlySet<string>): Promise<void> => {
      // One refused subject ends all of a service, so that any of them may be its own.
      if (!announced.uses(refused)) return;
      await announced.stop();
      if (this.#renewals.has(renew)) announced = await open();
    };
    this.#renewals.add(renew);
    return {
      get id() {
        return announced.id;
      },
      stop: () => {
        this.#renewals.delete(renew);
        return announced.stop();
      },
    };
  }

  async flush(): Promise<void> {
    try {
      await this.#connection.flush();
    } catch (error) {
      throw unavailable('the connection was lost', error);
    }
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  get #closing(): boolean {
    return this.status === 'draining' || this.status === 'closed';
  }

  async #drain(): Promise<void> {
    const connected = this.status === 'connected';
    this.#rest();
    this.#status.set('draining');
    try {
      // A drain waits for the server: without one there is nothing to wait for.
      if (connected) await this.#connection.drain();
    } catch {
      // The connection was lost meanwhile; closing it is all that is left to do.
    }
    await this.#connection.close();
    this.#failRequests(unavailable('the bus is closed'));
    this.#status.set('closed');
  }

  /** Whatever goes on by itself ends. */
  #rest(): void {
    this.#refusals.stop();
    this.#diagnosis.end();
    this.#endWatching();
  }

  /** With new certificates there is a new connection, if one can be made with them: one that works is not given up. */
  #watchFiles(options: NatsOptions, tls: TlsPaths): () => void {
    const everyMs = options.tlsCheckMs ?? NATS_DEFAULTS.tlsCheckMs;
    return watchTls(tls, {
      // Else all the clients that got them at once come at once.
      everyMs: Math.round(everyMs * (1 + Math.random())),
      onError: (error) => this.#onEvent({ type: 'certificates', error }),
      onChange: async () => {
        const error = await tryToConnect(options);
        if (this.#closing) return;
        // Servers that have too much to do end a handshake as they do for a certificate that they do not like, and one that
        // does not know the authority may be about to: what is refused now is tried again with the next look.
        if (error !== undefined) throw error;
        this.#onEvent({ type: 'certificates', error: undefined });
        await this.#connection.reconnect();
      },
    });
  }

  /** Keeps the status, until the connection is closed. */
  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) this.#changed(status);
    this.#rest();
    this.#failRequests(unavailable('the bus is closed'));
    this.#status.set('closed');
  }

  #changed(change: Status): void {
    switch (change.type) {
      case 'disconnect':
        giveUpDial(this.#connection);
        this.#counters.disconnects++;
        this.#failRequests(unavailable('the connection was lost'));
        if (this.#closing) break;
        this.#diagnosis.begin();
        this.#status.set('disconnected');
        break;
      case 'reconnect':
        this.#maxPayload = this.#connection.info?.max_payload ?? this.#maxPayload;
        this.#outflow.reset();
        this.#diagnosis.end();
        if (!this.#closing) this.#status.set('connected');
        break;
      case 'error':
        this.#complaint(change.error);
        break;
    }
  }

  /** What the server complains about. */
  #complaint(error: Error): void {
    if (error instanceof errors.PermissionViolationError) {
      this.#forbidden(error);
      return;
    }
    if (isSlowConsumer(error)) this.#counters.slowConsumers++;
    this.#onEvent({ type: 'server-error', error });
  }

  #forbidden({ operation, subject: name }: InstanceType<typeof errors.PermissionViolationError>): void {
    const ownInbox = `${this.#inboxPrefix}.`;
    // Each request has an inbox with another name.
    const subject = operation === 'subscription' && name.startsWith(ownInbox) ? `${ownInbox}>` : name;
    if (operation === 'publish' && isInbox(subject)) {
      // An answer to somebody whom this user does not answer: whoever asked chose that, and not this service.
      this.#counters.dropped++;
      return;
    }
    if (operation === 'publish') {
      this.#counters.forbiddenPublishes++;
    } else {
      this.#counters.forbiddenSubscriptions++;
      if (!this.#closing) this.#refusals.add(subject);
    }
    this.#onEvent({ type: 'forbidden', operation: operation === 'publish' ? 'publish' : 'subscribe', subject });
  }

  async #request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    const { timeoutMs: timeout, headers, signal } = options;
    this.#check(subject, payload, headers);
    if (this.status !== 'connected') throw unavailable('the bus is not connected');
    if (!this.#admit(payload)) throw unavailable('too much is unsent');
    if (signal?.aborted === true) throw ended(signal);
    const lost = Promise.withResolvers<never>();
    const abort = (): void => lost.reject(ended(signal));
    this.#inFlight.add(lost.reject);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const reply = `${this.#inboxPrefix}.${randomBytes(REPLY_BYTES).toString('base64url')}`;
      const replied = this.#connection.request(subject, payload, { timeout, noMux: true, reply, ...toNats(headers) });
      const message = await Promise.race([replied, lost.promise]);
      return replyPayload(subject, bytesOf(message), headersOf(message));
    } finally {
      this.#inFlight.delete(lost.reject);
      signal?.removeEventListener('abort', abort);
    }
  }

  #failRequests(reason: WitanError): void {
    for (const reject of this.#inFlight) reject(reason);
  }

  /** What serves a subscription: whoever awaits a reply is told that there will be none. */
  #server(subscription: Pick<ServiceEndpoint, 'subject' | 'handler' | 'maxInFlight'>): Serve {
    const dispatcher = this.#dispatcher(subscription);
    return (message) =>
      this.#guard(message, () => dispatcher.dispatch(incoming(message, this.#reply), failing(message, this.#reply)));
  }

  /** What serves an endpoint: there, the library tells what is known when the handler returns, and we the rest. */
  #endpoint(endpoint: ServiceEndpoint): Serve {
    const dispatcher = this.#dispatcher(endpoint);
    return (message) =>
      this.#guard(message, () => {
        let returned = false;
        const tell = failing(message, this.#reply);
        const later = (code: WitanErrorCode): void => {
          if (returned) tell?.(code);
        };
        const error = dispatcher.dispatch(incoming(message, this.#reply), later);
        returned = true;
        return error;
      });
  }

  #dispatcher({
    subject,
    handler,
    maxInFlight,
  }: Pick<ServiceEndpoint, 'subject' | 'handler' | 'maxInFlight'>): Dispatcher {
    const counters = this.#counters;
    return new Dispatcher({ subject, handler, maxInFlight, counters, onEvent: this.#onEvent });
  }

  /** Whatever is thrown into the client library ends its reading for good, so nothing is. */
  #guard(message: Msg, body: () => unknown): unknown {
    try {
      return body();
    } catch (error) {
      this.#counters.handlerErrors++;
      this.#onEvent({ type: 'handler-error', subject: message.subject, error });
      return undefined;
    }
  }

  readonly #reply = (message: Msg, payload: Uint8Array, headers?: Headers): void => {
    this.#checkSize(message.subject, payload);
    this.#send(message.reply ?? '', payload, headers);
  };

  #send(subject: string, payload: Uint8Array, headers: Headers | undefined): void {
    const open = this.status === 'connected' || this.status === 'draining';
    if (!open || !this.#admit(payload)) {
      this.#counters.dropped++;
      return;
    }
    try {
      this.#connection.publish(subject, payload, toNats(headers));
    } catch (error) {
      if (error instanceof errors.InvalidArgumentError) throw tooLarge(subject, payload.length, this.#maxPayload);
      // Closed in this very moment.
      this.#counters.dropped++;
    }
  }

  #admit(payload: Uint8Array): boolean {
    if (!this.#outflow.admit(payload.length)) return false;
    this.#counters.published++;
    this.#counters.publishedBytes += payload.length;
    return true;
  }

  #check(subject: string, payload: Uint8Array, headers: Headers | undefined): void {
    checkSubject(subject);
    checkHeaders(headers);
    this.#checkSize(subject, payload);
  }

  #checkSize(subject: string, payload: Uint8Array): void {
    if (payload.length > this.#maxPayload) throw tooLarge(subject, payload.length, this.#maxPayload);
  }
}
