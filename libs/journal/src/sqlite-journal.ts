import { recordChecksum, sameChecksum } from './checksum.ts';
import type { FileJournal, JournalStats, JournalStream, JournalTable, Quarantine, VerifyReport } from './journal.ts';
import { checkName } from './names.ts';
import type { OpenOptions } from './sqlite-open.ts';
import { quarantineStream, verifyStore } from './sqlite-repair.ts';
import { SqliteStore } from './sqlite-store.ts';
import { SqliteTable } from './sqlite-table.ts';
import { corrupt } from './store-error.ts';
import { StreamHandle } from './stream-handle.ts';

const DEFAULT_MAX_PENDING_BYTES = 1 << 20;

/**
 * Opens (or makes) a journal in one SQLite file, for this process alone. Beside `file` stands its log, `file-wal`;
 * the two belong together.
 *
 * @throws WITAN_ERR_LOCKED when another process has it, WITAN_ERR_JOURNAL_CORRUPT when it is no database,
 * WITAN_ERR_STORE when it is another program's or a newer one, WITAN_ERR_STORE_FULL
 */
export function openJournal(file: string, options: OpenOptions = {}): FileJournal {
  return new SqliteJournal(file, options);
}

interface Head {
  readonly id: number;
  next: number;
}

interface Pending {
  readonly stream: string;
  readonly body: Uint8Array;
}

class SqliteJournal implements FileJournal {
  readonly location: string;
  readonly table: JournalTable;
  readonly #store: SqliteStore;
  readonly #maxPendingBytes: number;
  /** Where each stream goes on; forgotten after a rollback and read again. */
  readonly #heads = new Map<string, Head>();
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #inCommit = false;
  /** First failure inside the transaction under way: a body that swallows it must not commit the rest. */
  #failure: { error: unknown } | undefined;
  #commits = 0;
  #records = 0;
  #bytes = 0;

  constructor(file: string, options: OpenOptions = {}) {
    this.location = file;
    this.#maxPendingBytes = options.maxPendingBytes ?? DEFAULT_MAX_PENDING_BYTES;
    this.#store = new SqliteStore(file, options);
    this.table = new SqliteTable(this.#store, (body) => this.#commit(body));
  }

  get stats(): JournalStats {
    return {
      commits: this.#commits,
      records: this.#records,
      bytes: this.#bytes,
      pendingRecords: this.#pending.length,
      pendingBytes: this.#pendingBytes,
    };
  }

  stream(name: string): JournalStream {
    return new StreamHandle(checkName('stream', name), {
      location: this.location,
      length: (stream) => this.#length(stream),
      append: (stream, records, durable) => this.#append(stream, records, durable),
      sync: () => this.flush(),
      read: (stream) => this.#read(stream),
      replace: (stream, records) => this.#replace(stream, records),
      drop: (stream) => this.drop(stream),
    });
  }

  streams(): string[] {
    const rows = this.#store.guard(() => this.#store.sql('SELECT name FROM stream').all()) as { name: string }[];
    return [...new Set([...rows.map((row) => row.name), ...this.#unwritten().map((p) => p.stream)])].sort();
  }

  drop(name: string): void {
    checkName('stream', name);
    if (this.#head(name) === undefined && !this.#pending.some((p) => p.stream === name)) return;
    this.#commit(() => this.#destroy(name));
  }

  transaction<T>(body: () => T): T {
    return this.#commit(body);
  }

  flush(): void {
    this.#store.assertOpen();
    if (this.#inCommit) return;
    if (this.#pending.length > 0) this.#commit(() => {});
    else this.#store.scrub();
  }

  verify(): VerifyReport {
    this.flush();
    return verifyStore(this.#store);
  }

  quarantine(name: string): Quarantine {
    checkName('stream', name);
    return this.#commit(() => {
      const result = quarantineStream(this.#store, name, (stream, body) => this.#insert(stream, body));
      this.#destroy(name);
      return result;
    });
  }

  copyTo(file: string): void {
    this.flush();
    this.#store.copyTo(file);
  }

  close(): void {
    if (!this.#store.isOpen) return;
    try {
      this.flush();
    } finally {
      this.#store.close();
    }
  }

  #append(stream: string, records: readonly Uint8Array[], durable: boolean): void {
    this.#store.assertOpen();
    const size = records.reduce((sum, record) => sum + record.length, 0);
    if (this.#inCommit || durable || this.#pendingBytes + size > this.#maxPendingBytes) {
      this.#commit(() => {
        for (const record of records) this.#insert(stream, record);
      });
      return;
    }
    // Copied: whoever appends may go on to use, or to wipe, its own bytes.
    for (const record of records) this.#pending.push({ stream, body: record.slice() });
    this.#pendingBytes += size;
  }

  #replace(stream: string, records: readonly Uint8Array[]): void {
    this.#commit(() => {
      this.#destroy(stream);
      for (const record of records) this.#insert(stream, record);
    });
  }

  #read(stream: string): Uint8Array[] {
    const head = this.#head(stream);
    const lazy = this.#unwritten().filter((p) => p.stream === stream);
    const bodies: Uint8Array[] = [];
    if (head !== undefined) {
      const statement = this.#store.sql('SELECT seq, checksum, body FROM record WHERE stream = ? ORDER BY seq');
      const rows = this.#store.guard(() => statement.all(head.id), stream) as unknown as Row[];
      for (const row of rows) {
        const seq = bodies.length;
        if (row.seq !== seq) throw corrupt(this.location, { stream, seq }, `missing: the next one there is ${row.seq}`);
        if (!sameChecksum(row.checksum, recordChecksum(stream, seq, row.body))) {
          throw corrupt(this.location, { stream, seq }, 'does not match its checksum');
        }
        bodies.push(row.body);
      }
    }
    for (const { body } of lazy) bodies.push(body.slice());
    return bodies;
  }

  #length(stream: string): number {
    return (this.#head(stream)?.next ?? 0) + this.#unwritten().filter((p) => p.stream === stream).length;
  }

  /** Lazy records that are in memory only; inside a commit they have been written already. */
  #unwritten(): readonly Pending[] {
    return this.#inCommit ? [] : this.#pending;
  }

  #commit<T>(body: () => T): T {
    if (this.#inCommit) return this.#join(body);
    this.#store.assertOpen();
    this.#inCommit = true;
    this.#failure = undefined;
    const before = { records: this.#records, bytes: this.#bytes };
    let result: T;
    try {
      result = this.#store.commit(() => {
        for (const { stream, body: bytes } of this.#pending) this.#insert(stream, bytes);
        const value = body();
        if (this.#failure !== undefined) throw this.#failure.error;
        return value;
      });
    } catch (error) {
      this.#heads.clear();
      this.#records = before.records;
      this.#bytes = before.bytes;
      throw error;
    } finally {
      this.#inCommit = false;
    }
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#commits++;
    this.#store.scrub();
    return result;
  }

  #join<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  #insert(stream: string, body: Uint8Array): void {
    const head = this.#head(stream) ?? this.#create(stream);
    this.#store
      .sql('INSERT INTO record (stream, seq, checksum, body) VALUES (?, ?, ?, ?)')
      .run(head.id, head.next, recordChecksum(stream, head.next, body), body);
    head.next++;
    this.#records++;
    this.#bytes += body.length;
  }

  #destroy(stream: string): void {
    const head = this.#head(stream);
    if (head === undefined) return;
    this.#store.sql('DELETE FROM record WHERE stream = ?').run(head.id);
    this.#store.sql('DELETE FROM stream WHERE id = ?').run(head.id);
    this.#heads.delete(stream);
    this.#store.scrubLater();
  }

  #head(stream: string): Head | undefined {
    const known = this.#heads.get(stream);
    if (known !== undefined) return known;
    const found = this.#store.guard(
      () =>
        this.#store
          .sql('SELECT id, (SELECT max(seq) FROM record WHERE stream = id) AS last FROM stream WHERE name = ?')
          .get(stream),
      stream,
    ) as { id: number; last: number | null } | undefined;
    if (found === undefined) return undefined;
    const head = { id: found.id, next: found.last === null ? 0 : found.last + 1 };
    this.#heads.set(stream, head);
    return head;
  }

  #create(stream: string): Head {
    const { lastInsertRowid } = this.#store.sql('INSERT INTO stream (name) VALUES (?)').run(stream);
    const head = { id: Number(lastInsertRowid), next: 0 };
    this.#heads.set(stream, head);
    return head;
  }
}

interface Row {
  readonly seq: number;
  readonly checksum: Uint8Array;
  readonly body: Uint8Array;
}
