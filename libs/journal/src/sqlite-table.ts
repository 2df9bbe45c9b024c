import { itemChecksum, sameChecksum } from './checksum.ts';
import type { JournalItem, JournalTable } from './journal.ts';
import { checkName } from './names.ts';
import type { SqliteStore } from './sqlite-store.ts';
import { corrupt } from './store-error.ts';

/** Just above every key that starts with the prefix before it: keys are visible ASCII, which ends at 0x7e. */
const AFTER_ALL = '\x7f';

export class SqliteTable implements JournalTable {
  readonly #store: SqliteStore;
  readonly #commit: (body: () => void) => void;

  constructor(store: SqliteStore, commit: (body: () => void) => void) {
    this.#store = store;
    this.#commit = commit;
  }

  put(key: string, value: Uint8Array): void {
    checkName('key', key);
    this.#commit(() => {
      const known = this.#store.sql('SELECT 1 FROM item WHERE key = ?').get(key) !== undefined;
      this.#store
        .sql('INSERT OR REPLACE INTO item (key, checksum, value) VALUES (?, ?, ?)')
        .run(key, itemChecksum(key, value), value);
      if (known) this.#store.scrubLater();
    });
  }

  get(key: string): Uint8Array | undefined {
    const row = this.#store.guard(() =>
      this.#store.sql('SELECT key, checksum, value FROM item WHERE key = ?').get(key),
    );
    return row === undefined ? undefined : this.#checked(row as unknown as Row).value;
  }

  list(prefix: string, after = '', limit = 100): JournalItem[] {
    const statement = this.#store.sql(
      'SELECT key, checksum, value FROM item WHERE key >= ? AND key < ? AND key > ? ORDER BY key LIMIT ?',
    );
    const rows = this.#store.guard(() => statement.all(prefix, prefix + AFTER_ALL, after, limit));
    return (rows as unknown as Row[]).map((row) => this.#checked(row));
  }

  remove(key: string): void {
    if (this.#store.guard(() => this.#store.sql('SELECT 1 FROM item WHERE key = ?').get(key)) === undefined) return;
    this.#commit(() => {
      this.#store.sql('DELETE FROM item WHERE key = ?').run(key);
      this.#store.scrubLater();
    });
  }

  #checked({ key, checksum, value }: Row): JournalItem {
    if (!sameChecksum(checksum, itemChecksum(key, value))) {
      throw corrupt(this.#store.file, { key }, 'does not match its checksum');
    }
    return { key, value };
  }
}

interface Row {
  readonly key: string;
  readonly checksum: Uint8Array;
  readonly value: Uint8Array;
}
