import { decisionId, peekCertified } from '@witan/chain';
import type { Ledger } from '@witan/section';
import type { Unverified } from '@witan/wire';

/** Of one author: it cannot cost another what that one has said. */
const SESSIONS = 2;
const MESSAGES_OF_SESSION = 16;
/** The longest message of a session of 128 has 24 KiB. */
const BYTES_OF_SESSION = 128 * 1024;
/** Of all authors. Where it is too little, those give who have most. */
const BYTES = 8 * 1024 * 1024;

interface Held {
  /** By id: what is said again is the same, and takes no room. */
  readonly messages: Map<string, { readonly raw: Uint8Array; readonly arrival: number }>;
  bytes: number;
}

/** What is held of one author, by session; the one that it spoke of last comes last. */
interface Author {
  readonly sessions: Map<string, Held>;
  bytes: number;
}

/**
 * Messages of sessions that are not known yet, each waiting for one thing: its DkgStart. A message may be anybody's
 * invention, and its session too, so that no author has a claim on the room of another.
 */
export class Strangers {
  readonly #authors = new Map<string, Author>();
  /** Sessions that the section has decided: what is said of them waits for nothing. */
  readonly #decided = new Set<string>();
  #decisions = 0;
  #bytes = 0;
  #arrivals = 0;

  isDecided(session: string): boolean {
    return this.#decided.has(session);
  }

  /**
   * @returns whether it is the first of its author and session, or there is no room for it
   * @throws WitanError `WITAN_ERR_SIGNATURE`
   */
  hold(session: string, message: Unverified): 'first' | 'further' | 'full' {
    const { author: name, id, raw } = message;
    const before = this.#authors.get(name)?.sessions.get(session);
    if (before?.messages.has(id)) return 'further';
    if ((before?.messages.size ?? 0) >= MESSAGES_OF_SESSION) return 'full';
    if ((before?.bytes ?? 0) + raw.length > BYTES_OF_SESSION) return 'full';
    message.verify();
    const author = this.#authors.get(name) ?? { sessions: new Map(), bytes: 0 };
    const held: Held = before ?? { messages: new Map(), bytes: 0 };
    this.#authors.set(name, author);
    author.sessions.delete(session);
    author.sessions.set(session, held);
    held.messages.set(id, { raw, arrival: this.#arrivals++ });
    for (const count of [held, author]) count.bytes += raw.length;
    this.#bytes += raw.length;
    if (author.sessions.size > SESSIONS) this.#forgetOldest(name);
    while (this.#bytes > BYTES) this.#forgetOldest(this.#heaviest());
    return before ? 'further' : 'first';
  }

  /** All that is held of a session, in the order in which it came. */
  release(session: string): readonly Uint8Array[] {
    const all = [...this.#authors.keys()].flatMap((name) => this.#take(name, session));
    return all.sort((a, b) => a.arrival - b.arrival).map(({ raw }) => raw);
  }

  /** Forgets what nobody waits for any more: what was said of decided sessions, and by who turns out to be no member. */
  follow({ decisions, members }: Ledger): void {
    for (const raw of decisions.slice(this.#decisions)) {
      const { decision, bytes } = peekCertified(raw);
      if (decision.action.type === 'dkg') this.#decided.add(decisionId(bytes));
    }
    this.#decisions = decisions.length;
    for (const [name, { sessions }] of this.#authors) {
      for (const session of sessions.keys()) {
        if (this.#decided.has(session) || !members.has(name)) this.#take(name, session);
      }
    }
  }

  #heaviest(): string {
    return [...this.#authors].reduce((most, each) => (each[1].bytes > most[1].bytes ? each : most))[0];
  }

  #forgetOldest(name: string): void {
    this.#take(name, this.#authors.get(name)!.sessions.keys().next().value!);
  }

  #take(name: string, session: string) {
    const author = this.#authors.get(name)!;
    const held = author.sessions.get(session);
    if (!held) return [];
    author.sessions.delete(session);
    author.bytes -= held.bytes;
    this.#bytes -= held.bytes;
    if (author.sessions.size === 0) this.#authors.delete(name);
    return [...held.messages.values()];
  }
}
