/** Waiting times that double from try to try. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  #tries = 0;

  constructor(options: BackoffOptions) {
    this.#initialMs = options.initialMs;
    this.#maxMs = options.maxMs;
  }

  get tries(): number {
    return this.#tries;
  }

  next(): number {
    return Math.min(this.#maxMs, this.#initialMs * 2 ** this.#tries++);
  }

  reset(): void {
    this.#tries = 0;
  }
}

export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
}

export interface CrashLimit {
  /** So many crashes… */
  readonly crashes: number;
  /** …within this time are a loop. */
  readonly windowMs: number;
}

/** Tells single crashes from a loop. */
export class CrashLoop {
  readonly #limit: CrashLimit;
  readonly #backoff: Backoff;
  #recent: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  constructor(limit: CrashLimit, backoff: BackoffOptions) {
    this.#limit = limit;
    this.#backoff = new Backoff(backoff);
  }

  /** How long to pause after this crash; 0 to go on at once. Pauses grow until it has been quiet for a window. */
  crashed(at: number): number {
    if (at - this.#last > this.#limit.windowMs) this.#backoff.reset();
    this.#recent = [...this.#recent.filter((time) => at - time <= this.#limit.windowMs), at];
    this.#last = at;
    if (this.#recent.length < this.#limit.crashes) return 0;
    this.#recent = [];
    const pauseMs = this.#backoff.next();
    // The pause is no proof of health.
    this.#last = at + pauseMs;
    return pauseMs;
  }
}
