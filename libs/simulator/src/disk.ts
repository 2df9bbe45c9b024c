import {
  type Journal,
  type JournalStats,
  type JournalStream,
  type JournalTable,
  MemoryJournal,
  type Quarantine,
  type VerifyReport,
} from '@witan/journal';

/** Hears of a write just before it happens and just after it did. May kill the process that writes. */
export type WriteHook = (when: 'before' | 'after', stream: string) => void;

/** The journal of one process on a simulated disk: the place where a process dies between two lines of code. */
export class SimDisk implements Journal {
  readonly inner: MemoryJournal;
  readonly #hook: WriteHook;

  constructor(hook: WriteHook, inner = new MemoryJournal()) {
    this.#hook = hook;
    this.inner = inner;
  }

  /** What the next process finds: all that was synced and, with `keepUnsynced`, also what was not. */
  crash(keepUnsynced: boolean): SimDisk {
    return new SimDisk(this.#hook, this.inner.crash({ keepUnsynced }));
  }

  get location(): string {
    return this.inner.location;
  }

  get table(): JournalTable {
    return this.inner.table;
  }

  get stats(): JournalStats {
    return this.inner.stats;
  }

  stream(name: string): JournalStream {
    const stream = this.inner.stream(name);
    const writing = (write: () => void) => {
      this.#hook('before', name);
      write();
      this.#hook('after', name);
    };
    return {
      location: stream.location,
      name,
      get length() {
        return stream.length;
      },
      append: (records, durable) => writing(() => stream.append(records, durable)),
      sync: () => stream.sync(),
      read: () => stream.read(),
      replace: (records) => writing(() => stream.replace(records)),
      drop: () => stream.drop(),
    };
  }

  streams(): string[] {
    return this.inner.streams();
  }

  drop(name: string): void {
    this.inner.drop(name);
  }

  transaction<T>(body: () => T): T {
    return this.inner.transaction(body);
  }

  flush(): void {
    this.inner.flush();
  }

  verify(): VerifyReport {
    return this.inner.verify();
  }

  quarantine(name: string): Quarantine {
    return this.inner.quarantine(name);
  }

  close(): void {
    this.inner.close();
  }
}
