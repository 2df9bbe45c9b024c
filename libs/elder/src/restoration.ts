import type { Identity } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import type { Journal } from '@witan/journal';
import { answerCodec, append, heartbeatBody, holdingsBody, type Ledger, SERVICES } from '@witan/section';
import { decode, encode, peekEnvelope, sealEnvelope, u32 } from '@witan/wire';
import type { Transport } from './transport.ts';

const KEY = 'restored';
const NOT_KNOWN_YET = new Uint8Array(0);
/**
 * So often in a row a node that says that it is ahead may have nothing to show for it. Honest ones answer with the next
 * decision, but for an answer that is lost: that all are, each some time after the one before, is as good as not being there.
 */
const UNSHOWN_MAX = 6;

export interface RestorationOptions {
  readonly journal: Journal;
  readonly identity: Identity;
  readonly transport: Pick<Transport, 'request'>;
  readonly requestTimeoutMs: number;
  /** Takes a certified decision, which proves itself. */
  readonly take: (decision: Uint8Array) => void;
  readonly networkTag: Uint8Array;
  /** Of the section, in bits. */
  readonly prefix: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** So long the others are listened to; one that was heard longer ago is gone. Who is ahead is asked as often. */
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
 * past ends is known when enough of the others have been heard: so many of them as decide anything, who are not ahead, and
 * nobody else who is. Who says so is asked for what it has: it counts until it has had nothing to show for long.
 */
export class Restoration {
  readonly #options: RestorationOptions;
  readonly #since: number;
  readonly #heard = new Map<string, { readonly generation: number; readonly sequence: number; readonly at: number }>();
  /** How often in a row each has been asked and has shown nothing, and when it was asked last. */
  readonly #asked = new Map<string, { readonly unshown: number; readonly at: number }>();
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
   * Looks whether enough has been heard, and writes it down. To be called at every heartbeat.
   * @returns whether the past has ended with this
   * @throws WitanError `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL`: to be tried again
   */
  settle(ledger: Ledger | undefined): boolean {
    const { journal, identity, now, freshMs } = this.#options;
    if (!this.isPending || !ledger || now() - this.#since < freshMs) return false;
    const fresh = [...this.#heard].filter(([, { at }]) => now() - at < freshMs);
    const ahead = fresh.filter(([, { generation }]) => generation > ledger.generation).map(([name]) => name);
    const mayBeAhead = ahead.filter((name) => !this.#hasNothingToShow(name));
    for (const name of ahead) this.#ask(name, ledger);
    if (mayBeAhead.length > 0) return false;
    const others = ledger.elders.filter(({ name }) => name !== identity.name);
    const here = others.filter(({ name }) => !ahead.includes(name) && fresh.some(([heard]) => heard === name));
    if (here.length < Math.min(ledger.threshold, others.length)) return false;
    journal.table.put(KEY, encode(u32, ledger.generation));
    this.#generation = ledger.generation;
    this.#heard.clear();
    this.#asked.clear();
    return true;
  }

  #hasNothingToShow(name: string): boolean {
    const { unshown, at } = this.#asked.get(name) ?? { unshown: 0, at: 0 };
    const { now, freshMs } = this.#options;
    // The last question had as much time as all others; further ones only give it the chance to be believed again.
    return unshown > UNSHOWN_MAX || (unshown === UNSHOWN_MAX && now() - at >= freshMs);
  }

  /** The node itself, and not whoever else is asked about the section: it is this one that has to show what it has. */
  #ask(name: string, ledger: Ledger): void {
    const { identity, transport, networkTag, prefix, requestTimeoutMs, now, freshMs } = this.#options;
    const last = this.#asked.get(name);
    if (last && now() - last.at < freshMs) return;
    this.#asked.set(name, { unshown: (last?.unshown ?? 0) + 1, at: now() });
    const body = encode(holdingsBody, { prefix, generation: ledger.generation, agreement: undefined });
    const { raw } = sealEnvelope(identity, networkTag, 'sectionHoldings', body);
    transport.request(name, 'ae.section', raw, requestTimeoutMs, (result) => {
      if (result.ok && this.isPending) this.#takeAnswer(name, ledger, result.bytes);
    });
  }

  #takeAnswer(name: string, ledger: Ledger, bytes: Uint8Array): void {
    const decisions = unlessBad(() => {
      const { decisions } = decode(answerCodec, bytes);
      // One that follows what was here when it was asked: there is more, and it has it.
      if (decisions[0]) append(ledger, decisions[0]);
      return decisions;
    });
    if (!decisions || decisions.length === 0) return;
    this.#asked.delete(name);
    for (const raw of decisions) this.#options.take(raw);
  }
}
