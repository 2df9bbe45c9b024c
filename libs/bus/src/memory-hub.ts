import { WitanError } from '@witan/errors';
import type { Bus, BusEvent, Headers } from './bus.ts';
import { MemoryBus, type MemorySubscription } from './memory-bus.ts';
import { matches } from './subject-rules.ts';

/** What the hub needs of a clock; `Clock` of `@witan/runtime` fits, so that a simulator can drive both. */
export interface Scheduler {
  defer(fn: () => void): void;
  setTimer(afterMs: number, fn: () => void): unknown;
  clearTimer(handle: unknown): void;
}

export interface LinkMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Headers | undefined;
  /** Where a reply would go; undefined when none is awaited. */
  readonly reply: string | undefined;
}

/** One arrival of a message. `payload` replaces what was sent. */
export interface Delivery {
  readonly afterMs: number;
  readonly payload?: Uint8Array;
}

/**
 * Decides what a link does with a message, requests and replies alike: no delivery drops it, several repeat it, times
 * delay and reorder it. `from` and `to` are client ids.
 */
export type FaultHook = (from: string, to: string, message: LinkMessage) => readonly Delivery[];

export interface MemoryHubOptions {
  /** The process's own timers by default. */
  readonly scheduler?: Scheduler;
  readonly faults?: FaultHook;
  /** 1 MiB by default, as NATS has it. */
  readonly maxPayload?: number;
}

const DEFAULT_MAX_PAYLOAD = 1 << 20;
const AT_ONCE: readonly Delivery[] = [{ afterMs: 0 }];

const processScheduler: Scheduler = {
  defer: (fn) => {
    setImmediate(fn);
  },
  setTimer: (afterMs, fn) => setTimeout(fn, afterMs),
  clearTimer: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** A bus within one process: what NATS does for its clients, with links that fail on demand. */
export class MemoryHub {
  /** May be changed at any time; undefined for perfect links. */
  faults: FaultHook | undefined;
  readonly maxPayload: number;
  readonly scheduler: Scheduler;
  readonly #clients = new Map<string, MemoryBus>();
  /** Subscriptions without wildcards, by subject. */
  readonly #exact = new Map<string, Set<MemorySubscription>>();
  readonly #wildcard = new Set<MemorySubscription>();
  readonly #inboxes = new Map<string, MemoryBus>();
  /** Whose turn it is in each queue group. */
  readonly #turns = new Map<string, number>();
  #order = 0;

  constructor(options: MemoryHubOptions = {}) {
    this.scheduler = options.scheduler ?? processScheduler;
    this.faults = options.faults;
    this.maxPayload = options.maxPayload ?? DEFAULT_MAX_PAYLOAD;
  }

  /** @throws WITAN_ERR_INVALID when the id is in use */
  connect(clientId: string, options: { onEvent?: (event: BusEvent) => void; echo?: boolean } = {}): Bus {
    if (this.#clients.has(clientId))
      throw new WitanError('WITAN_ERR_INVALID', `client ${clientId} is connected already`);
    const client = new MemoryBus(clientId, this, options);
    this.#clients.set(clientId, client);
    return client;
  }

  /** The client is gone in the middle of whatever it did, as a killed process is; its id may connect again. */
  disconnect(clientId: string): void {
    this.#clients.get(clientId)?.kill();
  }

  /** Cuts a client off from the hub, or lets it back: it keeps its subscriptions and misses what is sent meanwhile. */
  setOnline(clientId: string, online: boolean): void {
    this.#clients.get(clientId)?.setOnline(online);
  }

  /** @internal */
  remove(client: MemoryBus): void {
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
  }

  /** @internal */
  addSubscription(subscription: MemorySubscription): number {
    if (subscription.isExact) {
      const known = this.#exact.get(subscription.subject) ?? new Set();
      this.#exact.set(subscription.subject, known.add(subscription));
    } else {
      this.#wildcard.add(subscription);
    }
    return this.#order++;
  }

  /** @internal */
  removeSubscription(subscription: MemorySubscription): void {
    this.#wildcard.delete(subscription);
    const known = this.#exact.get(subscription.subject);
    known?.delete(subscription);
    if (known?.size === 0) this.#exact.delete(subscription.subject);
  }

  /** @internal */
  openInbox(inbox: string, client: MemoryBus): void {
    this.#inboxes.set(inbox, client);
  }

  /** @internal */
  closeInbox(inbox: string): void {
    this.#inboxes.delete(inbox);
  }

  /** @internal False when a reply is awaited and nobody listens. */
  route(from: string, message: LinkMessage): boolean {
    const inbox = this.#inboxes.get(message.subject);
    if (inbox !== undefined) {
      this.#transmit(from, inbox, message, (arrived) => inbox.acceptReply(arrived));
      return true;
    }
    const receivers = this.#receivers(from, message.subject);
    for (const subscription of receivers) {
      this.#transmit(from, subscription.client, message, (arrived) => subscription.accept(arrived));
    }
    return receivers.length > 0 || message.reply === undefined;
  }

  /** Whoever listens, but for a sender that does not want to hear itself. */
  #receivers(from: string, subject: string): MemorySubscription[] {
    const tokens = subject.split('.');
    const found = [...(this.#exact.get(subject) ?? [])];
    for (const subscription of this.#wildcard) if (matches(subscription.tokens, tokens)) found.push(subscription);
    const online = found
      .filter(({ client }) => client.status === 'connected' && (client.echo || client.id !== from))
      .sort((a, b) => a.order - b.order);
    const groups = Map.groupBy(online, ({ queue }) => queue);
    const receivers = groups.get(undefined) ?? [];
    for (const [queue, members] of groups) if (queue !== undefined) receivers.push(this.#next(queue, members));
    return receivers;
  }

  #next(queue: string, members: readonly MemorySubscription[]): MemorySubscription {
    const turn = this.#turns.get(queue) ?? 0;
    this.#turns.set(queue, turn + 1);
    return members[turn % members.length]!;
  }

  #transmit(from: string, to: MemoryBus, message: LinkMessage, accept: (message: LinkMessage) => void): void {
    for (const { afterMs, payload } of this.faults?.(from, to.id, message) ?? AT_ONCE) {
      // Each arrival has bytes of its own, as it has after a network.
      const arrived = { ...message, payload: (payload ?? message.payload).slice() };
      const deliver = (): void => accept(arrived);
      if (afterMs <= 0) this.scheduler.defer(deliver);
      else this.scheduler.setTimer(afterMs, deliver);
    }
  }
}
