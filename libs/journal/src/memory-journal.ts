import { WitanError, type WitanErrorCode } from '@witan/errors';
import type {
  Damage,
  Journal,
  JournalItem,
  JournalStats,
  JournalStream,
  JournalTable,
  Quarantine,
  VerifyReport,
} from './journal.ts';
import { checkName, quarantineNames } from './names.ts';
import { corrupt } from './store-error.ts';
import { StreamHandle } from './stream-handle.ts';

interface Stream {
  bodies: Uint8Array[];
  /** How many of them, from the first, are synced. */
  synced: number;
  /** Sequence numbers that no longer match their checksum. */
  damaged: Set<number>;
}

interface Content {
  readonly streams: Map<string, Stream>;
  readonly items: Map<string, Uint8Array>;
}

/**
 * The journal without a disk, for the simulator and for tests. It tells synced from unsynced, so that
 * {@link MemoryJournal.crash} can show what a process would find after it was killed, and it fails and decays on
 * demand. Nothing is scheduled and nothing is random.
 */
export class MemoryJournal implements Journal {
  readonly location = 'memory';
  readonly table: JournalTable = {
    put: (key, value) => this.#put(checkName('key', key), value),
    get: (key) => this.#live().items.get(key)?.slice(),
    list: (prefix, after, limit) => this.#list(prefix, after, limit),
    remove: (key) => this.#remove(key),
  };
  /** While set, every durable commit fails with this code and keeps nothing, as on a full disk. */
  failure: WitanErrorCode | undefined;
  #content: Content = { streams: new Map(), items: new Map() };
  #closed = false;
  #inTransaction = false;
  /** First failure inside the transaction under way: a body that swallows it must not commit the rest. */
  #failed: { error: unknown } | undefined;
  readonly #stats = { commits: 0, records: 0, bytes: 0 };

  get stats(): JournalStats {
    const pending = [...this.#content.streams.values()].flatMap((stream) => stream.bodies.slice(stream.synced));
    return { ...this.#stats, pendingRecords: pending.length, pendingBytes: total(pending) };
  }

  /**
   * What the next process finds after this one was killed: all that was synced, and, if `keepUnsynced`, also what was
   * not (it had just reached the disk all the same). This journal is dead afterwards, as the process is.
   */
  crash(options: { keepUnsynced: boolean }): MemoryJournal {
    const next = new MemoryJournal();
    for (const [name, stream] of this.#content.streams) {
      const bodies = options.keepUnsynced ? stream.bodies : stream.bodies.slice(0, stream.synced);
      const damaged = new Set([...stream.damaged].filter((seq) => seq < bodies.length));
      if (bodies.length > 0) next.#content.streams.set(name, { bodies, synced: bodies.length, damaged });
    }
    for (const [key, value] of this.#content.items) next.#content.items.set(key, value);
    this.#closed = true;
    return next;
  }

  /** Damages one record, as a decaying disk would: reading its stream fails from now on. */
  corrupt(name: string, seq: number): void {
    const stream = this.#live().streams.get(name);
    if (stream === undefined || seq >= stream.bodies.length) {
      throw new WitanError('WITAN_ERR_NOT_FOUND', `stream ${name} has no record ${seq}`);
    }
    stream.damaged.add(seq);
  }

  stream(name: string): JournalStream {
    return new StreamHandle(checkName('stream', name), {
      location: this.location,
      length: (stream) => this.#live().streams.get(stream)?.bodies.length ?? 0,
      append: (stream, records, durable) => this.#append(stream, records, durable),
      sync: () => this.flush(),
      read: (stream) => this.#read(stream),
      replace: (stream, records) => this.#replace(stream, records),
      drop: (stream) => this.drop(stream),
    });
  }

  streams(): string[] {
    return [...this.#live().streams.keys()].sort();
  }

  drop(name: string): void {
    if (!this.#live().streams.has(checkName('stream', name))) return;
    this.#commit(() => this.#content.streams.delete(name));
  }

  transaction<T>(body: () => T): T {
    if (this.#inTransaction) return this.#join(body);
    const before = copy(this.#live());
    this.#inTransaction = true;
    this.#failed = undefined;
    try {
      const result = body();
      const failed = this.#failed as { error: unknown } | undefined;
      if (failed !== undefined) throw failed.error;
      this.#refuseIfFailing();
      this.#sync();
      return result;
    } catch (error) {
      this.#content = before;
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  flush(): void {
    const pending = [...this.#live().streams.values()].some((stream) => stream.synced < stream.bodies.length);
    if (pending && !this.#inTransaction) this.#commit(() => {});
  }

  verify(): VerifyReport {
    this.flush();
    const damage: Damage[] = [];
    let records = 0;
    for (const [name, stream] of this.#content.streams) {
      records += stream.bodies.length;
      for (const seq of stream.damaged) damage.push({ stream: name, seq, reason: 'does not match its checksum' });
    }
    const { streams, items } = this.#content;
    return { ok: damage.length === 0, streams: streams.size, records, items: items.size, damage };
  }

  quarantine(name: string): Quarantine {
    const names = quarantineNames(checkName('stream', name), new Set(this.#live().streams.keys()));
    return this.#commit(() => {
      const { bodies, damaged } = this.#content.streams.get(name) ?? { bodies: [], damaged: new Set<number>() };
      const sound = bodies.filter((_, seq) => !damaged.has(seq));
      const broken = bodies.filter((_, seq) => damaged.has(seq));
      this.#add(names.readable, sound);
      this.#add(names.damaged, broken);
      this.#content.streams.delete(name);
      return {
        readable: { stream: names.readable, records: sound.length },
        damaged: { stream: names.damaged, records: broken.length },
        lost: [],
      };
    });
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.flush();
    } finally {
      this.#closed = true;
    }
  }

  #append(name: string, records: readonly Uint8Array[], durable: boolean): void {
    this.#live();
    if (durable) this.#commit(() => this.#add(name, records));
    else this.#add(name, records);
  }

  #replace(name: string, records: readonly Uint8Array[]): void {
    this.#commit(() => {
      this.#content.streams.delete(name);
      this.#add(name, records);
    });
  }

  #add(name: string, records: readonly Uint8Array[]): void {
    if (records.length === 0) return;
    const stream = this.#content.streams.get(name) ?? { bodies: [], synced: 0, damaged: new Set() };
    // Copied: whoever appends may go on to use, or to wipe, its own bytes.
    for (const record of records) stream.bodies.push(record.slice());
    this.#content.streams.set(name, stream);
  }

  #read(name: string): Uint8Array[] {
    const stream = this.#live().streams.get(name);
    if (stream === undefined) return [];
    return stream.bodies.map((body, seq) => {
      if (stream.damaged.has(seq)) throw corrupt(this.location, { stream: name, seq }, 'does not match its checksum');
      return body.slice();
    });
  }

  #put(key: string, value: Uint8Array): void {
    this.#commit(() => this.#content.items.set(key, value.slice()));
  }

  #remove(key: string): void {
    if (this.#live().items.has(key)) this.#commit(() => this.#content.items.delete(key));
  }

  #list(prefix: string, after = '', limit = 100): JournalItem[] {
    const keys = [...this.#live().items.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    return keys.slice(0, limit).map((key) => ({ key, value: this.#content.items.get(key)!.slice() }));
  }

  /** One durable change; it cannot fail half way, so the check comes first and no copy is needed. */
  #commit<T>(change: () => T): T {
    this.#live();
    if (this.#inTransaction) return this.#join(change);
    this.#refuseIfFailing();
    const result = change();
    this.#sync();
    return result;
  }

  #join<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.#failed ??= { error };
      throw error;
    }
  }

  #refuseIfFailing(): void {
    if (this.failure !== undefined) throw new WitanError(this.failure, `${this.location}: told to fail`);
  }

  #sync(): void {
    this.#stats.commits++;
    for (const stream of this.#content.streams.values()) {
      if (stream.synced === stream.bodies.length) continue;
      const fresh = stream.bodies.slice(stream.synced);
      this.#stats.records += fresh.length;
      this.#stats.bytes += total(fresh);
      stream.synced = stream.bodies.length;
    }
  }

  #live(): Content {
    if (this.#closed) throw new WitanError('WITAN_ERR_STORE', `${this.location} is closed`);
    return this.#content;
  }
}

function total(bodies: readonly Uint8Array[]): number {
  return bodies.reduce((sum, body) => sum + body.length, 0);
}

function copy(content: Content): Content {
  const streams = new Map<string, Stream>();
  for (const [name, { bodies, synced, damaged }] of content.streams) {
    streams.set(name, { bodies: [...bodies], synced, damaged: new Set(damaged) });
  }
  return { streams, items: new Map(content.items) };
}
