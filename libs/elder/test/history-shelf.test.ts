import { MemoryJournal } from '@witan/journal';
import { expect, test } from 'vitest';
import { HistoryShelf } from '../src/history-shelf.ts';

const entries = (of: number) => [JSON.stringify({ wallMs: of, type: 'done' })];

test('the last sessions are kept, also over a restart', () => {
  const journal = new MemoryJournal();
  const shelf = new HistoryShelf(journal);
  // In another order than they began.
  for (let at = 0; at < 60; at++) shelf.put(`s${(at * 7) % 60}`, (at * 7) % 60, entries((at * 7) % 60));
  const expectKept = (each: HistoryShelf) => {
    const kept = Array.from({ length: 60 }, (_, at) => at).filter((at) => each.has(`s${at}`));
    expect(kept).toEqual(Array.from({ length: 32 }, (_, at) => 28 + at));
    expect(each.get('s59')).toEqual(entries(59));
    expect(each.get('s3')).toEqual([]);
  };
  expectKept(shelf);
  expectKept(new HistoryShelf(journal.crash({ keepUnsynced: false })));
});

test('a disk that refuses stops nothing, and damage is nothing to tell', () => {
  const journal = new MemoryJournal();
  const shelf = new HistoryShelf(journal);
  journal.failure = 'WITAN_ERR_STORE_FULL';
  shelf.put('s', 1, entries(1));
  expect([shelf.has('s'), shelf.get('s')]).toEqual([false, []]);
  journal.failure = undefined;
  shelf.put('s', 1, entries(1));
  journal.table.put('history/0000000001/s', new Uint8Array(Buffer.from('{')));
  expect(shelf.get('s')).toEqual([]);
});
