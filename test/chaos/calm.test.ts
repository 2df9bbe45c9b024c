import { expect, test } from 'vitest';
import { calmOf, failedInCalm } from './calm.ts';
import type { Episode } from './history.ts';
import type { Asked } from './operations.ts';

const episode = (startedMs: number, healedMs: number | undefined, broke = true): Episode => ({
  experiment: 'x',
  title: 'x',
  startedMs,
  mendedMs: startedMs,
  healsFromMs: startedMs,
  healedMs,
  struck: true,
  broke,
  marks: [],
});
const asked = (startedMs: number, ok = false): Asked => ({
  startedMs,
  endedMs: startedMs + 30_000,
  ok,
  atFirstTry: ok,
});
const END_MS = 200_000;

test('it is calm until something is broken, and from when the section is whole', () => {
  expect(calmOf([], END_MS)).toEqual([{ fromMs: 0, untilMs: END_MS }]);
  const calm = [
    { fromMs: 0, untilMs: 50_000 },
    { fromMs: 60_000, untilMs: END_MS },
  ];
  expect(calmOf([episode(50_000, 60_000)], END_MS)).toEqual(calm);
  expect(calmOf([episode(50_000, 60_000), episode(90_000, 95_000, false)], END_MS)).toEqual(calm);
  expect(calmOf([episode(50_000, undefined)], END_MS)).toEqual(calm.slice(0, 1));
  expect(calmOf([episode(50_000, undefined, false)], END_MS)).toEqual(calm.slice(0, 1));
});

test('who gets no proof in it was refused one, and who asked when it began or ended may have had bad luck', () => {
  const calm = calmOf([episode(50_000, 80_000)], END_MS);
  const late = END_MS - 20_000;
  const operations = [10_000, 30_000, 36_000, 50_000, 64_000, 66_000, late].map((at) => asked(at));
  const refused = [10_000, 30_000, 66_000, late].map((at) => asked(at));
  expect(failedInCalm([asked(10_000, true), ...operations], calm, 100)).toEqual(refused);
  expect(failedInCalm(operations, calm, 2)).toEqual(refused.slice(0, 2));
});
