import {
  bool,
  bytes,
  type Codec,
  decode,
  encode,
  fixed,
  list,
  optional,
  struct,
  text,
  u8,
  u16,
  u32,
  u53,
  union,
} from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex, refusal, SPECIMENS } from './made.ts';

describe.each(SPECIMENS)('$name', ({ codec, values }) => {
  test('reads what it wrote', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(codec, encode(codec, value))).toEqual(value);
      }),
      { numRuns: 150 },
    );
  });

  test('refuses every truncation and every trailing byte', () => {
    fc.assert(
      fc.property(values, fc.nat({ max: 255 }), (value, extra) => {
        const whole = encode(codec, value);
        for (let length = 0; length < whole.length; length++) {
          expect(refusal(() => decode(codec, whole.subarray(0, length)))).toBe('WITAN_ERR_MALFORMED');
        }
        expect(refusal(() => decode(codec, Uint8Array.of(...whole, extra)))).toBe('WITAN_ERR_MALFORMED');
      }),
      { numRuns: 50 },
    );
  });
});

describe('the format', () => {
  test.each([
    ['u8', encode(u8, 0xfe), 'fe'],
    ['u16', encode(u16, 0x0102), '0102'],
    ['u32', encode(u32, 0xfffefdfc), 'fffefdfc'],
    ['u53', encode(u53, 2 ** 32 + 5), '00000001 00000005'],
    ['bool', encode(bool, true), '01'],
    ['fixed', encode(fixed(2), hex('abcd')), 'abcd'],
    ['bytes', encode(bytes(9), hex('abcd')), '00000002 abcd'],
    ['text', encode(text(9), 'é'), '00000002 c3a9'],
    ['list', encode(list(u8, 9), [1, 2, 3]), '0003 010203'],
    ['optional, absent', encode(optional(u8), undefined), '00'],
    ['optional, present', encode(optional(u8), 0), '01 00'],
    ['struct, in the order written down', encode(struct({ b: u8, a: u16 }), { a: 1, b: 2 }), '02 0001'],
    ['union', encode(union({ a: [9, struct({ x: u8 })] }), { type: 'a', x: 1 }), '09 01'],
  ])('of %s is what it was', (_, written, expected) => {
    expect(Buffer.from(written).toString('hex')).toBe(expected.replaceAll(' ', ''));
  });

  test('text keeps a byte order mark and a NUL', () => {
    expect(decode(text(16), encode(text(16), '\ufeffa\0'))).toBe('\ufeffa\0');
  });

  test('what grows beyond the first buffer is written whole', () => {
    const large = new Uint8Array(100_000).map((_, index) => index);
    expect(
      decode(struct({ a: u8, b: bytes(200_000) }), encode(struct({ a: u8, b: bytes(200_000) }), { a: 1, b: large })),
    ).toEqual({ a: 1, b: large });
  });

  test('up to 64 bytes are copied, more are shared with the input; of a Buffer too', () => {
    for (const from of [(input: Uint8Array) => input, (input: Uint8Array) => Buffer.from(input)]) {
      for (const length of [4, 64, 65, 5000]) {
        const input = from(encode(bytes(8192), new Uint8Array(length).fill(7)));
        const value = decode(bytes(8192), input);
        expect(value).toEqual(new Uint8Array(length).fill(7));
        input.fill(0);
        expect(value[0]).toBe(length <= 64 ? 7 : 0);
      }
    }
  });

  test('is written rightly within another that is being written, and after one that could not be', () => {
    const large = new Uint8Array(40_000).fill(3);
    const nested: Codec<Uint8Array> = {
      write: (w, v) => bytes(100_000).write(w, encode(bytes(100_000), v)),
      read: (r) => decode(bytes(100_000), bytes(100_000).read(r)),
    };
    const codec = struct({ before: u16, nested, after: u16 });
    for (const inner of [hex('0102'), large, hex('')]) {
      const value = { before: 1, nested: inner, after: 2 };
      expect(decode(codec, encode(codec, value))).toEqual(value);
      expect(refusal(() => encode(codec, { ...value, after: -1 }))).toBe('WITAN_ERR_MALFORMED');
    }
    const first = encode(bytes(16), hex('aabb'));
    encode(bytes(16), hex('ccdd'));
    expect(first).toEqual(hex('00000002 aabb'));
  });
});

describe('a value that has no bytes is not written', () => {
  const either = union({ a: [1, struct({})] });
  const asUnknown = (value: unknown) => value as never;

  test.each([
    ['u8 of 256', () => encode(u8, 256)],
    ['u16 of -1', () => encode(u16, -1)],
    ['u32 of 1.5', () => encode(u32, 1.5)],
    ['u32 of NaN', () => encode(u32, Number.NaN)],
    ['u53 above the safe integers', () => encode(u53, 2 ** 53)],
    ['u53 of -1', () => encode(u53, -1)],
    ['u53 of a fraction', () => encode(u53, 0.5)],
    ['fixed, shorter', () => encode(fixed(3), hex('0102'))],
    ['fixed, longer', () => encode(fixed(1), hex('0102'))],
    ['bytes above the bound', () => encode(bytes(1), hex('0102'))],
    ['text above the bound in bytes', () => encode(text(1), 'é')],
    ['text with a lone surrogate', () => encode(text(9), 'a\ud800')],
    ['text that is a number', () => encode(text(9), asUnknown(12))],
    ['list above the bound', () => encode(list(u8, 1), [1, 2])],
    ['list above what its count can say', () => encode(list(u8, 70_000), new Array(65_536).fill(0))],
    ['a variant that is none', () => encode(either, asUnknown({ type: 'b' }))],
  ])('%s', (_, act) => {
    expect(refusal(act)).toBe('WITAN_ERR_MALFORMED');
  });
});
