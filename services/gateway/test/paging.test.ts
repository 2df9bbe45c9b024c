import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { paginate } from '../src/paging.ts';

const options = { list: 'words', key: (word: string) => word, defaultLimit: 3 };
const sorted = (words: readonly string[]) => [...new Set(words)].sort((a, b) => (a < b ? -1 : 1));

describe('pages', () => {
  test('put together are the list, whatever the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 7 }), (words, limit) => {
        const list = sorted(words);
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: { items: string[]; nextCursor: string | null } = paginate(
            list,
            { limit, ...(cursor !== null && { cursor }) },
            options,
          );
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual(list);
      }),
    );
  });

  test('of a list that changes between them repeat nothing and lose nothing that stayed', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 4 }), fc.array(fc.string()), fc.nat(), (words, added, pick) => {
        const before = sorted(words);
        const first = paginate(before, { limit: 2 }, options);
        fc.pre(first.nextCursor !== null);
        const gone = before[pick % before.length];
        const after = sorted([...before.filter((word) => word !== gone), ...added]);
        const rest = paginate(after, { limit: 1000, cursor: first.nextCursor as string }, options).items;
        expect(rest.filter((word) => first.items.includes(word))).toEqual([]);
        for (const word of before.slice(2)) if (word !== gone) expect(rest).toContain(word);
      }),
    );
  });

  test('the last page has no next, also when it is full', () => {
    expect(paginate(['a', 'b', 'c'], {}, options)).toEqual({ items: ['a', 'b', 'c'], nextCursor: null });
    expect(paginate([], {}, options)).toEqual({ items: [], nextCursor: null });
  });

  test('a cursor of another list, or a made-up one, is refused', () => {
    const { nextCursor } = paginate(['a', 'b'], { limit: 1 }, { ...options, list: 'others' });
    for (const cursor of [nextCursor as string, 'x', '', `${nextCursor}=`]) {
      expect(() => paginate(['a', 'b'], { cursor }, options)).toThrow(
        expect.objectContaining({ code: 'WITAN_ERR_INVALID' }),
      );
    }
  });
});
