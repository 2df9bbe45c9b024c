/**
 * An append-only store for the state machines of one service: one file, many streams, and a small table of items.
 *
 * *Durable* means synced to the disk before the call returns. A *lazy* record waits in memory and rides along with
 * the next durable commit of any stream, or with {@link Journal.flush}; a crash before that loses it. Lazy records
 * reach the disk in the order in which they were appended, across all streams.
 */
export interface Journal {
  /** Where it is kept, for messages to people; `memory` for the one without a file. */
  readonly location: string;
  /** Items beside the streams: snapshots, pages, finished work. Same file, same commits. */
  readonly table: JournalTable;
  readonly stats: JournalStats;
  /** A handle; the stream comes into being with its first record. */
  stream(name: string): JournalStream;
  /** Names of the streams that hold at least one record, sorted. */
  streams(): string[];
  /** Destroys a stream and its content. Unknown names are fine. */
  drop(name: string): void;
  /**
   * Everything that `body` does here takes effect together, in one durable commit, or not at all. Synchronous; a
   * transaction inside a transaction joins the outer one.
   */
  transaction<T>(body: () => T): T;
  /** Makes all lazy records durable. Cheap when there are none. Hosts call it at an interval. */
  flush(): void;
  /** Reads and checks the whole store. Never throws for damage: it reports it. */
  verify(): VerifyReport;
  /**
   * Sets a damaged stream aside so that the name can be used again: readable records move to a stream of their own,
   * and those that fail their checksum to another, so that nothing is lost.
   */
  quarantine(name: string): Quarantine;
  /** Flushes and closes. Closing twice is fine. */
  close(): void;
}

/** A journal in a file. */
export interface FileJournal extends Journal {
  /**
   * Writes all that is in it into a new file, mode 0600, as of one moment, while it is in use: nothing else can, since
   * the file is locked. Nobody else may have the new one open.
   * @throws WITAN_ERR_STORE_FULL, WITAN_ERR_STORE (the file is there already)
   */
  copyTo(file: string): void;
}

export interface JournalStream {
  /** That of the journal which it is a stream of. */
  readonly location: string;
  readonly name: string;
  /** How many records it holds, lazy ones included. */
  readonly length: number;
  /**
   * Appends all records or none, in order.
   * @throws WITAN_ERR_STORE_FULL or WITAN_ERR_STORE: none of them was kept and the call can be made again.
   */
  append(records: readonly Uint8Array[], durable: boolean): void;
  /** Makes durable whatever is not yet. */
  sync(): void;
  /**
   * All records in order, lazy ones included. What a crash right now would leave is a prefix of it.
   * @throws WITAN_ERR_JOURNAL_CORRUPT with `data` {file, stream, seq}.
   */
  read(): Uint8Array[];
  /** Puts these records in the place of all that were there: durable, atomic, and the old content is destroyed. */
  replace(records: readonly Uint8Array[]): void;
  /** Destroys the stream and its content. */
  drop(): void;
}

/** Keys are visible ASCII, sorted by byte. Every change is a durable commit, or part of the transaction around it. */
export interface JournalTable {
  put(key: string, value: Uint8Array): void;
  /** @throws WITAN_ERR_JOURNAL_CORRUPT with `data` {file, key}. */
  get(key: string): Uint8Array | undefined;
  /** Up to `limit` items whose key starts with `prefix` and comes after `after` (exclusive). */
  list(prefix: string, after?: string, limit?: number): JournalItem[];
  /** Destroys the item. Unknown keys are fine. */
  remove(key: string): void;
}

export interface JournalItem {
  readonly key: string;
  readonly value: Uint8Array;
}

export interface JournalStats {
  /** Durable commits since it was opened. */
  readonly commits: number;
  /** Records and bytes that were committed since it was opened. */
  readonly records: number;
  readonly bytes: number;
  /** Lazy records that no commit has taken along yet. */
  readonly pendingRecords: number;
  readonly pendingBytes: number;
}

export interface Damage {
  /** Where: a stream and the record's sequence number, a key of the table, or neither for the file itself. */
  readonly stream?: string;
  readonly seq?: number;
  readonly key?: string;
  readonly reason: string;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly streams: number;
  readonly records: number;
  readonly items: number;
  readonly damage: readonly Damage[];
}

export interface Quarantine {
  /** Holds the records that passed their checksum, in order. */
  readonly readable: { readonly stream: string; readonly records: number };
  /** Holds the bytes of those that did not. */
  readonly damaged: { readonly stream: string; readonly records: number };
  /** Sequence numbers of which nothing could be read. */
  readonly lost: readonly number[];
}
