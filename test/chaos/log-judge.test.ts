import { describe, expect, test } from 'vitest';
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

test('two decisions of one generation are told though both are of the same kind, and one that is certified twice is not', () => {
  const judge = new LogJudge();
  const join = { event: 'decided', generation: 3, action: 'join' };
  judge.hear('elder-0', { ...join, decision: 'aa', view: 0 });
  judge.hear('elder-1', { ...join, decision: 'aa', view: 1 });
  judge.hear('elder-2', join);
  expect(judge.complaints()).toEqual([]);
  judge.hear('elder-3', { ...join, decision: 'bb', view: 0 });
  expect(judge.complaints()).toEqual(['decision of generation 3: aa: bb']);
});

test('an elder that is heard to say two things is told, once by each who heard it', () => {
  const judge = new LogJudge();
  for (const who of ['elder-0', 'elder-0', 'elder-1']) judge.hear(who, { event: 'equivocation', accused: 'ab' });
  const said = (who: string) => `${who}: an elder said two different things: {"accused":"ab"}`;
  expect(judge.complaints()).toEqual([said('elder-0'), said('elder-1')]);
});

describe('of an elder that is started again', () => {
  let time = 0;
  const says = (event: string, more: object = {}) => ({ service: 'elder', node: 'ab', time: time++, event, ...more });
  const share = (key: string) => says('share', { usable: true, key });
  const decided = (generation: number) => says('decided', { generation });
  const recovered = (generation: number, key: string, usableShare?: boolean) =>
    says('recovered', { generation, key, usableShare });
  const heard = (...lines: readonly object[]): string[] => {
    const judge = new LogJudge();
    for (const line of lines) judge.hear('elder-0', line as Record<string, unknown>);
    return judge.complaints();
  };
  const had = [decided(8), share('k1')];

  test('it is told when it lacks the share that it had, or all that it had, or what was decided', () => {
    expect(heard(...had, recovered(8, 'k1', false))).toEqual([
      'lost key share of k1: ab has come back at generation 8 without',
    ]);
    expect(heard(...had, says('fresh'))).toEqual(['lost key share of k1: ab has come back with nothing']);
    expect(heard(...had, recovered(7, 'k0', false))).toEqual([
      'lost key share of k1: ab has come back at generation 7 without',
    ]);
    expect(heard(decided(8), recovered(7, 'k0', false))).toEqual([
      'lost decisions up to generation 8: ab has come back at generation 7 without',
    ]);
  });

  test('also when it had told of it at a start before, and gets another one soon', () => {
    const lives = [recovered(8, 'k1', true), recovered(8, 'k1', true), recovered(9, 'k1', false), share('k1')];
    expect(heard(...lives)).toHaveLength(1);
  });

  test.each([
    ['it has it', [...had, recovered(8, 'k1', true)]],
    ['it had none yet', [decided(8), recovered(8, 'k1', false), share('k1'), recovered(8, 'k1', true)]],
    ['it is new', [says('fresh'), decided(1)]],
    ['it was killed at the handover', [...had, decided(9), recovered(9, 'k2', false), share('k2')]],
    ['it was replaced', [...had, decided(9), recovered(9, 'k2', false), recovered(11, 'k2', false)]],
    ['it is of a release that does not tell', [...had, recovered(8, 'k1')]],
    ['another process of its node starts', [...had, { ...says('fresh'), service: 'adult' }]],
  ])('nothing is told when %s', (_, lines) => {
    expect(heard(...lines)).toEqual([]);
  });

  test('lines that are heard twice, as where two looks overlap, tell nothing new', () => {
    const lines = [recovered(8, 'k1', true), decided(9), share('k2')];
    expect(heard(...lines, ...lines)).toEqual([]);
  });

  test('what it had before the run counts, and what it had lost before it does not', () => {
    const text = (...lines: readonly object[]) => lines.map((line) => JSON.stringify(line)).join('\n');
    const judge = new LogJudge();
    judge.learn(text(...had, recovered(8, 'k1', false), share('k1')));
    expect(judge.complaints()).toEqual([]);
    judge.hearText('elder-0', text(recovered(8, 'k1', false)));
    expect(judge.complaints()).toHaveLength(1);
  });
});
