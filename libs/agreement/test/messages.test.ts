import { isWitanError } from '@witan/errors';
import { type Codec, decode, encode } from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Holdings,
  holdingsCodec,
  MAX_EXTRA_BYTES,
  proposalCodec,
  proposalInput,
  proposalOf,
  voteCodec,
  voteOf,
  voteRecord,
} from '../src/index.ts';
import { hashOf, utf8 } from './support.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.nat({ max: 2 ** 32 - 1 });
const hash = bytesOf(32).map((raw) => Buffer.from(raw).toString('hex'));
const bitmap = fc.uint8Array({ maxLength: 128 });

const votes = fc.record({
  instance: bytesOf(32),
  view: u32,
  step: fc.constantFrom('prevote' as const, 'precommit' as const),
  value: fc.option(bytesOf(32), { nil: undefined }),
  fast: fc.boolean(),
  extra: fc.uint8Array({ maxLength: MAX_EXTRA_BYTES }),
});
const proposals = fc.record({
  instance: bytesOf(32),
  view: u32,
  validView: fc.option(u32, { nil: undefined }),
  value: fc.uint8Array({ maxLength: 4096 }),
});
const holdings: fc.Arbitrary<Holdings> = fc.record({
  view: u32,
  proposal: fc.boolean(),
  prevotes: bitmap,
  precommits: bitmap,
  polka: fc.option(fc.record({ view: u32, hash, prevotes: bitmap }), { nil: undefined }),
  first: fc.option(bitmap, { nil: undefined }),
  wants: fc.array(hash, { maxLength: 4 }),
});

const codecs: [string, Codec<unknown>, fc.Arbitrary<unknown>][] = [
  ['vote', voteCodec as Codec<unknown>, votes],
  ['proposal', proposalCodec(4096) as Codec<unknown>, proposals],
  ['holdings', holdingsCodec as Codec<unknown>, holdings],
];

describe.each(codecs)('%s', (_name, codec, values) => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(codec, encode(codec, value))).toEqual(value);
      }),
    );
  });

  test('cut short or with more behind is malformed', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const whole = encode(codec, value);
        for (const wrong of [whole.subarray(0, at % whole.length), Buffer.concat([whole, Buffer.of(0)])]) {
          expect(() => decode(codec, wrong)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_MALFORMED' }));
        }
      }),
    );
  });

  test('any bytes are malformed or the one encoding of what they mean', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        try {
          expect(encode(codec, decode(codec, input))).toEqual(input);
        } catch (error) {
          if (!isWitanError(error)) throw error;
          expect(error.code).toBe('WITAN_ERR_MALFORMED');
        }
      }),
    );
  });
});

const instance = new Uint8Array(32).fill(1);

test('what is too long is malformed', () => {
  const vote = {
    instance,
    view: 0,
    step: 'prevote' as const,
    value: undefined,
    fast: false,
    extra: new Uint8Array(257),
  };
  expect(() => encode(voteCodec, vote)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_MALFORMED' }));
  const proposal = encode(proposalCodec(101), { instance, view: 0, validView: undefined, value: new Uint8Array(101) });
  expect(() => decode(proposalCodec(100), proposal)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_MALFORMED' }));
});

test('outputs become messages and messages records', () => {
  const output = { view: 3, step: 'precommit', hash: hashOf('ok'), fast: false, extra: utf8('share') } as const;
  const raw = utf8('signed');
  expect(voteRecord(2, voteOf(instance, output), raw)).toEqual({
    voter: 2,
    view: 3,
    step: 'precommit',
    hash: hashOf('ok'),
    fast: false,
    extra: utf8('share'),
    raw,
  });
  expect(voteRecord(2, voteOf(instance, { ...output, hash: null }), raw).hash).toBeNull();
  const proposal = proposalOf(instance, { type: 'propose', view: 3, validView: 1, value: utf8('ok') });
  expect(proposalInput(2, proposal, raw)).toEqual({ from: 2, view: 3, validView: 1, value: utf8('ok'), raw });
});
