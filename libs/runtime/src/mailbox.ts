interface Entry<E> {
  readonly event: E;
  /** Made by the runtime for the incarnation under way: a timer or a response. */
  readonly internal: boolean;
  /** Of the message that it brings; 0 for an internal one, which is not bounded. */
  readonly bytes: number;
}

export interface MailboxLimits {
  readonly events: number;
  /** Together, of the messages that the events bring. */
  readonly bytes: number;
}

/**
 * Events in order. The bound is for those from outside: timers and responses are as many as the machine asked for,
 * and losing one would leave it waiting for ever.
 */
export class Mailbox<E> {
  #entries: Entry<E>[] = [];
  #external = 0;
  #bytes = 0;
  readonly #limits: MailboxLimits;

  constructor(limits: MailboxLimits) {
    this.#limits = limits;
  }

  get depth(): number {
    return this.#entries.length;
  }

  /** False when it is full. */
  add(event: E): boolean {
    const bytes = bytesOf(event);
    if (this.#external >= this.#limits.events || this.#bytes + bytes > this.#limits.bytes) return false;
    this.#external++;
    this.#bytes += bytes;
    this.#entries.push({ event, internal: false, bytes });
    return true;
  }

  addInternal(event: E): void {
    this.#entries.push({ event, internal: true, bytes: 0 });
  }

  /** The first events, which stay until {@link Mailbox.remove}: a batch that fails is still there. */
  peek(count: number): E[] {
    return this.#entries.slice(0, count).map((entry) => entry.event);
  }

  remove(start: number, count: number): void {
    for (const { internal, bytes } of this.#entries.splice(start, count)) {
      if (internal) continue;
      this.#external--;
      this.#bytes -= bytes;
    }
  }

  removeInternal(): void {
    this.#entries = this.#entries.filter((entry) => !entry.internal);
  }

  clear(): void {
    this.#entries = [];
    this.#external = 0;
    this.#bytes = 0;
  }
}

/** What a peer can make large is the message, which all machines take as `bytes`. */
function bytesOf(event: unknown): number {
  const { bytes } = event as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array ? bytes.length : 0;
}
