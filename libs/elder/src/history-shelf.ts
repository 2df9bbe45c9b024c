import { isWitanError } from '@witan/errors';
import type { Journal } from '@witan/journal';
import { decodeJson } from '@witan/wire';
import type { HistoryEntry } from './history.ts';

/** Sessions whose history is kept on disk; the oldest go first. */
const KEPT = 32;
const PREFIX = 'history/';
/** Digits of a generation, so that keys sort as the sessions began. */
const DIGITS = 10;

/**
 * What this node saw of sessions that have ended, kept over restarts: a blame and its evidence are asked for after the
 * trouble. For people; nothing is decided by it. So a disk that refuses or has lost it stops nothing: it is told of by
 * whoever cannot do without.
 */
export class HistoryShelf {
  readonly #journal: Journal;
  /** Of those that are kept, by session. */
  readonly #keys = new Map<string, string>();

  constructor(journal: Journal) {
    this.#journal = journal;
    const kept = orElse([], () => journal.table.list(PREFIX, '', 2 * KEPT));
    for (const { key } of kept) this.#keys.set(key.slice(PREFIX.length + DIGITS + 1), key);
  }

  /** @param generation of the decision that began the session */
  put(session: string, generation: number, entries: readonly HistoryEntry[]): void {
    const { table } = this.#journal;
    const key = `${PREFIX}${generation.toString().padStart(DIGITS, '0')}/${session}`;
    const bytes = new TextEncoder().encode(JSON.stringify(entries));
    orElse(undefined, () => {
      table.put(key, bytes);
      this.#keys.set(session, key);
      for (const [oldest, old] of [...this.#keys].sort(([, a], [, b]) => (a < b ? -1 : 1)).slice(0, -KEPT)) {
        table.remove(old);
        this.#keys.delete(oldest);
      }
    });
  }

  has(session: string): boolean {
    return this.#keys.has(session);
  }

  get(session: string): readonly HistoryEntry[] {
    const key = this.#keys.get(session);
    return orElse([], () => {
      const stored = key === undefined ? undefined : this.#journal.table.get(key);
      return stored === undefined ? [] : (decodeJson(stored) as HistoryEntry[]);
    });
  }
}

function orElse<T>(instead: T, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isWitanError(error)) throw error;
    return instead;
  }
}
