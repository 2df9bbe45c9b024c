import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WitanError } from '@witan/errors';
import { createEmpty } from './files.ts';
import { checkLog } from './log-check.ts';
import { MOST_BYTES } from './log-room.ts';
import { corrupt, storeError } from './store-error.ts';

export interface OpenOptions {
  /** Page cache of SQLite in KiB; 2048 by default. */
  readonly cacheKiB?: number;
  /** Refuses to grow beyond this many bytes, as a full disk would. Unlimited by default. */
  readonly maxBytes?: number;
  /**
   * Keeps half a MiB or more of room in the write-ahead log, which makes durable commits cheaper; for a journal that
   * somebody waits for. False by default.
   */
  readonly roomInLog?: boolean;
  /** Lazy records beyond this many bytes force a commit; 1 MiB by default. */
  readonly maxPendingBytes?: number;
}

/** Marks the file as ours, so that another program's database is never written to: "WITA". */
const APPLICATION_ID = 0x57495441;

/** Raise it with a migration; an older program refuses a newer file. */
export const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE record (
    stream INTEGER NOT NULL, seq INTEGER NOT NULL, checksum BLOB NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (stream, seq)
  ) STRICT;
  CREATE TABLE item (key TEXT PRIMARY KEY, checksum BLOB NOT NULL, value BLOB NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens the file for this process alone. The lock is the operating system's and dies with the process, so nothing
 * stale is left by `kill -9`. It is also why nothing else in this process may open and close this file by itself:
 * POSIX drops a process's locks on a file as soon as it closes any descriptor of it.
 *
 * @throws WITAN_ERR_LOCKED, WITAN_ERR_JOURNAL_CORRUPT (not a database), WITAN_ERR_STORE (another program's or a
 * newer file, no permission), WITAN_ERR_STORE_FULL
 */
export function openDatabase(file: string, options: OpenOptions): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!existsSync(file)) createEmpty(file);
    db = new DatabaseSync(file, { timeout: 0, allowExtension: false });
    // Before anything else: from the first access on, this decides how the lock is taken and kept.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    // Looked at before it is configured, because choosing the log writes to the file, and it may not be ours.
    inspect(db, file);
    // Locked by now, and not yet cut.
    checkLog(file);
    configure(db, options);
    db.exec('BEGIN EXCLUSIVE');
    if (inspect(db, file) === 'empty') db.exec(SCHEMA);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db?.close();
    throw storeError(error, file);
  }
}

function configure(db: DatabaseSync, options: OpenOptions): void {
  db.exec('PRAGMA journal_mode = WAL');
  // WAL with FULL syncs the log at every commit: an acknowledged record survives loss of power.
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA secure_delete = ON');
  // Spilled to a file, intermediate results could leave a destroyed secret behind.
  db.exec('PRAGMA temp_store = MEMORY');
  db.exec('PRAGMA busy_timeout = 0');
  db.exec(`PRAGMA cache_size = ${-(options.cacheKiB ?? 2048)}`);
  // A log that one large burst made is cut back to this at the next checkpoint.
  db.exec(`PRAGMA journal_size_limit = ${MOST_BYTES}`);
  if (options.maxBytes !== undefined) {
    const pageSize = pragma(db, 'page_size');
    db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxBytes / pageSize))}`);
  }
}

function inspect(db: DatabaseSync, file: string): 'empty' | 'ours' {
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  if (version === 0 && application === 0 && tables === 0) return 'empty';
  if (application !== APPLICATION_ID) {
    throw new WitanError('WITAN_ERR_STORE', `${file} is a database of another program`, { data: { file } });
  }
  if (version > SCHEMA_VERSION) {
    const detail = `${file} has schema ${version} and this program knows up to ${SCHEMA_VERSION}: run the newer program`;
    throw new WitanError('WITAN_ERR_STORE', detail, { data: { file, version, known: SCHEMA_VERSION } });
  }
  if (version < 1) throw corrupt(file, {}, `schema version ${version} was never written by this program`);
  return 'ours';
}

function pragma(db: DatabaseSync, name: string): number {
  const row = db.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name]!;
}
