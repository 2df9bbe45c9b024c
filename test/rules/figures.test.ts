import os from 'node:os';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { figure, size } from '../support/figures.ts';

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(console, 'info').mockImplementation((line: string) => void said.push(line));
  vi.spyOn(os, 'availableParallelism').mockReturnValue(2);
  loaded(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function loaded(processes: number): void {
  vi.spyOn(os, 'loadavg').mockReturnValue([processes, 0, 0]);
}

test('a figure is printed, and may be off its target', () => {
  figure('a session', 0);
  figure('a session', 149.7, { targetMs: 150 });
  figure('a session', 750, { targetMs: 150 });
  expect(said).toEqual([
    'measured: a session: 0 ms',
    'measured: a session: 150 ms (target 150 ms)',
    'measured: a session: 750 ms (target 150 ms)',
  ]);
});

test.each<[number | null]>([
  [Number.NaN],
  [-1],
  [Number.POSITIVE_INFINITY],
  // What the API says of a session whose times nobody knows.
  [null],
])('%s is no figure', (valueMs) => {
  expect(() => figure('a session', valueMs!)).toThrow(`a session: ${valueMs} is not how long something took`);
  expect(said).toEqual([]);
});

test('far off its target something is broken, and far is further on a machine that has more to do', () => {
  const beyond = (valueMs: number) => () => figure('a session', valueMs, { targetMs: 150 });
  expect(beyond(751)).toThrow('a session: 751 ms (target 150 ms): it has waited for something that did not come');
  loaded(40);
  expect(beyond(751)).not.toThrow();
  expect(beyond(15_001)).toThrow('it has waited for something that did not come');
});

test('a size is printed, and may be off its target', () => {
  size('an image', 234_499_999, 250_000_000);
  size('an image', 251_000_000, 250_000_000);
  expect(said).toEqual(['measured: an image: 234 MB (target 250 MB)', 'measured: an image: 251 MB (target 250 MB)']);
  expect(() => size('an image', Number.NaN, 1)).toThrow('an image: NaN is no size');
});
