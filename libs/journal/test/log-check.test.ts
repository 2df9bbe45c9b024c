import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isWitanError } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openJournal } from '../src/index.ts';
import { bytes, temporaryDirectory, texts } from './support.ts';

const RECORDS = 20;
const expected = Array.from({ length: RECORDS }, (_, at) => `record ${at}`);

/** The files of a journal as `kill -9` leaves them: its last commits are in the log alone. */
function killed(roomInLog: boolean): { readonly file: string; readonly last: number; readonly lastTwo: number } {
  const [alive, dead] = [temporaryDirectory(), temporaryDirectory()];
  const journal = openJournal(join(alive, 'journal.db'), { roomInLog });
  for (const record of expected) journal.stream('a').append([bytes(record)], true);
  for (const name of readdirSync(alive)) copyFileSync(join(alive, name), join(dead, name));
  journal.close();
  const file = join(dead, 'journal.db');
  return { file, ...lastTransactions(readFileSync(`${file}-wal`)) };
}

/** Where the frames of the last transaction begin, and of the one before it. */
function lastTransactions(log: Buffer): { last: number; lastTwo: number } {
  const frames: { at: number; isCommit: boolean }[] = [];
  for (let at = 32; at + 4120 <= log.length; at += 4120) {
    if (log.readUInt32BE(at) === 0) break;
    frames.push({ at, isCommit: log.readUInt32BE(at + 4) !== 0 });
  }
  const ends = frames.flatMap(({ isCommit }, at) => (isCommit ? [at] : []));
  expect(ends.length).toBeGreaterThan(RECORDS);
  const [before, last] = ends.slice(-3, -1).map((end) => frames[end + 1]!.at);
  return { last: last!, lastTwo: before! };
}

/** The records that are read from it, or the code of the error with which it is refused. */
function opened(file: string): readonly string[] | string {
  try {
    const journal = openJournal(file);
    const found = texts(journal.stream('a').read());
    journal.close();
    return found;
  } catch (error) {
    if (isWitanError(error)) return error.code;
    throw error;
  }
}

describe.each([false, true])('a log, with room in it: %s', (roomInLog) => {
  test('that is whole is read, and so is one whose last commit was torn or is gone', () => {
    const { file, last } = killed(roomInLog);
    const log = readFileSync(`${file}-wal`);
    const found = (content: Buffer) => {
      const copy = join(temporaryDirectory(), 'journal.db');
      copyFileSync(file, copy);
      writeFileSync(`${copy}-wal`, content);
      return opened(copy);
    };
    expect(found(log)).toEqual(expected);
    const torn = Buffer.from(log);
    torn.fill(0, last + 100, last + 4120);
    expect(found(torn)).toEqual(expected.slice(0, -1));
    const lost = Buffer.from(log);
    lost.fill(0, last);
    expect(found(lost)).toEqual(expected.slice(0, -1));
  });

  test('of which one bit is wrong before the last two commits is refused as damaged, wherever it is', () => {
    const { file, lastTwo } = killed(roomInLog);
    const log = readFileSync(`${file}-wal`);
    const copy = join(temporaryDirectory(), 'journal.db');
    const bit = fc.record({ at: fc.integer({ min: 0, max: lastTwo - 1 }), bit: fc.integer({ min: 0, max: 7 }) });
    const inHeaders = fc.record({
      at: fc
        .integer({ min: 0, max: (lastTwo - 32) / 4120 - 1 })
        .chain((frame) => fc.integer({ min: 0, max: 23 }).map((byte) => 32 + frame * 4120 + byte)),
      bit: fc.integer({ min: 0, max: 7 }),
    });
    const inFileHeader = fc.record({ at: fc.integer({ min: 0, max: 31 }), bit: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(fc.oneof(bit, inHeaders, inFileHeader), ({ at, bit }) => {
        const damaged = Buffer.from(log);
        damaged[at]! ^= 1 << bit;
        copyFileSync(file, copy);
        writeFileSync(`${copy}-wal`, damaged);
        expect(opened(copy)).toBe('WITAN_ERR_JOURNAL_CORRUPT');
      }),
      { numRuns: 150 },
    );
  });

  test('that an older one was written over is not damaged by what that one left behind it', () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'journal.db');
    const journal = openJournal(file, { roomInLog });
    // As much as a checkpoint takes by itself, after which the log begins anew over the frames that are there.
    for (let at = 0; at < 1200; at++) journal.stream('a').append([bytes(`record ${at}`)], true);
    const dead = temporaryDirectory();
    for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(dead, name));
    journal.close();
    expect(opened(join(dead, 'journal.db'))).toHaveLength(1200);
  });
});
