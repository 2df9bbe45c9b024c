import { MemoryJournal } from '@witan/journal';
import { describe, expect, test } from 'vitest';
import { Founding } from '../src/founding.ts';
import { Heartbeats } from '../src/heartbeats.ts';
import { identities, sectionOf, TAG } from './support.ts';

const nodes = identities(4);
const [first, ...others] = nodes;

function setUp(witnesses: number) {
  let now = 0;
  const founding = new Founding({
    self: first!.name,
    networkTag: TAG,
    prefix: '',
    witnesses,
    now: () => now,
    freshMs: 5000,
  });
  const beats = (service: 'elder' | 'adult') =>
    nodes.map(
      (identity) =>
        new Heartbeats({
          identity,
          networkTag: TAG,
          prefix: '',
          service,
          journal: new MemoryJournal(),
          wallClock: () => now,
        }),
    );
  const elders = beats('elder');
  const adults = beats('adult');
  return {
    founding,
    blank: (node: number) => founding.heard(elders[node]!.next(undefined, false)),
    adult: (node: number) => founding.heard(adults[node]!.next(undefined, false)),
    knowing: (node: number) => founding.heard(elders[node]!.next(sectionOf(others), false)),
    pass: (ms: number) => {
      now += ms;
    },
    saidBy: (node: number) => elders[node]!.next(undefined, false),
  };
}

describe('a first node', () => {
  test('founds the network once, when all witnesses have said that they know none', () => {
    const { blank } = setUp(3);
    expect([blank(1), blank(2), blank(3), blank(1)]).toEqual([false, false, true, false]);
  });

  test('says how many it hears that know none, lately', () => {
    const { founding, blank, pass } = setUp(3);
    expect(founding.here).toBe(0);
    blank(1);
    pass(3000);
    blank(2);
    expect(founding.here).toBe(2);
    pass(3000);
    expect(founding.here).toBe(1);
  });

  test('counts a node once, and neither itself nor the adult side of a node', () => {
    const { blank, adult } = setUp(3);
    expect([blank(1), blank(1), blank(2), blank(0), adult(3)]).toEqual([false, false, false, false, false]);
    expect(blank(3)).toBe(true);
  });

  test('founds none when one of them knows a section, whatever others say then', () => {
    const { blank, knowing } = setUp(3);
    expect([blank(1), blank(2), knowing(3)]).toEqual([false, false, false]);
    expect([blank(1), blank(2), blank(3)]).toEqual([false, false, false]);
  });

  test('does not count who has not been heard for a while, nor what was said before', () => {
    const { founding, blank, pass, saidBy } = setUp(3);
    const old = saidBy(1);
    expect([blank(1), blank(2)]).toEqual([false, false]);
    pass(5001);
    expect([founding.heard(old), blank(3), blank(2)]).toEqual([false, false, false]);
    expect(blank(1)).toBe(true);
  });

  test('takes no word that was not signed by its author, and is not stopped by bad bytes', () => {
    const { founding, blank, saidBy } = setUp(1);
    const forged = saidBy(1);
    forged[forged.length - 1]! ^= 1;
    expect([founding.heard(forged), founding.heard(new Uint8Array(300))]).toEqual([false, false]);
    expect(blank(1)).toBe(true);
  });
});
