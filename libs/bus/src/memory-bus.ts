import { asWitanError, type WitanError, type WitanErrorCode } from '@witan/errors';
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
  SubscribeOptions,
  Subscription,
} from './bus.ts';
import { newCounters } from './counters.ts';
import { Dispatcher, errorHeaders, replyPayload } from './dispatch.ts';
import { timedOut, tooLarge, unavailable } from './failures.ts';
import type { LinkMessage, MemoryHub } from './memory-hub.ts';
import { announceInMemory } from './memory-service.ts';
import { StatusBoard } from './status-board.ts';
import { checkHeaders, checkPattern, checkQueue, checkSubject } from './subject-rules.ts';

type Settle = (result: Uint8Array | WitanError) => void;

/** One client of a {@link MemoryHub}. */
export class MemoryBus implements Bus {
  readonly id: string;
  readonly echo: boolean;
  readonly #hub: MemoryHub;
  readonly #onEvent: (event: BusEvent) => void;
  readonly #status: StatusBoard;
  readonly #counters = newCounters();
  readonly #subscriptions = new Set<MemorySubscription>();
  readonly #requests = new Map<string, (result: LinkMessage | WitanError) => void>();
  #inboxes = 0;

  constructor(id: string, hub: MemoryHub, options: { onEvent?: (event: BusEvent) => void; echo?: boolean }) {
    const { onEvent = () => {}, echo = true } = options;
    this.id = id;
    this.echo = echo;
    this.#hub = hub;
    this.#onEvent = onEvent;
    this.#status = new StatusBoard('connected', onEvent);
  }

  get status(): BusStatus {
    return this.#status.value;
  }

  get maxPayload(): number {
    return this.#hub.maxPayload;
  }

  get refused(): readonly string[] {
    return [];
  }

  get stats(): BusStats {
    return { ...this.#counters };
  }

  publish(subject: string, payload: Uint8Array, headers?: Headers): void {
    this.#check(subject, payload, headers);
    this.#send({ subject, payload, headers, reply: undefined });
  }

  subscribe(subject: string, handler: Handler, options: SubscribeOptions = {}): Subscription {
    checkPattern(subject);
    checkQueue(options.queue);
    if (this.#closing) throw unavailable('the bus is closed');
    const { maxInFlight, queue } = options;
    const dispatcher = new Dispatcher({
      subject,
      handler,
      maxInFlight,
      counters: this.#counters,
      onEvent: this.#onEvent,
    });
    const subscription = new MemorySubscription(this, this.#hub, subject, queue, dispatcher);
    this.#subscriptions.add(subscription);
    return subscription;
  }

  request(subject: string, payload: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const cancel = this.#start(subject, payload, options, (result) => {
        signal?.removeEventListener('abort', abort);
        if (result instanceof Uint8Array) resolve(result);
        else reject(result);
      });
      const abort = (): void => cancel(unavailable('the request was ended by its caller', signal?.reason));
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  ask(subject: string, payload: Uint8Array, options: AskOptions, done: (result: AskResult) => void): void {
    this.#start(subject, payload, options, (result) =>
      done(result instanceof Uint8Array ? { ok: true, bytes: result } : { ok: false, error: result.code }),
    );
  }

  async announce(service: ServiceDescription): Promise<AnnouncedService> {
    return announceInMemory(this, service, `${this.id}-${this.#inboxes++}`);
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.#hub.scheduler.defer(resolve));
  }

  onStatus(listener: (status: BusStatus) => void): () => void {
    return this.#status.listen(listener);
  }

  async drain(): Promise<void> {
    if (this.#closing) return;
    this.#status.set('draining');
    for (const subscription of this.#subscriptions) this.#hub.removeSubscription(subscription);
    // What has arrived is in the scheduler already, before this.
    await this.flush();
    this.#close();
    this.#failRequests();
  }

  /** @internal As a killed process: no callback is called any more. */
  kill(): void {
    for (const inbox of this.#requests.keys()) this.#hub.closeInbox(inbox);
    this.#requests.clear();
    this.#close();
  }

  /** @internal */
  setOnline(online: boolean): void {
    if (this.#closing || online === (this.status === 'connected')) return;
    this.#status.set(online ? 'connected' : 'disconnected');
    if (online) return;
    this.#counters.disconnects++;
    this.#failRequests();
  }

  /** @internal */
  get hears(): boolean {
    return this.status === 'connected' || this.status === 'draining';
  }

  /** @internal */
  acceptReply(message: LinkMessage): void {
    if (this.hears) this.#requests.get(message.subject)?.(message);
  }

  /** @internal */
  forget(subscription: MemorySubscription): void {
    this.#subscriptions.delete(subscription);
  }

  /** @internal */
  dispatch(dispatcher: Dispatcher, { subject, payload, headers, reply }: LinkMessage): void {
    if (reply === undefined) {
      dispatcher.dispatch({ subject, payload, headers });
      return;
    }
    const respond = (answer: Uint8Array, answerHeaders?: Headers): void => {
      if (answer.length > this.maxPayload) throw tooLarge(reply, answer.length, this.maxPayload);
      this.#send({ subject: reply, payload: answer, headers: answerHeaders, reply: undefined });
    };
    const fail = (code: WitanErrorCode): void => respond(new Uint8Array(0), errorHeaders(code));
    dispatcher.dispatch({ subject, payload, headers, respond: (answer) => respond(answer) }, fail);
  }

  get #closing(): boolean {
    return this.status === 'draining' || this.status === 'closed';
  }

  /** Starts a request; `settle` is called once, later. The result ends it early. */
  #start(subject: string, payload: Uint8Array, options: AskOptions, settle: Settle): (reason: WitanError) => void {
    const { scheduler } = this.#hub;
    const inbox = `_INBOX.${this.id}.${this.#inboxes++}`;
    this.#counters.requests++;
    const finish = (result: LinkMessage | WitanError): void => {
      if (!this.#requests.delete(inbox)) return;
      scheduler.clearTimer(timer);
      this.#hub.closeInbox(inbox);
      const answer = 'subject' in result ? outcome(subject, result) : result;
      if (!(answer instanceof Uint8Array)) this.#counters.requestErrors++;
      settle(answer);
    };
    const timer = scheduler.setTimer(options.timeoutMs, () => finish(timedOut(subject, options.timeoutMs)));
    this.#requests.set(inbox, finish);
    this.#hub.openInbox(inbox, this);
    const refuse = (error: WitanError): void => {
      scheduler.clearTimer(timer);
      scheduler.defer(() => finish(error));
    };
    try {
      this.#check(subject, payload, options.headers);
      if (this.status !== 'connected') refuse(unavailable('the bus is not connected'));
      else if (!this.#send({ subject, payload, headers: options.headers, reply: inbox })) {
        refuse(unavailable(`nobody listens on ${subject}`));
      }
    } catch (error) {
      refuse(asWitanError(error));
    }
    return refuse;
  }

  #send(message: LinkMessage): boolean {
    if (!this.hears) {
      this.#counters.dropped++;
      return true;
    }
    this.#counters.published++;
    this.#counters.publishedBytes += message.payload.length;
    return this.#hub.route(this.id, message);
  }

  #check(subject: string, payload: Uint8Array, headers: Headers | undefined): void {
    checkSubject(subject);
    checkHeaders(headers);
    if (payload.length > this.maxPayload) throw tooLarge(subject, payload.length, this.maxPayload);
  }

  #failRequests(): void {
    for (const finish of [...this.#requests.values()]) finish(unavailable('the connection was lost'));
  }

  #close(): void {
    for (const subscription of [...this.#subscriptions]) subscription.unsubscribe();
    this.#hub.remove(this);
    this.#status.set('closed');
  }
}

function outcome(subject: string, { payload, headers }: LinkMessage): Uint8Array | WitanError {
  try {
    return replyPayload(subject, payload, headers);
  } catch (error) {
    return asWitanError(error);
  }
}

export class MemorySubscription implements Subscription {
  readonly client: MemoryBus;
  readonly subject: string;
  readonly tokens: readonly string[];
  readonly isExact: boolean;
  readonly queue: string | undefined;
  /** When it was made, among all: the hub delivers in this order. */
  readonly order: number;
  readonly #hub: MemoryHub;
  readonly #dispatcher: Dispatcher;
  #active = true;

  constructor(client: MemoryBus, hub: MemoryHub, subject: string, queue: string | undefined, dispatcher: Dispatcher) {
    this.client = client;
    this.subject = subject;
    this.tokens = subject.split('.');
    this.isExact = !this.tokens.includes('*') && !this.tokens.includes('>');
    this.queue = queue;
    this.#hub = hub;
    this.#dispatcher = dispatcher;
    this.order = hub.addSubscription(this);
  }

  accept(message: LinkMessage): void {
    if (this.#active && this.client.hears) this.client.dispatch(this.#dispatcher, message);
  }

  unsubscribe(): void {
    this.#active = false;
    this.#hub.removeSubscription(this);
    this.client.forget(this);
  }
}
