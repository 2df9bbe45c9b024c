import { expect, test } from 'vitest';
import { OneTruth } from '../support/one-truth.ts';
import { LogJudge } from './log-judge.ts';

const MANY = 30_000;

test('what processes say differently is kept, however much they say after it', () => {
  const judge = new LogJudge();
  judge.hear('elder-0', { event: 'decided', generation: 7, action: 'handover', key: 'aa' });
  judge.hear('elder-1', { event: 'decided', generation: 7, action: 'handover', key: 'bb' });
  for (let i = 0; i < MANY; i++) judge.hear('elder-0', { event: 'dkg-done', session: i, key: 'cc' });
  judge.hear('elder-1', { event: 'dkg-done', session: MANY - 1, key: 'dd' });
  expect(judge.complaints()).toEqual(['key of generation 7: aa: bb', `session ${MANY - 1}: cc: dd`]);
});

test('of what is long past there is an end', () => {
  const truth = new OneTruth();
  for (let i = 0; i < MANY; i++) truth.hear({ event: 'dkg-done', session: i, key: 'cc' });
  truth.hear({ event: 'dkg-done', session: 0, key: 'dd' });
  expect(truth.contradictions()).toEqual([]);
});
