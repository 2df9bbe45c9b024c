import { expect, test } from 'vitest';
import { defectsOf } from '../support/defects.ts';
import { Scrape } from '../support/exposition.ts';

const COUNTERS = ['actor_crashes', 'actor_poison_messages', 'actor_effect_failures', 'bus_handler_errors'];
const counts = (...more: readonly string[]) =>
  new Scrape([...COUNTERS, ...more].map((name) => `witan_${name}_total 0`).join('\n'));
const all = counts('bus_forbidden');
const soon = { withinMs: 200, everyMs: 1 };
const patient = { withinMs: 60_000, everyMs: 1 };

test('one that was started just now is given time to count, and is then judged', async () => {
  const answers = [() => Promise.reject(new Error('not there yet')), async () => counts(), async () => all];
  expect(await defectsOf('gateway', () => answers.shift()!(), patient)).toEqual([]);
  expect(answers).toEqual([]);
  const crashed = new Scrape(all.text.replace('crashes_total 0', 'crashes_total 1'));
  expect(await defectsOf('gateway', async () => crashed, patient)).toEqual(['witan_actor_crashes_total is 1']);
});

test('one that never counts, or never answers, is told', async () => {
  expect(await defectsOf('gateway', async () => counts(), soon)).toEqual(['witan_bus_forbidden_total is missing']);
  expect(await defectsOf('gateway', () => Promise.reject(new Error('gone')), soon)).toEqual([
    expect.stringMatching(/it tells what it has counted: gone/),
  ]);
});

test('an elder that was heard to say two things is told, where all are honest', async () => {
  const rejected = (reason: string) => `witan_messages_rejected_total{channel="decisions",reason="${reason}"} 2`;
  const heard = new Scrape([all.text, rejected('duplicate'), rejected('equivocation')].join('\n'));
  expect(await defectsOf('gateway', async () => heard, patient)).toEqual([
    'witan_messages_rejected_total{reason="equivocation"} is 2',
  ]);
  const repeated = new Scrape([all.text, rejected('duplicate')].join('\n'));
  expect(await defectsOf('gateway', async () => repeated, patient)).toEqual([]);
});
