import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answered, allowAnswer, inBitmap, Page, toBitmap } from '../src/index.ts';

describe('bitmap', () => {
  test('holds exactly the members put in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (members) => {
        const map = toBitmap(members);
        const back = Array.from({ length: 320 }, (_, member) => member).filter((member) => inBitmap(map, member));
        expect(back).toEqual([...members].sort((a, b) => a - b));
      }),
    );
  });
});

describe('page', () => {
  test('takes items in order until the next one does not fit, and then no more', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 120_000 }), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const page = new Page(10);
        for (const length of lengths) page.add(new Uint8Array(length));
        const taken = page.items.map((item) => item.length);
        expect(taken).toEqual(lengths.slice(0, taken.length));
        expect(page.full).toBe(taken.length < lengths.length);
        const total = taken.reduce((sum, length) => sum + length, 0);
        expect(taken.length <= 1 || total <= 256 * 1024).toBe(true);
        expect(taken.length).toBeLessThanOrEqual(10);
      }),
    );
  });

  test('an item that is added again is in it once, where it was first, and fills nothing', () => {
    const pool = Array.from({ length: 5 }, (_, i) => new Uint8Array(30_000 * (i + 1)));
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 12 }), (picks) => {
        const [page, once] = [new Page(10), new Page(10)];
        for (const pick of picks) page.add(pool[pick]);
        for (const pick of new Set(picks)) once.add(pool[pick]);
        expect(page.items).toEqual(once.items);
        expect(page.full).toBe(once.full);
      }),
    );
  });

  test('an item larger than a page goes alone', () => {
    const page = new Page(10);
    page.add(new Uint8Array(400_000));
    page.add(new Uint8Array(1));
    expect(page.items).toHaveLength(1);
    expect(page.full).toBe(true);
  });
});

describe('rate limit', () => {
  const allowance = { perSecond: 8, peersMax: 4 };

  test('a peer gets no more than its share in any second, and others are not held back by it', () => {
    let answered: Answered = new Map();
    let granted = 0;
    for (let at = 0; at < 3000; at += 10) {
      const next = allowAnswer(answered, 'greedy', at, allowance);
      if (next) granted++;
      answered = next ?? answered;
    }
    expect(granted).toBe(24);
    expect(allowAnswer(answered, 'modest', 2999, allowance)).toBeDefined();
  });

  test('remembers a bounded number of peers', () => {
    let answered: Answered = new Map();
    for (let peer = 0; peer < 100; peer++)
      answered = allowAnswer(answered, `peer ${peer}`, peer, { ...allowance, peersMax: 16 }) ?? answered;
    expect(answered.size).toBe(16);
    expect(answered.has('peer 99')).toBe(true);
  });
});
