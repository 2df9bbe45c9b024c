import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openJournal } from '../src/index.ts';
import { MOST_BYTES, makeRoom, roomLike } from '../src/log-room.ts';
import { bytes, startChild, temporaryDirectory, texts } from './support.ts';

const LEAST = 512 * 1024;
const sizeOf = (file: string) => statSync(file).size;

describe('the write-ahead log', () => {
  test('has its room from the start, and after each scrub: no commit of a session makes it longer', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal(file, { roomInLog: true });
    const stream = journal.stream('dkg/a');
    for (let session = 0; session < 3; session++) {
      for (let record = 0; record < 10; record++) {
        stream.append([new Uint8Array(4000)], true);
        expect(sizeOf(`${file}-wal`)).toBe(LEAST);
      }
      stream.replace([]);
      expect(sizeOf(`${file}-wal`)).toBe(LEAST);
    }
    journal.close();
  });

  test('has as much of it as the one before has taken', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal(file, { roomInLog: true });
    const stream = journal.stream('dkg/a');
    stream.append([new Uint8Array(900_000)], true);
    const long = sizeOf(`${file}-wal`);
    expect(long).toBeGreaterThan(900_000);
    stream.replace([]);
    // What was destroyed is overwritten by a commit into the log, which is cut then.
    expect(sizeOf(`${file}-wal`)).toBeGreaterThanOrEqual(long);
    expect(sizeOf(`${file}-wal`)).toBeLessThanOrEqual(MOST_BYTES);
    journal.close();
  });

  test('left by one that was killed is read up to its zeros', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const child = startChild('append.ts', file, '0', 'room');
    for (let i = 0; i < 5; i++) await child.line();
    await child.kill();
    const log = readFileSync(`${file}-wal`);
    expect(log.length).toBe(LEAST);
    expect(log.subarray(-1000).every((byte) => byte === 0)).toBe(true);
    const journal = openJournal(file, { roomInLog: true });
    expect(journal.verify().damage).toEqual([]);
    expect(texts(journal.stream('acknowledged').read()).length).toBeGreaterThanOrEqual(5);
    journal.close();
  });

  test('has none where nobody asks for it', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal(file);
    journal.stream('a').append([bytes('1')], true);
    expect(sizeOf(`${file}-wal`)).toBeLessThan(LEAST);
    journal.close();
  });

  test('in which room is made leaves the lock on the database', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal(file, { roomInLog: true });
    journal.stream('a').append([bytes('1')], true);
    journal.stream('a').replace([]);
    const second = startChild('try-open.ts', file);
    expect(JSON.parse((await second.line()) ?? '')).toMatchObject({ code: 'WITAN_ERR_LOCKED' });
    journal.close();
  });
});

describe('room', () => {
  test('is as the file before, within bounds', () => {
    const file = join(temporaryDirectory(), 'log');
    expect(roomLike(file)).toBe(LEAST);
    for (const [size, expected] of [
      [0, LEAST],
      [LEAST + 1, LEAST + 1],
      [MOST_BYTES + 1, MOST_BYTES],
    ] as const) {
      writeFileSync(file, new Uint8Array(size));
      expect(roomLike(file)).toBe(expected);
    }
  });

  test('is made of zeros behind what is there; a file that is long enough is left alone, one that is not there is not made', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'log');
    writeFileSync(file, 'content');
    makeRoom(file, 100);
    expect(readFileSync(file).toString()).toBe(`content${'\0'.repeat(93)}`);
    makeRoom(file, 10);
    expect(sizeOf(file)).toBe(100);
    makeRoom(join(directory, 'none'), 10);
    expect(statSync(join(directory, 'none'), { throwIfNoEntry: false })).toBeUndefined();
  });
});
