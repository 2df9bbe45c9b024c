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
/** So many of those who are ahead are asked at one heartbeat: each answer may be a page of decisions. */
const ASKED_AT_ONCE = 3;
/** Of those who are no elders. Anybody may become one of them, under as many names as he likes, and these have one account. */
const MEMBERS = '';

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
 * nobody else who is. Who says so is asked for what it has: an elder counts until it has had nothing to show for long, and
 * all others together until none of them has.
 */
export class Restoration {
  readonly #options: RestorationOptions;
  readonly #since: number;
  readonly #heard = new Map<string, { readonly generation: number; readonly sequence: number; readonly at: number }>();
  /** By account: in how many rounds in a row it was asked and has shown nothing, and when the last one began. */
  readonly #unshown = new Map<string, { readonly rounds: number; readonly at: number }>();
  /** When each was asked last. */
  readonly #askedAt = new Map<string, number>();
  /** As it was looked at last. */
  #known: Ledger | undefined;
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
    this.#known = ledger;
    const fresh = [...this.#heard].filter(([, { at }]) => now() - at < freshMs);
    const ahead = fresh.filter(([, { generation }]) => generation > ledger.generation).map(([name]) => name);
    const mayBeAhead = ahead.filter((name) => !this.#hasNothingToShow(accountOf(name, ledger)));
    this.#askThose(ahead, ledger);
    if (mayBeAhead.length > 0) return false;
    const others = ledger.elders.filter(({ name }) => name !== identity.name);
    const here = others.filter(({ name }) => !ahead.includes(name) && fresh.some(([heard]) => heard === name));
    if (here.length < Math.min(ledger.threshold, others.length)) return false;
    journal.table.put(KEY, encode(u32, ledger.generation));
    this.#generation = ledger.generation;
    this.#heard.clear();
    this.#unshown.clear();
    this.#askedAt.clear();
    return true;
  }

  #hasNothingToShow(account: string): boolean {
    const { rounds, at } = this.#unshown.get(account) ?? { rounds: 0, at: 0 };
    const { now, freshMs } = this.#options;
    // The last question had as much time as all others; further ones only give it the chance to be believed again.
    return rounds > UNSHOWN_MAX || (rounds === UNSHOWN_MAX && now() - at >= freshMs);
  }

  #askThose(names: readonly string[], ledger: Ledger): void {
    const { now, freshMs } = this.#options;
    const askedAt = (name: string) => this.#askedAt.get(name) ?? Number.NEGATIVE_INFINITY;
    const due = names.filter((name) => now() - askedAt(name) >= freshMs).sort((a, b) => askedAt(a) - askedAt(b));
    for (const name of due.slice(0, ASKED_AT_ONCE)) {
      const account = accountOf(name, ledger);
      const last = this.#unshown.get(account);
      const isRound = last === undefined || now() - last.at >= freshMs;
      if (isRound) this.#unshown.set(account, { rounds: (last?.rounds ?? 0) + 1, at: now() });
      this.#askedAt.set(name, now());
      this.#ask(name, ledger);
    }
  }

  /** The node itself, and not whoever else is asked about the section: it is this one that has to show what it has. */
  #ask(name: string, ledger: Ledger): void {
    const { identity, transport, networkTag, prefix, requestTimeoutMs } = this.#options;
    const body = encode(holdingsBody, { prefix, generation: ledger.generation, agreement: undefined });
    const { raw } = sealEnvelope(identity, networkTag, 'sectionHoldings', body);
    transport.request(name, 'ae.section', raw, requestTimeoutMs, (result) => {
      if (result.ok && this.isPending) this.#takeAnswer(name, ledger, result.bytes);
    });
  }

  /** @param ledger as it was when it was asked */
  #takeAnswer(name: string, ledger: Ledger, bytes: Uint8Array): void {
    const decisions = unlessBad(() => {
      const { decisions } = decode(answerCodec, bytes);
      if (decisions[0]) append(ledger, decisions[0]);
      return decisions;
    });
    if (!decisions || decisions.length === 0) return;
    for (const raw of decisions) this.#options.take(raw);
    // What everybody has by now, who has waited for it to be decided shows as well.
    const known = this.#known ?? ledger;
    const next = decisions[known.generation - ledger.generation];
    if (!next || (next !== decisions[0] && !unlessBad(() => append(known, next)))) return;
    this.#unshown.delete(accountOf(name, known));
    this.#askedAt.delete(name);
  }
}

function accountOf(name: string, { elders }: Ledger): string {
  return elders.some((elder) => elder.name === name) ? name : MEMBERS;
}
