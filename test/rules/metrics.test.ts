import { ALL_METRICS } from '@witan/observability';
import { describe, expect, test } from 'vitest';
import { ELSEWHERE, OPEN_LABELS } from '../e2e/metric-elsewhere.ts';
import { METRIC_TABLE } from '../e2e/metric-table.ts';
import { exists, read, withoutComments } from './repo.ts';

const DEFINED = Object.values(ALL_METRICS).flat();

/** Rows in which the metric moves: what is 0, or any number, all the time shows nothing. */
const MOVING = METRIC_TABLE.filter(({ expected }) =>
  Object.values(expected).some((each) => each !== 0 && each !== 'any' && each !== 'absent'),
);
const ABOUT = [
  ...MOVING.map(({ metric, labels }) => ({ metric: metric.replace(/_count$/, ''), labels })),
  ...ELSEWHERE,
];

/** The statements of a file, one for each test or group of tests that are described together. */
const blocks = (text: string): string[] => withoutComments(text).split(/\n(?=(?:describe|test)\b)/);

describe('every metric is seen to move, in the runs of end-to-end tests or in a test of its own', () => {
  test.each(DEFINED.map((definition) => [definition.name, definition] as const))('%s', (name, { labels }) => {
    const about = ABOUT.filter(({ metric }) => metric === name);
    expect(about).not.toEqual([]);
    const unseen = Object.entries(labels)
      .filter(([label]) => !OPEN_LABELS.includes(`${name}.${label}`))
      .flatMap(([label, values]) => values.map((value) => [label, value] as const))
      .filter(([label, value]) => !about.some(({ labels: of }) => of?.[label] === value));
    expect(unseen).toEqual([]);
  });

  test('nothing is listed that is not there', () => {
    const known = new Set(DEFINED.map(({ name }) => name));
    const named = [...METRIC_TABLE, ...ELSEWHERE].map(({ metric }) => metric.replace(/_count$/, ''));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    const labels = new Set(
      DEFINED.flatMap(({ name, labels: of }) => Object.keys(of).map((label) => `${name}.${label}`)),
    );
    expect(OPEN_LABELS.filter((label) => !labels.has(label))).toEqual([]);
  });

  test.each(ELSEWHERE.map((entry) => [JSON.stringify([entry.metric, entry.labels]), entry] as const))(
    '%s: a test in the file that is named asserts something of it',
    (_, { metric, labels, test: path }) => {
      expect(exists(path), path).toBe(true);
      const spoken = [metric, ...Object.values(labels ?? {})].map((word) => new RegExp(`['\`" ]${word}['\`" ,:]`));
      const about = blocks(read(path)).filter((block) => spoken.every((word) => word.test(block)));
      expect(about.filter((block) => block.includes('expect('))).not.toEqual([]);
    },
  );
});
