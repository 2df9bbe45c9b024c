import { WitanError, type WitanErrorCode } from '@witan/errors';
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

export interface Specimen {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

function specimen<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): Specimen {
  return { name, codec: codec as Codec<unknown>, values };
}

const uint = (bits: number) => fc.nat({ max: 2 ** bits - 1 });
const raw = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
/** At most 8 characters, of up to four bytes each. */
const unicode = fc.string({ unit: 'grapheme-composite', maxLength: 8 }).filter((value) => encodedLength(value) <= 32);
const shape = union({
  point: [3, struct({ x: u16, label: text(32) })],
  none: [7, struct({})],
  many: [200, struct({ items: list(u8, 4) })],
});
const everything = struct({
  small: u8,
  counter: u53,
  flag: bool,
  name: text(32),
  key: fixed(4),
  body: bytes(16),
  maybe: optional(u32),
  shapes: list(shape, 3),
});
const shapes = fc.oneof(
  fc.record({ type: fc.constant('point' as const), x: uint(16), label: unicode }),
  fc.record({ type: fc.constant('none' as const) }),
  fc.record({ type: fc.constant('many' as const), items: fc.array(uint(8), { maxLength: 4 }) }),
);

/** Each combinator with values for it, and all of them in one. */
export const SPECIMENS: readonly Specimen[] = [
  specimen('u8', u8, uint(8)),
  specimen('u16', u16, uint(16)),
  specimen('u32', u32, fc.oneof(uint(31), fc.constantFrom(2 ** 31, 2 ** 32 - 1))),
  specimen('u53', u53, fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER))),
  specimen('bool', bool, fc.boolean()),
  specimen('fixed', fixed(4), raw(4)),
  specimen('bytes', bytes(16), raw(0, 16)),
  specimen('text', text(32), unicode),
  specimen('list', list(u16, 5), fc.array(uint(16), { maxLength: 5 })),
  specimen('optional', optional(u16), fc.option(uint(16), { nil: undefined })),
  specimen('struct', struct({ b: u8, a: u16 }), fc.record({ b: uint(8), a: uint(16) })),
  specimen('union', shape, shapes),
  specimen(
    'all of them',
    everything,
    fc.record({
      small: uint(8),
      counter: fc.maxSafeNat(),
      flag: fc.boolean(),
      name: unicode,
      key: raw(4),
      body: raw(0, 16),
      maybe: fc.option(uint(31), { nil: undefined }),
      shapes: fc.array(shapes, { maxLength: 3 }),
    }),
  ),
];

export function encodedLength(value: string): number {
  return new TextEncoder().encode(value).length;
}

/** The code of the WitanError that `act` throws; anything else that it throws is passed on, and fails the test. */
export function refusal(act: () => unknown): WitanErrorCode | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof WitanError) return error.code;
    throw error;
  }
}

/** Whether `input` is accepted. What is accepted has to be the only way to write the value. */
export function acceptsOnlyItsOwn(codec: Codec<unknown>, input: Uint8Array): boolean {
  let value: unknown;
  const code = refusal(() => {
    value = decode(codec, input);
  });
  if (code !== undefined && code !== 'WITAN_ERR_MALFORMED') throw new Error(`refused with ${code}`);
  if (code === undefined && Buffer.compare(encode(codec, value), input) !== 0) {
    throw new Error(`${Buffer.from(input).toString('hex')} is read and written in another way`);
  }
  return code === undefined;
}

export function hex(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value.replaceAll(' ', ''), 'hex'));
}
