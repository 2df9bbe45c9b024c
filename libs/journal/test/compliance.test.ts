import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@witan/errors';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Journal, MemoryJournal, openJournal } from '../src/index.ts';
import { bytes, temporaryDirectory, texts } from './support.ts';

interface Implementation {
  readonly name: string;
  /** A fresh, empty journal, and the way to what a process finds there after this one was killed. */
  make(): { journal: Journal; afterCrash: (journal: Journal) => Journal };
}

const IMPLEMENTATIONS: Implementation[] = [
  {
    name: 'memory',
    make: () => ({
      journal: new MemoryJournal(),
      afterCrash: (journal) => (journal as MemoryJournal).crash({ keepUnsynced: false }),
    }),
  },
  ...[false, true].map((roomInLog) => ({
    name: roomInLog ? 'sqlite, with room in its log' : 'sqlite',
    make: () => {
      const file = join(temporaryDirectory(), 'journal.db');
      const journal = openJournal(file, { roomInLog });
      // Closing would flush. Only a copy made now holds what a kill would leave; sqlite.test.ts kills for real.
      return { journal, afterCrash: (before: Journal) => reopenWithoutFlush(before, file) };
    },
  })),
];

function reopenWithoutFlush(journal: Journal, file: string): Journal {
  const copy = `${file}.copy`;
  // Read through the operating system by another process: closing the file here would drop this process's lock.
  execFileSync('cp', [file, copy]);
  if (existsSync(`${file}-wal`)) execFileSync('cp', [`${file}-wal`, `${copy}-wal`]);
  journal.close();
  return openJournal(copy);
}

describe.each(IMPLEMENTATIONS)('journal: $name', ({ make }) => {
  let journal: Journal;
  let afterCrash: (journal: Journal) => Journal;
  beforeEach(() => {
    ({ journal, afterCrash } = make());
  });
  afterEach(() => journal.close());

  const crash = (): void => {
    journal = afterCrash(journal);
  };

  describe('streams', () => {
    test('give back what was appended, in order', () => {
      const stream = journal.stream('a');
      stream.append([bytes('one'), bytes('two')], true);
      stream.append([bytes('three')], true);
      expect(texts(stream.read())).toEqual(['one', 'two', 'three']);
      expect(stream.length).toBe(3);
    });

    test('are separate', () => {
      journal.stream('a').append([bytes('for a')], true);
      journal.stream('b').append([bytes('for b')], false);
      expect(texts(journal.stream('a').read())).toEqual(['for a']);
      expect(texts(journal.stream('b').read())).toEqual(['for b']);
      expect(journal.streams()).toEqual(['a', 'b']);
    });

    test('are empty before their first record', () => {
      expect(journal.stream('nothing').read()).toEqual([]);
      expect(journal.stream('nothing').length).toBe(0);
      expect(journal.streams()).toEqual([]);
    });

    test('keep empty records and records with any byte in them', () => {
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      journal.stream('a').append([new Uint8Array(0), all], true);
      expect(journal.stream('a').read()).toEqual([new Uint8Array(0), all]);
    });

    test('do not share bytes with whoever appends or reads', () => {
      const record = bytes('secret');
      for (const durable of [true, false]) journal.stream('a').append([record], durable);
      record.fill(0);
      journal.stream('a').read()[0]!.fill(0);
      expect(texts(journal.stream('a').read())).toEqual(['secret', 'secret']);
    });

    test.each(['', 'with space', 'tab\t', 'ümlaut', 'x'.repeat(201)])('refuse the name %j', (name) => {
      expect(() => journal.stream(name)).toThrow(/WITAN_ERR_INVALID/);
    });
  });

  describe('durability', () => {
    test('a crash loses lazy records and no durable one', () => {
      const stream = journal.stream('a');
      stream.append([bytes('durable')], true);
      stream.append([bytes('lazy')], false);
      expect(texts(stream.read())).toEqual(['durable', 'lazy']);
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['durable']);
    });

    test('a durable commit takes along all lazy records before it, of every stream', () => {
      journal.stream('a').append([bytes('lazy a')], false);
      journal.stream('b').append([bytes('durable b')], true);
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['lazy a']);
      expect(texts(journal.stream('b').read())).toEqual(['durable b']);
    });

    test('flush and sync make lazy records durable', () => {
      journal.stream('a').append([bytes('one')], false);
      journal.flush();
      journal.stream('a').append([bytes('two')], false);
      journal.stream('a').sync();
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['one', 'two']);
    });

    test('lazy records stay before the durable ones after them', () => {
      const stream = journal.stream('a');
      stream.append([bytes('1')], false);
      stream.append([bytes('2')], true);
      stream.append([bytes('3')], false);
      stream.append([bytes('4')], true);
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['1', '2', '3', '4']);
    });

    test('closing flushes, and using it afterwards is an error', () => {
      const stream = journal.stream('a');
      stream.append([bytes('lazy')], false);
      journal.close();
      journal.close();
      expect(() => stream.append([bytes('late')], true)).toThrow(/WITAN_ERR_STORE/);
      expect(() => stream.append([bytes('late')], false)).toThrow(/WITAN_ERR_STORE/);
      expect(() => stream.read()).toThrow(/WITAN_ERR_STORE/);
    });

    test('says what it has committed and what waits', () => {
      journal.stream('a').append([bytes('four')], true);
      journal.stream('a').append([bytes('lazy')], false);
      expect(journal.stats).toEqual({ commits: 1, records: 1, bytes: 4, pendingRecords: 1, pendingBytes: 4 });
      journal.flush();
      journal.flush();
      expect(journal.stats).toEqual({ commits: 2, records: 2, bytes: 8, pendingRecords: 0, pendingBytes: 0 });
    });
  });

  describe('replace and drop', () => {
    test('replace puts new records in the place of all others, lazy ones too', () => {
      const stream = journal.stream('a');
      stream.append([bytes('old')], true);
      stream.append([bytes('old and lazy')], false);
      stream.replace([bytes('new')]);
      expect(texts(stream.read())).toEqual(['new']);
      stream.append([bytes('newer')], true);
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['new', 'newer']);
    });

    test('replacing by nothing empties the stream', () => {
      journal.stream('a').append([bytes('old')], true);
      journal.stream('a').replace([]);
      expect(journal.stream('a').read()).toEqual([]);
      expect(journal.streams()).toEqual([]);
    });

    test('drop destroys one stream only', () => {
      journal.stream('a').append([bytes('a')], true);
      journal.stream('b').append([bytes('b')], true);
      journal.stream('lazy').append([bytes('l')], false);
      journal.drop('a');
      journal.drop('lazy');
      journal.drop('never-there');
      expect(journal.streams()).toEqual(['b']);
      expect(journal.stream('lazy').read()).toEqual([]);
      journal.stream('a').append([bytes('again')], true);
      expect(texts(journal.stream('a').read())).toEqual(['again']);
    });
  });

  describe('table', () => {
    test('keeps the last value of a key', () => {
      journal.table.put('k', bytes('1'));
      journal.table.put('k', bytes('2'));
      crash();
      expect(journal.table.get('k')).toEqual(bytes('2'));
      expect(journal.table.get('other')).toBeUndefined();
    });

    test('lists by prefix, in order, in pages', () => {
      for (const key of ['d/3', 'd/1', 'e/1', 'd/2', 'd', 'd0']) journal.table.put(key, bytes(key));
      const keys = (items: { key: string }[]): string[] => items.map((item) => item.key);
      expect(keys(journal.table.list('d/'))).toEqual(['d/1', 'd/2', 'd/3']);
      expect(keys(journal.table.list('d/', undefined, 2))).toEqual(['d/1', 'd/2']);
      expect(keys(journal.table.list('d/', 'd/2', 2))).toEqual(['d/3']);
      expect(keys(journal.table.list(''))).toEqual(['d', 'd/1', 'd/2', 'd/3', 'd0', 'e/1']);
      expect(journal.table.list('d/')[0]!.value).toEqual(bytes('d/1'));
    });

    test('forgets what is removed', () => {
      journal.table.put('k', bytes('1'));
      journal.table.remove('k');
      journal.table.remove('never-there');
      expect(journal.table.get('k')).toBeUndefined();
    });
  });

  describe('transaction', () => {
    test('commits streams and items together', () => {
      const result = journal.transaction(() => {
        journal.stream('a').append([bytes('record')], false);
        journal.table.put('k', bytes('item'));
        return journal.stream('a').length;
      });
      expect(result).toBe(1);
      crash();
      expect(texts(journal.stream('a').read())).toEqual(['record']);
      expect(journal.table.get('k')).toEqual(bytes('item'));
    });

    test('leaves everything as it was when its body throws', () => {
      journal.stream('a').append([bytes('before')], true);
      journal.stream('a').append([bytes('lazy')], false);
      journal.table.put('k', bytes('before'));
      journal.stream('a').append([bytes('lazy too')], false);
      const attempt = (): void =>
        journal.transaction(() => {
          journal.stream('a').append([bytes('inside')], true);
          journal.stream('b').append([bytes('inside')], true);
          journal.table.put('k', bytes('inside'));
          expect(texts(journal.stream('a').read())).toEqual(['before', 'lazy', 'lazy too', 'inside']);
          throw new Error('changed my mind');
        });
      expect(attempt).toThrow('changed my mind');
      expect(texts(journal.stream('a').read())).toEqual(['before', 'lazy', 'lazy too']);
      expect(journal.streams()).toEqual(['a']);
      expect(journal.table.get('k')).toEqual(bytes('before'));
      journal.stream('a').append([bytes('after')], true);
      expect(texts(journal.stream('a').read())).toEqual(['before', 'lazy', 'lazy too', 'after']);
    });

    test('does not commit a half when a failure inside is swallowed', () => {
      const attempt = (): void =>
        journal.transaction(() => {
          journal.stream('a').append([bytes('first half')], true);
          try {
            journal.transaction(() => {
              throw new Error('second half');
            });
          } catch {
            // Swallowed, wrongly.
          }
        });
      expect(attempt).toThrow('second half');
      expect(journal.stream('a').read()).toEqual([]);
    });
  });

  describe('health', () => {
    test('a sound journal verifies', () => {
      journal.stream('a').append([bytes('1'), bytes('2')], false);
      journal.stream('b').append([bytes('3')], true);
      journal.table.put('k', bytes('4'));
      expect(journal.verify()).toEqual({ ok: true, streams: 2, records: 3, items: 1, damage: [] });
    });

    test('quarantine gives the name back and keeps the records under another', () => {
      journal.stream('a').append([bytes('1'), bytes('2')], true);
      const result = journal.quarantine('a');
      expect(result.readable.records).toBe(2);
      expect(result).toMatchObject({ damaged: { records: 0 }, lost: [] });
      expect(journal.stream('a').read()).toEqual([]);
      expect(texts(journal.stream(result.readable.stream).read())).toEqual(['1', '2']);
      journal.stream('a').append([bytes('fresh')], true);
      expect(journal.quarantine('a').readable.stream).not.toBe(result.readable.stream);
    });
  });

  test('behaves as a list of records does, whatever is done to it', () => {
    const operation = fc.oneof(
      fc.record({ op: fc.constant('append' as const), durable: fc.boolean(), n: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ op: fc.constant('replace' as const), n: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ op: fc.constantFrom('drop' as const, 'flush' as const, 'fail' as const) }),
    );
    const run = fc.array(fc.record({ stream: fc.constantFrom('x', 'y'), operation }), { maxLength: 25 });
    fc.assert(
      fc.property(run, (steps) => {
        for (const name of journal.streams()) journal.drop(name);
        const model = new Map<string, string[]>();
        let count = 0;
        const fresh = (n: number): string[] => Array.from({ length: n }, () => `record ${count++}`);
        for (const { stream, operation: todo } of steps) {
          const handle = journal.stream(stream);
          const known = model.get(stream) ?? [];
          if (todo.op === 'append') {
            const records = fresh(todo.n);
            handle.append(records.map(bytes), todo.durable);
            model.set(stream, [...known, ...records]);
          } else if (todo.op === 'replace') {
            const records = fresh(todo.n);
            handle.replace(records.map(bytes));
            model.set(stream, records);
          } else if (todo.op === 'drop') {
            handle.drop();
            model.delete(stream);
          } else if (todo.op === 'flush') {
            journal.flush();
          } else {
            const failing = (): void =>
              journal.transaction(() => {
                handle.replace([bytes('never')]);
                throw new Error('no');
              });
            expect(failing).toThrow('no');
          }
        }
        for (const name of ['x', 'y']) {
          const expected = model.get(name) ?? [];
          expect(texts(journal.stream(name).read())).toEqual(expected);
          expect(journal.stream(name).length).toBe(expected.length);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('the journal in memory', () => {
  test('can keep what was not synced, as a lucky disk does', () => {
    const journal = new MemoryJournal();
    journal.stream('a').append([bytes('lazy')], false);
    expect(texts(journal.crash({ keepUnsynced: true }).stream('a').read())).toEqual(['lazy']);
  });

  test('is dead after a crash', () => {
    const journal = new MemoryJournal();
    journal.crash({ keepUnsynced: false });
    expect(() => journal.stream('a').append([bytes('late')], true)).toThrow(/WITAN_ERR_STORE/);
  });

  test('fails on demand, keeps nothing of what failed, and works again afterwards', () => {
    const journal = new MemoryJournal();
    const stream = journal.stream('a');
    stream.append([bytes('before')], true);
    journal.failure = 'WITAN_ERR_STORE_FULL';
    expect(() => stream.append([bytes('refused')], true)).toThrow(/WITAN_ERR_STORE_FULL/);
    expect(() => stream.replace([])).toThrow(/WITAN_ERR_STORE_FULL/);
    expect(() => journal.transaction(() => stream.append([bytes('refused')], true))).toThrow(/WITAN_ERR_STORE_FULL/);
    stream.append([bytes('lazy')], false);
    journal.failure = undefined;
    stream.append([bytes('after')], true);
    expect(texts(stream.read())).toEqual(['before', 'lazy', 'after']);
  });

  test('decays on demand, and a quarantine parts the sound from the damaged', () => {
    const journal = new MemoryJournal();
    journal.stream('a').append([bytes('0'), bytes('1'), bytes('2')], true);
    journal.corrupt('a', 1);
    let code: string | undefined;
    try {
      journal.stream('a').read();
    } catch (error) {
      code = errorCode(error);
    }
    expect(code).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    expect(journal.verify().damage).toEqual([{ stream: 'a', seq: 1, reason: 'does not match its checksum' }]);
    const { readable, damaged } = journal.quarantine('a');
    expect(texts(journal.stream(readable.stream).read())).toEqual(['0', '2']);
    expect(texts(journal.stream(damaged.stream).read())).toEqual(['1']);
    expect(journal.verify().ok).toBe(true);
  });
});
