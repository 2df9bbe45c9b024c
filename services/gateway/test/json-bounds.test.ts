import { MAX_CHAIN_LINKS } from '@witan/api';
import type { WitanErrorCode } from '@witan/errors';
import { WitanError } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundJson, MAX_DEPTH, MAX_PARTS } from '../src/json-bounds.ts';

const encode = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

/** How it is refused; undefined where it is not. */
function refusalOf(json: unknown): WitanErrorCode | undefined {
  try {
    boundJson(json instanceof Uint8Array ? json : encode(json));
    return undefined;
  } catch (error) {
    if (error instanceof WitanError) return error.code;
    throw error;
  }
}

/** Of what would be counted, were it outside of a string. */
const nasty = fc.string({ unit: fc.constantFrom('"', '\\', '[', ']', '{', '}', ',', 'a', 'é', '\n'), maxLength: 20 });

describe('a body', () => {
  test('has room for the longest chain that is taken, and for fields that links do not have yet', () => {
    const names = ['index', 'key', 'parentKey', 'signature', 'prefix', 'generation', 'reason', 'view', 'decision'];
    const link = Object.fromEntries([...names, 'another', 'one more'].map((name) => [name, 'x']));
    const chain = new Array(MAX_CHAIN_LINKS).fill(link);
    expect(refusalOf({ chain, payloadHash: '', context: '', signedAt: '', prefix: '', key: '', signature: '' })).toBe(
      undefined,
    );
  });

  test('is refused for one comma or bracket too many, wherever they are', () => {
    const rows = (length: number) => Array.from({ length: length / 16 }, () => [1, '[', { a: 1, b: ',' }, [], {}]);
    const parts = (json: string) => json.replace(/"[^"]*"/g, '').match(/[,[{]/g)?.length ?? 0;
    const many = JSON.stringify(rows(MAX_PARTS)).slice(0, -1);
    const room = MAX_PARTS - parts(many);
    expect(room).toBeGreaterThanOrEqual(0);
    const full = `${many}${',0'.repeat(room)}]`;
    expect(JSON.parse(full)).toBeInstanceOf(Array);
    expect(refusalOf(Buffer.from(full))).toBeUndefined();
    expect(refusalOf(Buffer.from(`${full.slice(0, -1)},0]`))).toBe('WITAN_ERR_TOO_LARGE');
  });

  test('may have any string: what is in one does not count, wherever it ends', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 20 }), (strings) => {
        const list = Array.from({ length: MAX_PARTS }, (_, nth) => strings[nth % strings.length]);
        expect(refusalOf(list)).toBeUndefined();
        expect(refusalOf([...list, ''])).toBe('WITAN_ERR_TOO_LARGE');
      }),
      { numRuns: 10 },
    );
    expect(refusalOf('[{,"\\'.repeat(1_000_000))).toBeUndefined();
  });

  test('may be as deep as is taken, and no deeper', () => {
    const levels = fc.array(fc.tuple(fc.boolean(), nasty), { minLength: MAX_DEPTH - 2, maxLength: MAX_DEPTH + 3 });
    fc.assert(
      fc.property(levels, nasty, (around, inside) => {
        const value = around.reduce<unknown>((inner, [isList, text]) => {
          return isList ? [text, [], inner] : { [text]: {}, inner };
        }, inside);
        expect(refusalOf(value)).toBe(depthOf(value) > MAX_DEPTH ? 'WITAN_ERR_MALFORMED' : undefined);
      }),
    );
  });

  test('that is no JSON is none, whatever is counted of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, 'WITAN_ERR_MALFORMED', 'WITAN_ERR_TOO_LARGE']).toContain(refusalOf(bytes));
      }),
    );
    expect(refusalOf(Buffer.from('"'))).toBeUndefined();
    expect(refusalOf(Buffer.from('"\\'))).toBeUndefined();
    expect(refusalOf(Buffer.from('['.repeat(1_000_000)))).toBe('WITAN_ERR_MALFORMED');
    expect(refusalOf(Buffer.from(`\\"${'[],'.repeat(MAX_PARTS)}`))).toBeUndefined();
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
