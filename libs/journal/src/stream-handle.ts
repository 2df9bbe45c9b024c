import type { JournalStream } from './journal.ts';

/** What a journal does for one of its streams, by name. */
export interface StreamOperations {
  readonly location: string;
  length(stream: string): number;
  append(stream: string, records: readonly Uint8Array[], durable: boolean): void;
  sync(): void;
  read(stream: string): Uint8Array[];
  replace(stream: string, records: readonly Uint8Array[]): void;
  drop(stream: string): void;
}

/** A stream holds no state of its own, so any number of handles of one name agree. */
export class StreamHandle implements JournalStream {
  readonly name: string;
  readonly #journal: StreamOperations;

  constructor(name: string, journal: StreamOperations) {
    this.name = name;
    this.#journal = journal;
  }

  get location(): string {
    return this.#journal.location;
  }

  get length(): number {
    return this.#journal.length(this.name);
  }

  append(records: readonly Uint8Array[], durable: boolean): void {
    this.#journal.append(this.name, records, durable);
  }

  sync(): void {
    this.#journal.sync();
  }

  read(): Uint8Array[] {
    return this.#journal.read(this.name);
  }

  replace(records: readonly Uint8Array[]): void {
    this.#journal.replace(this.name, records);
  }

  drop(): void {
    this.#journal.drop(this.name);
  }
}
