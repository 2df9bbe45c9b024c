const FIRST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 60_000;

/**
 * Which subscriptions the server refuses, and when to ask for them again: an operator may have given the permission
 * meanwhile, and nobody should have to restart a service for it.
 */
export class Refusals {
  readonly #again: (subjects: ReadonlySet<string>) => Promise<void>;
  #subjects = new Set<string>();
  #asked: ReadonlySet<string> = new Set();
  #waitMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;

  /** @param again subscribes to these once more; resolves when the server has refused what it refuses of them */
  constructor(again: (subjects: ReadonlySet<string>) => Promise<void>) {
    this.#again = again;
  }

  /** While it is asked again, what was refused counts as refused. */
  get subjects(): readonly string[] {
    return [...new Set([...this.#subjects, ...this.#asked])];
  }

  add(subject: string): void {
    this.#subjects.add(subject);
    this.#timer ??= setTimeout(() => void this.#retry(), this.#waitMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #retry(): Promise<void> {
    this.#asked = this.#subjects;
    this.#subjects = new Set();
    this.#timer = undefined;
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_RETRY_MS);
    try {
      await this.#again(this.#asked);
    } catch {
      // The connection was lost meanwhile: with the next one everything is subscribed to anew.
      for (const subject of this.#asked) this.add(subject);
    }
    this.#asked = new Set();
    if (this.#subjects.size === 0) this.#waitMs = FIRST_RETRY_MS;
  }
}
