import {
  bool,
  bytes,
  decode,
  encode,
  fixed,
  list,
  networkTag,
  openEnvelope,
  optional,
  struct,
  text,
  u8,
  u16,
  u53,
  union,
} from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptsOnlyItsOwn, hex, refusal, SPECIMENS } from './made.ts';

describe.each(SPECIMENS)('$name', ({ codec, values }) => {
  test('arbitrary bytes are malformed, or the one way to write a value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), (input) => {
        acceptsOnlyItsOwn(codec, input);
      }),
      { numRuns: 300 },
    );
  });

  test('so are the bytes of a value with some of them changed', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    let accepted = 0;
    fc.assert(
      fc.property(values, changes, (value, edits) => {
        const input = encode(codec, value);
        if (acceptsOnlyItsOwn(codec, input)) accepted++;
        for (const [at, byte] of edits) input[at % input.length] = byte;
        acceptsOnlyItsOwn(codec, input);
      }),
      { numRuns: 200 },
    );
    expect(accepted).toBe(200);
  });
});

describe('malformed', () => {
  const either = union({ a: [1, struct({})], b: [2, struct({ x: u8 })] });

  test.each([
    ['nothing at all', () => decode(u8, hex(''))],
    ['a boolean of 2', () => decode(bool, hex('02'))],
    ['a boolean of 255', () => decode(bool, hex('ff'))],
    ['a presence of 2', () => decode(optional(u8), hex('0200'))],
    ['absent, and a value', () => decode(optional(u8), hex('0000'))],
    ['a counter of 2^53', () => decode(u53, hex('00200000 00000000'))],
    ['a counter of 2^64 - 1', () => decode(u53, hex('ffffffff ffffffff'))],
    ['bytes above the bound', () => decode(bytes(2), hex('00000003 010203'))],
    ['a list above the bound', () => decode(list(u8, 2), hex('0003 010203'))],
    ['text above the bound', () => decode(text(1), hex('00000002 6161'))],
    ['variant 0', () => decode(either, hex('00'))],
    ['variant 3', () => decode(either, hex('0300'))],
    ['a continuation byte alone', () => decode(text(9), hex('00000001 80'))],
    ['an overlong encoding', () => decode(text(9), hex('00000002 c080'))],
    ['a surrogate in UTF-8', () => decode(text(9), hex('00000003 eda080'))],
    ['a character above U+10FFFF', () => decode(text(9), hex('00000004 f4908080'))],
    ['a character that is cut', () => decode(text(9), hex('00000001 c3'))],
  ])('%s', (_, act) => {
    expect(refusal(act)).toBe('WITAN_ERR_MALFORMED');
  });

  test('2^53 - 1 is the last counter', () => {
    expect(decode(u53, hex('001fffff ffffffff'))).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a length far above what is there allocates nothing', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) {
      expect(refusal(() => decode(bytes(2 ** 31), hex('7fffffff 01')))).toBe('WITAN_ERR_MALFORMED');
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
  });

  test('the detail names the field, through every struct and variant', () => {
    const codec = struct({ outer: struct({ shape: union({ a: [1, struct({ key: fixed(2) })] }) }), after: u16 });
    expect(() => decode(codec, hex('01 aa'))).toThrow('WITAN_ERR_MALFORMED: outer: shape: a: key: ends at byte 2');
    expect(() => decode(codec, hex('01 aabb 0001 ff ff'))).toThrow('WITAN_ERR_MALFORMED: 2 bytes too many');
  });
});

test('an envelope of arbitrary bytes is refused with a code', () => {
  const network = networkTag('test');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
      expect(refusal(() => openEnvelope(raw, network))).toMatch(/^WITAN_ERR_(MALFORMED|INVALID)$/);
    }),
    { numRuns: 300 },
  );
});
