import type { Operation } from './history.ts';

/** What is kept of an operation. */
export interface Asked {
  readonly startedMs: number;
  readonly endedMs: number;
  readonly ok: boolean;
  /** Nothing failed on the way to its proof. */
  readonly atFirstTry: boolean;
}

const OK = 1;
const AT_FIRST_TRY = 2;
const ROOM_FIRST = 4096;
/** At 13 bytes each, 55 MB: six days of four clients that ask twice a second. */
const OPERATIONS_MAX = 2 ** 22;

/** What clients have asked for, in the order of the answers; small, since a run may go on for days. */
export class Operations implements Iterable<Asked> {
  readonly #max: number;
  #length = 0;
  #startedMs = new Float64Array(ROOM_FIRST);
  #tookMs = new Float32Array(ROOM_FIRST);
  #flags = new Uint8Array(ROOM_FIRST);

  constructor(max = OPERATIONS_MAX) {
    this.#max = max;
  }

  static of(operations: Iterable<Operation>): Operations {
    const all = new Operations();
    for (const each of operations) all.add(each);
    return all;
  }

  get length(): number {
    return this.#length;
  }

  /** There is no room for more: whoever asks on is not judged. */
  get isFull(): boolean {
    return this.#length >= this.#max;
  }

  add({ startedMs, endedMs, ok, errors }: Operation): void {
    if (this.isFull) return;
    if (this.#length === this.#flags.length) this.#grow();
    this.#startedMs[this.#length] = startedMs;
    this.#tookMs[this.#length] = endedMs - startedMs;
    this.#flags[this.#length] = (ok ? OK : 0) | (errors.length === 0 ? AT_FIRST_TRY : 0);
    this.#length++;
  }

  *[Symbol.iterator](): Generator<Asked> {
    for (let i = 0; i < this.#length; i++) {
      const startedMs = this.#startedMs[i]!;
      const flags = this.#flags[i]!;
      const endedMs = startedMs + this.#tookMs[i]!;
      yield { startedMs, endedMs, ok: (flags & OK) !== 0, atFirstTry: (flags & AT_FIRST_TRY) !== 0 };
    }
  }

  /** Those that got no proof, the first of them. */
  failed(atMost: number): Asked[] {
    const found: Asked[] = [];
    for (const each of this) {
      if (found.length === atMost) break;
      if (!each.ok) found.push(each);
    }
    return found;
  }

  #grow(): void {
    const room = Math.min(2 * this.#flags.length, this.#max);
    const [startedMs, tookMs, flags] = [new Float64Array(room), new Float32Array(room), new Uint8Array(room)];
    startedMs.set(this.#startedMs);
    tookMs.set(this.#tookMs);
    flags.set(this.#flags);
    [this.#startedMs, this.#tookMs, this.#flags] = [startedMs, tookMs, flags];
  }
}
