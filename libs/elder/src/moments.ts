import type { Clock } from '@witan/runtime';

/** A moment on the clock of the machines and on that of people (since the epoch), both in ms. */
export interface Moment {
  readonly at: number;
  readonly wallMs: number;
}

/** The two clocks are read one after the other, and that of people in whole milliseconds: they differ by so much anyway. */
const JITTER_MS = 5;

/** Tells when something was for people: what was at one time has one time, and what was later is never earlier. */
export class Moments {
  readonly #clock: Clock;
  readonly #wallClock: () => number;
  /** From the one clock to the other; another one when somebody has set the clock of people. */
  #offsetMs: number | undefined;

  constructor(clock: Clock, wallClock: () => number) {
    this.#clock = clock;
    this.#wallClock = wallClock;
  }

  of(at: number): Moment {
    const offsetMs = this.#wallClock() - this.#clock.now();
    if (this.#offsetMs === undefined || Math.abs(offsetMs - this.#offsetMs) > JITTER_MS) this.#offsetMs = offsetMs;
    return { at, wallMs: at + this.#offsetMs };
  }

  get now(): Moment {
    return this.of(this.#clock.now());
  }
}
