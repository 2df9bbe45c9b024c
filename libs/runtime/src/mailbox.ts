interface Entry<E> {
  readonly event: E;
  /**
   * `outside`: what peers can make many of, and the only ones that are bounded. `host`: of the own process.
   * `runtime`: a timer or a response, for the incarnation under way.
   */
  readonly source: 'outside' | 'host' | 'runtime';
  /** Of the message that it brings. */
  readonly bytes: number;
}

export interface MailboxLimits {
  readonly events: number;
  /** Together, of the messages that the events bring. */
  readonly bytes: number;
}

/**
 * Events in order. The bound is for those from outside: what the own process tells is as much as happens in it, timers
 * and responses are as many as the machine asked for, and losing one would leave it waiting for ever.
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
    this.#entries.push({ event, source: 'outside', bytes });
    return true;
  }

  addUnbounded(event: E, source: 'host' | 'runtime'): void {
    this.#entries.push({ event, source, bytes: 0 });
  }

  /** The first events, which stay until {@link Mailbox.remove}: a batch that fails is still there. */
  peek(count: number): E[] {
    return this.#entries.slice(0, count).map((entry) => entry.event);
  }

  remove(start: number, count: number): void {
    for (const { source, bytes } of this.#entries.splice(start, count)) {
      if (source !== 'outside') continue;
      this.#external--;
      this.#bytes -= bytes;
    }
  }

  /** With the incarnation that they were for. */
  removeOfRuntime(): void {
    this.#entries = this.#entries.filter(({ source }) => source !== 'runtime');
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
