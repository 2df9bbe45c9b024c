import { unlessBad } from '@witan/errors';
import type { Journal } from '@witan/journal';
import { heartbeatBody, type Ledger, SERVICES } from '@witan/section';
import { decode, encode, peekEnvelope, u32 } from '@witan/wire';

const KEY = 'restored';
const NOT_KNOWN_YET = new Uint8Array(0);

export interface RestorationOptions {
  readonly journal: Journal;
  /** Own name, hex. */
  readonly self: string;
  readonly networkTag: Uint8Array;
  /** Of the section, in bits. */
  readonly prefix: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** So long the others are listened to; one that was heard longer ago is gone. */
  readonly freshMs: number;
}

/** Says in a journal that whoever opens it has been put back to an earlier state. */
export function markRestored(journal: Journal): void {
  journal.table.put(KEY, NOT_KNOWN_YET);
}

/** Takes that back: nothing has happened since the state that the journal has. */
export function unmarkRestored(journal: Journal): void {
  journal.table.remove(KEY);
}

/**
 * What a node that was put back to an earlier state may not do, since it may have done it before and has forgotten how:
 * vote under the key that the section has now, and take part in sessions that the section has begun already. Where the
 * past ends is known when enough of the others have been heard: so many of them as decide anything, none of whom is ahead.
 */
export class Restoration {
  readonly #options: RestorationOptions;
  readonly #since: number;
  readonly #heard = new Map<string, { readonly generation: number; readonly sequence: number; readonly at: number }>();
  #generation: number;

  /** @throws WitanError `WITAN_ERR_JOURNAL_CORRUPT` */
  constructor(options: RestorationOptions) {
    this.#options = options;
    this.#since = options.now();
    const stored = options.journal.table.get(KEY);
    this.#generation = stored === undefined ? -1 : stored.length === 0 ? Number.POSITIVE_INFINITY : decode(u32, stored);
  }

  /** The last generation of the past: infinite while it is not known, below all for a node that never was restored. */
  get generation(): number {
    return this.#generation;
  }

  get isPending(): boolean {
    return this.#generation === Number.POSITIVE_INFINITY;
  }

  /** Takes a heartbeat as it came from the bus. */
  heard(bytes: Uint8Array, ledger: Ledger | undefined): void {
    if (!this.isPending || !ledger) return;
    // Bad bytes are counted by who follows the section, who gets the same.
    unlessBad(() => this.#take(bytes, ledger));
  }

  #take(bytes: Uint8Array, ledger: Ledger): void {
    const { networkTag, prefix, now } = this.#options;
    const peeked = peekEnvelope(bytes, networkTag);
    if (peeked.kind !== 'heartbeat' || !ledger.members.has(peeked.author)) return;
    const { prefix: of, service, generation, sequence } = decode(heartbeatBody, peeked.body);
    if (of !== prefix || SERVICES[service] !== 'elder' || generation === undefined) return;
    // What it has said before makes nobody alive, nor takes back that it is ahead.
    const last = this.#heard.get(peeked.author)?.sequence;
    if (last !== undefined && sequence <= last) return;
    peeked.verify();
    this.#heard.set(peeked.author, { generation, sequence, at: now() });
  }

  /**
   * Looks whether enough has been heard, and writes it down.
   * @returns whether the past has ended with this
   * @throws WitanError `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL`: to be tried again
   */
  settle(ledger: Ledger | undefined): boolean {
    const { journal, self, now, freshMs } = this.#options;
    if (!this.isPending || !ledger || now() - this.#since < freshMs) return false;
    const fresh = [...this.#heard].filter(([, { at }]) => now() - at < freshMs);
    if (fresh.some(([, { generation }]) => generation > ledger.generation)) return false;
    const others = ledger.elders.filter(({ name }) => name !== self);
    const here = others.filter(({ name }) => fresh.some(([heard]) => heard === name));
    if (here.length < Math.min(ledger.threshold, others.length)) return false;
    journal.table.put(KEY, encode(u32, ledger.generation));
    this.#generation = ledger.generation;
    this.#heard.clear();
    return true;
  }
}
