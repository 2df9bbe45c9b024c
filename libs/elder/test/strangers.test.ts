import { expect, test } from 'vitest';
import { Strangers } from '../src/strangers.ts';

const word = (value: number) => Uint8Array.of(value);

test('messages of a session that is not known are given back in their order, once', () => {
  const strangers = new Strangers();
  expect(strangers.hold('a', word(1))).toBe(true);
  expect(strangers.hold('b', word(9))).toBe(true);
  expect(strangers.hold('a', word(2))).toBe(false);
  expect(strangers.release('a')).toEqual([word(1), word(2)]);
  expect(strangers.release('a')).toEqual([]);
  expect(strangers.release('b')).toEqual([word(9)]);
  expect(strangers.hold('a', word(3))).toBe(true);
});

test('of one session a bounded number of messages is held', () => {
  const strangers = new Strangers();
  let held = 0;
  while (strangers.mayHold('a', 1) && held < 10_000) strangers.hold('a', word(held++ % 256));
  expect(held).toBe(64);
  expect(strangers.mayHold('b', 1)).toBe(true);
  expect(strangers.release('a')).toHaveLength(64);
});

test('of one session a bounded number of bytes is held, in however few messages', () => {
  const strangers = new Strangers();
  const most = new Uint8Array(1024 * 1024);
  expect(strangers.mayHold('a', most.length + 1)).toBe(false);
  expect(strangers.mayHold('a', most.length)).toBe(true);
  strangers.hold('a', most.subarray(1));
  expect([strangers.mayHold('a', 1), strangers.mayHold('a', 2)]).toEqual([true, false]);
  strangers.hold('a', word(1));
  expect(strangers.mayHold('a', 1)).toBe(false);
  expect(strangers.mayHold('b', most.length)).toBe(true);
  strangers.release('a');
  expect(strangers.mayHold('a', most.length)).toBe(true);
});

test('of many sessions the oldest make room', () => {
  const strangers = new Strangers();
  for (let i = 0; i < 1000; i++) strangers.hold(`session ${i}`, word(i % 256));
  const released = Array.from({ length: 1000 }, (_, i) => strangers.release(`session ${i}`).length);
  expect(released.reduce((sum, count) => sum + count)).toBe(4);
  expect(released.slice(-4)).toEqual([1, 1, 1, 1]);
});
