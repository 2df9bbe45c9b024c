import { expect, test } from 'vitest';
import { Operations } from './operations.ts';

const operation = (startedMs: number, ok: boolean, errors: readonly string[] = []) => ({
  client: 0,
  startedMs,
  endedMs: startedMs + 250.5,
  ok,
  errors,
});

test('operations come back as they were, also when there are many', () => {
  const many = 10_000;
  const operations = new Operations();
  for (let i = 0; i < many; i++) operations.add(operation(i, i % 3 > 0, i % 2 === 0 ? [] : ['WITAN_ERR_TIMEOUT']));
  const back = [...operations];
  expect(operations.length).toBe(many);
  expect(back[9_001]).toEqual({ startedMs: 9_001, endedMs: 9_251.5, ok: true, atFirstTry: false });
  expect(
    back.every(
      ({ startedMs, ok, atFirstTry }, i) => startedMs === i && ok === i % 3 > 0 && atFirstTry === (i % 2 === 0),
    ),
  ).toBe(true);
  expect(operations.failed(3).map(({ startedMs }) => startedMs)).toEqual([0, 3, 6]);
});

test('there is an end to what is kept', () => {
  const operations = new Operations(5_000);
  for (let i = 0; i < 6_000; i++) {
    expect(operations.isFull).toBe(i >= 5_000);
    operations.add(operation(i, true));
  }
  expect(operations.length).toBe(5_000);
  expect([...operations].at(-1)!.startedMs).toBe(4_999);
});
