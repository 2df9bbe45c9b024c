import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isWitanError, type WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { openJournal, setJournalAside } from '../src/index.ts';
import { bytes, startChild, temporaryDirectory, text, texts } from './support.ts';

function thrown(body: () => unknown): WitanError {
  try {
    body();
  } catch (error) {
    if (isWitanError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Changes bytes of a file on the disk behind the program's back. */
function damage(file: string, find: string, by: string): void {
  const content = readFileSync(file);
  const at = content.indexOf(find);
  expect(at).toBeGreaterThan(0);
  content.write(by, at, 'latin1');
  writeFileSync(file, content);
}

describe('one process at a time', () => {
  test('a second process is refused, and told which directory is in use', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'elder.db');
    const holder = startChild('hold.ts', file);
    expect(await holder.line()).toBe('open');
    const error = thrown(() => openJournal(file));
    expect(error.code).toBe('WITAN_ERR_LOCKED');
    expect(error.detail).toContain(directory);
    expect(error.data).toMatchObject({ directory });
  });

  test('it is refused before it has changed anything, and so is the other way round', async () => {
    const file = join(temporaryDirectory(), 'elder.db');
    const journal = openJournal(file);
    journal.stream('a').append([bytes('mine')], true);
    const second = startChild('try-open.ts', file);
    expect(JSON.parse((await second.line()) ?? '')).toMatchObject({ code: 'WITAN_ERR_LOCKED' });
    journal.stream('a').append([bytes('still mine')], true);
    expect(texts(journal.stream('a').read())).toEqual(['mine', 'still mine']);
    journal.close();
  });

  test('kill -9 leaves no lock behind', async () => {
    const file = join(temporaryDirectory(), 'elder.db');
    const holder = startChild('hold.ts', file);
    expect(await holder.line()).toBe('open');
    await holder.kill();
    const journal = openJournal(file);
    expect(journal.stream('held').length).toBe(1);
    journal.close();
  });

  test('a second journal on the same file within one process is refused too', () => {
    const file = join(temporaryDirectory(), 'elder.db');
    const journal = openJournal(file);
    expect(thrown(() => openJournal(file)).code).toBe('WITAN_ERR_LOCKED');
    journal.close();
    openJournal(file).close();
  });
});

describe('crash', () => {
  test.each([[], ['room']])(
    'every acknowledged record is there after kill -9, wherever it hits: %s',
    async (...room) => {
      const file = join(temporaryDirectory(), 'journal.db');
      let expected = 0;
      for (const acknowledgements of [1, 40, 7, 150, 23]) {
        const child = startChild('append.ts', file, String(expected), ...room);
        let last = -1;
        for (let i = 0; i < acknowledgements; i++) last = Number(await child.line());
        await child.kill();
        // What it printed before it died and was not read yet is acknowledged just the same.
        for (let line = await child.line(); line !== undefined; line = await child.line()) last = Number(line);
        const journal = openJournal(file);
        expect(journal.verify().damage).toEqual([]);
        const durable = texts(journal.stream('acknowledged').read()).filter((record) => !record.startsWith('lazy'));
        // One more than acknowledged may be there: killed between the commit and the line.
        expect([last + 1, last + 2]).toContain(durable.length);
        durable.forEach((record, n) => {
          expect(record).toBe(`${n} ${'x'.repeat(n % 3000)}`);
        });
        expected = durable.length;
        journal.close();
      }
    },
  );
});

describe('the file', () => {
  test('is readable by its owner only, and so is the directory that was made for it', () => {
    const directory = join(temporaryDirectory(), 'data');
    const file = join(directory, 'journal.db');
    const journal = openJournal(file);
    journal.stream('a').append([bytes('1')], true);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
    journal.close();
  });

  test('is used with the settings that its promises need', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    openJournal(file).close();
    const db = new DatabaseSync(file);
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
    db.close();
  });

  test('of a newer program is refused, and says so', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    openJournal(file).close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const error = thrown(() => openJournal(file));
    expect(error.code).toBe('WITAN_ERR_STORE');
    expect(error.detail).toMatch(/schema 99 and this program knows up to 1: run the newer program/);
  });

  test('of another program is refused and not touched', () => {
    const file = join(temporaryDirectory(), 'other.db');
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    const before = readFileSync(file);
    const error = thrown(() => openJournal(file));
    expect(error).toMatchObject({ code: 'WITAN_ERR_STORE', detail: expect.stringContaining('another program') });
    expect(readFileSync(file)).toEqual(before);
  });

  test.runIf(process.getuid?.() !== 0)('that may not be written is an error of the store', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    openJournal(file).close();
    chmodSync(file, 0o400);
    expect(thrown(() => openJournal(file)).code).toBe('WITAN_ERR_STORE');
  });

  test('in a place that cannot be is an error of the store', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(thrown(() => openJournal(join(file, 'journal.db'))).code).toBe('WITAN_ERR_STORE');
  });

  test('forces a commit when too much is lazy', () => {
    const journal = openJournal(join(temporaryDirectory(), 'journal.db'), { maxPendingBytes: 10 });
    journal.stream('a').append([bytes('12345')], false);
    expect(journal.stats).toMatchObject({ commits: 0, pendingBytes: 5 });
    journal.stream('a').append([bytes('123456')], false);
    expect(journal.stats).toMatchObject({ commits: 1, pendingBytes: 0 });
    expect(texts(journal.stream('a').read())).toEqual(['12345', '123456']);
    journal.close();
  });
});

describe('damage', () => {
  function damagedJournal(): string {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal(file);
    journal.stream('sound').append([bytes('nothing wrong here')], true);
    journal.stream('hurt').append([bytes('record zero'), bytes('record one'), bytes('record two')], true);
    journal.table.put('key', bytes('an item of the table'));
    journal.close();
    damage(file, 'record one', 'record 0ne');
    return file;
  }

  test('to a record is found when it is read, and named', () => {
    const file = damagedJournal();
    const journal = openJournal(file);
    const error = thrown(() => journal.stream('hurt').read());
    expect(error.code).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    expect(error.data).toEqual({ file, stream: 'hurt', seq: 1 });
    expect(texts(journal.stream('sound').read())).toEqual(['nothing wrong here']);
    journal.close();
  });

  test('is found by verify', () => {
    const file = damagedJournal();
    damage(file, 'an item of', 'An item of');
    const journal = openJournal(file);
    expect(journal.verify()).toEqual({
      ok: false,
      streams: 2,
      records: 4,
      items: 1,
      damage: [
        { stream: 'hurt', seq: 1, reason: 'does not match its checksum' },
        { key: 'key', reason: 'does not match its checksum' },
      ],
    });
    expect(thrown(() => journal.table.get('key')).data).toEqual({ file, key: 'key' });
    expect(thrown(() => journal.table.list('')).code).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    journal.close();
  });

  test('is set aside by quarantine, and nothing is lost', () => {
    const file = damagedJournal();
    let journal = openJournal(file);
    const result = journal.quarantine('hurt');
    expect(result.lost).toEqual([]);
    expect(texts(journal.stream(result.readable.stream).read())).toEqual(['record zero', 'record two']);
    expect(texts(journal.stream(result.damaged.stream).read())).toEqual(['record 0ne']);
    journal.stream('hurt').append([bytes('a new beginning')], true);
    journal.close();
    journal = openJournal(file);
    expect(journal.verify().ok).toBe(true);
    expect(texts(journal.stream('hurt').read())).toEqual(['a new beginning']);
    journal.close();
  });

  test('a missing record in the middle is found', () => {
    const file = damagedJournal();
    const db = new DatabaseSync(file);
    db.exec("DELETE FROM record WHERE seq = 1 AND stream = (SELECT id FROM stream WHERE name = 'hurt')");
    db.close();
    const journal = openJournal(file);
    expect(thrown(() => journal.stream('hurt').read()).data).toEqual({ file, stream: 'hurt', seq: 1 });
    expect(journal.verify().damage).toEqual([
      { stream: 'hurt', seq: 2, reason: 'records before this one are missing' },
    ]);
    journal.close();
  });

  test('a record that was moved to another place is found', () => {
    const file = damagedJournal();
    const db = new DatabaseSync(file);
    db.exec(`UPDATE record SET seq = 9 WHERE seq = 0; UPDATE record SET seq = 0 WHERE seq = 2;
             UPDATE record SET seq = 2 WHERE seq = 9`);
    db.close();
    const journal = openJournal(file);
    expect(thrown(() => journal.stream('hurt').read()).data).toMatchObject({ stream: 'hurt', seq: 0 });
    journal.close();
  });

  test('to the structure of the file is named as such, by verify as well', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    let journal = openJournal(file);
    const stream = journal.stream('a');
    for (let i = 0; i < 60; i++) stream.append([bytes(`${i} ${'x'.repeat(900)}`)], true);
    journal.close();
    const content = readFileSync(file);
    // Everything but the first pages, which hold the schema.
    content.fill(0xff, 8 * 4096);
    writeFileSync(file, content);
    journal = openJournal(file);
    const error = thrown(() => journal.stream('a').read());
    expect(error.code).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    expect(error.data).toMatchObject({ file, stream: 'a' });
    expect(journal.verify().ok).toBe(false);
    journal.close();
  });

  test('a file that is no database is named, and can be set aside whole', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    writeFileSync(file, 'this is not a journal at all, but it is long enough to be looked at'.repeat(20));
    const error = thrown(() => openJournal(file));
    expect(error.code).toBe('WITAN_ERR_JOURNAL_CORRUPT');
    expect(error.data).toEqual({ file });
    const aside = setJournalAside(file, new Date(0));
    expect(aside).toBe(`${file}.damaged-1970-01-01T00-00-00-000Z`);
    expect(existsSync(aside)).toBe(true);
    openJournal(file).close();
  });
});

describe('a destroyed secret', () => {
  const SECRET = 'attack at dawn, and tell nobody';

  function occurrences(directory: string): string[] {
    return readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes(SECRET));
  }

  test.each([10, 700, 20_000])('is in no file any more, among records of %i bytes', (size) => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const record = (n: number): Uint8Array => bytes(`${SECRET} ${n} ${'x'.repeat(size)}`);
    const fill = (journal: ReturnType<typeof openJournal>): void => {
      for (let n = 0; n < 30; n++) {
        journal.stream('dropped').append([record(n)], n % 3 === 0);
        journal.stream('kept').append([bytes(`harmless ${n}`)], true);
        journal.stream('replaced').append([record(n), record(n)], true);
        journal.table.put(`item-${n}`, record(n));
      }
    };
    const destroy = (journal: ReturnType<typeof openJournal>): void => {
      journal.drop('dropped');
      journal.stream('replaced').replace([bytes('nothing to see')]);
      for (let n = 0; n < 30; n++) {
        if (n % 2 === 0) journal.table.remove(`item-${n}`);
        else journal.table.put(`item-${n}`, bytes('overwritten'));
      }
    };
    let journal = openJournal(file);
    fill(journal);
    journal.close();
    expect(occurrences(directory)).toEqual(['journal.db']);
    journal = openJournal(file);
    fill(journal);
    destroy(journal);
    // Looked at while it is open, which ends the lock of this process: fine, for nobody else is there.
    expect(occurrences(directory)).toEqual([]);
    expect(journal.stream('kept').length).toBe(60);
    journal.close();
    expect(occurrences(directory)).toEqual([]);
    expect(text(openAndRead(file))).toBe('nothing to see');
  });

  test('is in no file any more after the next start, if the process was killed as it destroyed it', () => {
    const [directory, killed] = [temporaryDirectory(), temporaryDirectory()];
    const file = join(directory, 'journal.db');
    const journal = openJournal(file);
    journal.stream('secrets').append([bytes(SECRET)], true);
    journal.close();
    // What the commit does, and no more: the log has the page without the secret, the file still has it.
    const db = new DatabaseSync(file);
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA secure_delete = ON; DELETE FROM record; DELETE FROM stream');
    for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(killed, name));
    db.close();
    expect(occurrences(killed)).toEqual(['journal.db']);
    const next = openJournal(join(killed, 'journal.db'));
    expect(next.streams()).toEqual([]);
    expect(occurrences(killed)).toEqual([]);
    next.close();
  });

  function openAndRead(file: string): Uint8Array {
    const journal = openJournal(file);
    const [record] = journal.stream('replaced').read();
    journal.close();
    return record!;
  }
});
