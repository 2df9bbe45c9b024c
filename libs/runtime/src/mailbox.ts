interface Entry<E> {
  readonly event: E;
  /** Made by the runtime for the incarnation under way: a timer or a response. */
  readonly internal: boolean;
}

/**
 * Events in order. The bound is for those from outside: timers and responses are as many as the machine asked for,
 * and losing one would leave it waiting for ever.
 */
export class Mailbox<E> {
  #entries: Entry<E>[] = [];
  #external = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get depth(): number {
    return this.#entries.length;
  }

  /** False when it is full. */
  add(event: E): boolean {
    if (this.#external >= this.#limit) return false;
    this.#external++;
    this.#entries.push({ event, internal: false });
    return true;
  }

  addInternal(event: E): void {
    this.#entries.push({ event, internal: true });
  }

  /** The first events, which stay until {@link Mailbox.remove}: a batch that fails is still there. */
  peek(count: number): E[] {
    return this.#entries.slice(0, count).map((entry) => entry.event);
  }

  remove(start: number, count: number): void {
    for (const entry of this.#entries.splice(start, count)) if (!entry.internal) this.#external--;
  }

  removeInternal(): void {
    this.#entries = this.#entries.filter((entry) => !entry.internal);
  }

  clear(): void {
    this.#entries = [];
    this.#external = 0;
  }
}
