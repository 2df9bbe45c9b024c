import { closeSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { WitanError } from '@witan/errors';
import { makeRoom, roomLike } from './log-room.ts';
import { type OpenOptions, openDatabase, SCHEMA_VERSION } from './sqlite-open.ts';
import { storeError } from './store-error.ts';

/** The database with what all users of it share: one transaction at a time, errors that are ours, and destruction. */
export class SqliteStore {
  readonly file: string;
  readonly #db: DatabaseSync;
  readonly #roomInLog: boolean;
  readonly #statements = new Map<string, StatementSync>();
  /** Deleted content may still stand in the write-ahead log: also at first, since a process before may have been killed. */
  #scrubDue = true;
  #open = true;

  constructor(file: string, options: OpenOptions) {
    this.file = file;
    this.#roomInLog = options.roomInLog ?? false;
    this.#db = openDatabase(file, options);
    this.scrub();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  sql(text: string): StatementSync {
    this.assertOpen();
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** Runs `body` and turns what SQLite throws into ours. `stream` is named in the error. */
  guard<T>(body: () => T, stream?: string): T {
    try {
      return body();
    } catch (error) {
      throw storeError(error, this.file, stream === undefined ? {} : { stream });
    }
  }

  /** One durable commit around `body`; whatever fails, nothing of it stays. */
  commit<T>(body: () => T): T {
    this.assertOpen();
    try {
      this.sql('BEGIN IMMEDIATE').run();
      const result = body();
      this.sql('COMMIT').run();
      return result;
    } catch (error) {
      this.#rollback();
      throw storeError(error, this.file);
    }
  }

  /** Asks for {@link scrub} after the commit under way. */
  scrubLater(): void {
    this.#scrubDue = true;
  }

  /**
   * Makes deletions real: `secure_delete` has overwritten the content in the pages, and cutting the log to nothing
   * removes the copies from there. A failure (a full disk) does not undo the commit before it, so it is kept in mind
   * and tried again after the next one.
   */
  scrub(): void {
    if (!this.#scrubDue || !this.#open) return;
    const log = `${this.file}-wal`;
    const bytes = roomLike(log);
    try {
      const row = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
      this.#scrubDue = row.busy !== 0;
      if (this.#scrubDue) return;
      // A commit that begins a log syncs twice: done now, rather than when somebody waits.
      this.#db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      if (this.#roomInLog) makeRoom(log, bytes);
    } catch {
      this.#scrubDue = true;
    }
  }

  /** @throws WITAN_ERR_STORE when `file` is there */
  copyTo(file: string): void {
    this.assertOpen();
    this.guard(() => {
      // Made first, for its mode: SQLite takes an empty file, and would make one that others can read.
      closeSync(openSync(file, 'wx', 0o600));
      this.#db.prepare('VACUUM INTO ?').run(file);
    });
  }

  integrity(): string[] {
    const rows = this.#db.prepare('PRAGMA integrity_check').all() as { integrity_check: string }[];
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#statements.clear();
    this.guard(() => this.#db.close());
  }

  assertOpen(): void {
    if (!this.#open) throw new WitanError('WITAN_ERR_STORE', `${this.file} is closed`, { data: { file: this.file } });
  }

  #rollback(): void {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (!this.#db.isTransaction) return;
    try {
      this.#db.exec('ROLLBACK');
    } catch {
      // The first error says what happened; a transaction that cannot even be undone fails the next BEGIN.
    }
  }
}
