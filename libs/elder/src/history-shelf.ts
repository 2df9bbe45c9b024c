import { isWitanError } from '@witan/errors';
import type { Journal } from '@witan/journal';
import { decodeJson } from '@witan/wire';
import type { HistoryEntry } from './history.ts';
import { jsonArray } from './history-messages.ts';

/** Sessions whose history is kept on disk; the oldest go first. */
export const HISTORIES_KEPT = 32;
export const HISTORY_PREFIX = 'history/';
/** Digits of a generation, so that keys sort as the sessions began. */
const DIGITS = 10;

/**
 * What this node saw of sessions that have ended, kept over restarts: a blame and its evidence are asked for after the
 * trouble. For people; nothing is decided by it. So a disk that refuses or has lost it stops nothing: it is told of by
 * whoever cannot do without.
 */
export class HistoryShelf {
  readonly #journal: Journal;
  #known: Map<string, string> | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * @param generation of the decision that began the session
   * @param entries each as JSON
   */
  put(session: string, generation: number, entries: readonly string[]): void {
    const { table } = this.#journal;
    const key = `${HISTORY_PREFIX}${generation.toString().padStart(DIGITS, '0')}/${session}`;
    const bytes = new TextEncoder().encode(jsonArray(entries));
    orElse(undefined, () => {
      table.put(key, bytes);
      this.#keys.set(session, key);
      for (const [oldest, old] of [...this.#keys].sort(([, a], [, b]) => (a < b ? -1 : 1)).slice(0, -HISTORIES_KEPT)) {
        table.remove(old);
        this.#keys.delete(oldest);
      }
    });
  }

  /** Of those that are kept, by session. Read when they are first asked for: no start waits for it. */
  get #keys(): Map<string, string> {
    if (this.#known) return this.#known;
    const kept = orElse([], () => this.#journal.table.list(HISTORY_PREFIX, '', 2 * HISTORIES_KEPT));
    this.#known = new Map(kept.map(({ key }) => [key.slice(HISTORY_PREFIX.length + DIGITS + 1), key]));
    return this.#known;
  }

  has(session: string): boolean {
    return this.#keys.has(session);
  }

  /** Each as JSON. */
  get(session: string): readonly string[] {
    const key = this.#keys.get(session);
    return orElse([], () => {
      const stored = key === undefined ? undefined : this.#journal.table.get(key);
      const entries = stored === undefined ? [] : (decodeJson(stored) as HistoryEntry[]);
      return entries.map((entry) => JSON.stringify(entry));
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
