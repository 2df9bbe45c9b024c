import type { Identity } from '@witan/crypto';
import { isWitanError } from '@witan/errors';
import type { Journal } from '@witan/journal';
import { heartbeatBody, type Ledger, SERVICES } from '@witan/section';
import { decode, encode, sealEnvelope, u53 } from '@witan/wire';

export interface HeartbeatsOptions {
  readonly identity: Identity;
  readonly networkTag: Uint8Array;
  readonly prefix: string;
  readonly service: (typeof SERVICES)[number];
  readonly journal: Journal;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** The longest time between two of them. All others count on it: they are not told how often one is to be heard. */
export const HEARTBEAT_MS_MAX = 1_000;
/** Who has not been heard of for this long is not live, in what is shown: as if three in a row were lost. */
export const LIVE_MS = 4 * HEARTBEAT_MS_MAX;

/** So far ahead what may be said is written down: one commit in so many milliseconds. */
const RESERVED_MS = 60_000;

/**
 * What one process says of itself. Each is later than all before, over restarts too, whatever becomes of the clock: none
 * is said that is not below what is written down, and the next process begins there. A node whose disk was put back to
 * an earlier state is heard by its clock.
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  readonly #key: string;
  #next: number | undefined;
  #reserved = 0;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
    this.#key = `heartbeats/${options.service}`;
  }

  /**
   * The next one, signed.
   * @throws WitanError `WITAN_ERR_JOURNAL_CORRUPT` the first time, when what was written down is damaged
   */
  next(ledger: Ledger | undefined, usableShare: boolean): Uint8Array {
    const { identity, networkTag, prefix, service } = this.#options;
    const body = encode(heartbeatBody, {
      prefix,
      service: SERVICES.indexOf(service),
      generation: ledger?.generation,
      key: ledger?.key,
      usableShare,
      sequence: this.#sequence(),
    });
    return sealEnvelope(identity, networkTag, 'heartbeat', body).raw;
  }

  #sequence(): number {
    this.#next ??= this.#begin();
    const sequence = Math.max(this.#next, Math.floor(this.#options.wallClock()));
    if (sequence >= this.#reserved) this.#reserve(sequence + RESERVED_MS);
    this.#next = sequence + 1;
    return sequence;
  }

  #begin(): number {
    const reserved = this.#options.journal.table.get(this.#key);
    return reserved === undefined ? 0 : decode(u53, reserved);
  }

  #reserve(until: number): void {
    try {
      this.#options.journal.table.put(this.#key, encode(u53, until));
      this.#reserved = until;
    } catch (error) {
      // A disk that refuses is told of by whoever has to write; that this process is alive is true all the same.
      if (!isWitanError(error)) throw error;
    }
  }
}
