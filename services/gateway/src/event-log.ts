import { randomBytes } from 'node:crypto';
import type { EventInput, WitanEvent } from '@witan/api';
import type { EventFeed } from './backend.ts';

export interface EventLogOptions {
  /** How many events are remembered for those who come back. */
  readonly capacity?: number;
  /** Told apart in ids, so that an id of another replica or of a run before is recognised as foreign. Random when absent. */
  readonly epoch?: string;
}

/** The last events in a ring, numbered, and whoever listens. An id is `<epoch>-<number>`. */
export class EventLog implements EventFeed {
  readonly #capacity: number;
  readonly #epoch: string;
  readonly #ring: WitanEvent[] = [];
  readonly #listeners = new Set<(event: WitanEvent) => void>();
  #newest = 0;

  constructor(options: EventLogOptions = {}) {
    this.#capacity = options.capacity ?? 2048;
    this.#epoch = options.epoch ?? randomBytes(4).toString('hex');
  }

  get position(): string {
    return this.#id(this.#newest);
  }

  append(input: EventInput): WitanEvent {
    this.#newest += 1;
    const event = { id: this.position, ...input } as WitanEvent;
    this.#ring[this.#newest % this.#capacity] = event;
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  subscribe(lastEventId: string | undefined, listener: (event: WitanEvent) => void): () => void {
    if (lastEventId !== undefined) for (const event of this.#since(lastEventId)) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #since(lastEventId: string): WitanEvent[] {
    const seen = this.#numberOf(lastEventId);
    if (seen === undefined) return [this.#reset('unknown-id')];
    if (seen < this.#newest - this.#capacity) return [this.#reset('too-old')];
    const numbers = Array.from({ length: this.#newest - seen }, (_, offset) => seen + 1 + offset);
    return numbers.map((number) => this.#ring[number % this.#capacity]).filter((event) => event !== undefined);
  }

  /** Carries the newest id, so that the next reconnect resumes from here. */
  #reset(reason: 'unknown-id' | 'too-old'): WitanEvent {
    return { id: this.position, type: 'reset', at: new Date().toISOString(), data: { reason } };
  }

  #id(number: number): string {
    return `${this.#epoch}-${number}`;
  }

  #numberOf(id: string): number | undefined {
    const match = /^([0-9a-z]+)-(\d{1,15})$/.exec(id);
    if (match?.[1] !== this.#epoch) return undefined;
    const number = Number(match[2]);
    return number <= this.#newest ? number : undefined;
  }
}
