import type { BusEvent, BusStatus } from './bus.ts';

/** The status and those who want to know when it changes. */
export class StatusBoard {
  readonly #listeners = new Set<(status: BusStatus) => void>();
  readonly #onEvent: (event: BusEvent) => void;
  #value: BusStatus;

  constructor(initial: BusStatus, onEvent: (event: BusEvent) => void) {
    this.#value = initial;
    this.#onEvent = onEvent;
  }

  get value(): BusStatus {
    return this.#value;
  }

  set(status: BusStatus): void {
    if (status === this.#value || this.#value === 'closed') return;
    this.#value = status;
    this.#onEvent({ type: 'status', status });
    for (const listener of [...this.#listeners]) listener(status);
  }

  listen(listener: (status: BusStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
