import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  countOperations,
  decodeCurvePoint,
  decodeG1,
  encodeCurvePoint,
  encodeG1,
  equals,
  G1_GENERATOR,
  INFINITY,
  isInfinity,
  mulBase,
  setDecodeCache,
} from '../src/index.ts';
import { answerOf, compressedOf, Fp, fill, G1, offCurve, scalars, strayPoints, uncompressedOf } from './oracle.ts';

const MALFORMED = 'WITAN_ERR_MALFORMED';
const INVALID = 'WITAN_ERR_INVALID';

const generator = G1.BASE;
const stray = strayPoints(1)[0]!;

/** `bytes` with the byte at `at` replaced. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

const infinity48 = changed(new Uint8Array(48), 0, 0xc0);
const infinity96 = changed(new Uint8Array(96), 0, 0x40);

function compressedX(x: bigint): Uint8Array {
  const bytes = Fp.toBytes(x);
  bytes[0]! |= 0x80;
  return bytes;
}

describe('compressed points', () => {
  test('are read and written as the oracle does', () => {
    fc.assert(
      fc.property(scalars, (scalar) => {
        const bytes = generator.multiply(scalar).toBytes(true);
        expect(encodeG1(decodeG1(bytes))).toEqual(bytes);
        expect(equals(decodeG1(bytes), mulBase(scalar))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['nothing', new Uint8Array(0), MALFORMED],
    ['47 bytes', generator.toBytes(true).subarray(1), MALFORMED],
    ['49 bytes', fill(1, 49), MALFORMED],
    ['an uncompressed point', generator.toBytes(false), MALFORMED],
    ['zeros', new Uint8Array(48), MALFORMED],
    ['ones', fill(255, 48), MALFORMED],
    ['no compression flag', changed(generator.toBytes(true), 0, generator.toBytes(true)[0]! & 0x7f), MALFORMED],
    ['x above the field prime', changed(fill(255, 48), 0, 0x9f), MALFORMED],
    ['x = p', compressedX(Fp.ORDER).map((byte, i) => (i === 0 ? byte | 0x80 : byte)), MALFORMED],
    ['an x of no point', offCurve(), MALFORMED],
    ['infinity with a stray bit', changed(infinity48, 20, 1), MALFORMED],
    ['infinity', infinity48, INVALID],
    ['a point outside the subgroup', compressedOf(stray), INVALID],
    ['a torsion point', compressedOf(stray.multiplyUnsafe(G1.Fn.ORDER - 1n).add(stray)), INVALID],
  ])('%s', (_, bytes, answer) => {
    expect(answerOf(() => decodeG1(bytes))).toBe(answer);
  });

  test('infinity, a result of arithmetic, has the standard encoding', () => {
    expect(isInfinity(INFINITY)).toBe(true);
    expect(encodeG1(INFINITY)).toEqual(infinity48);
    expect(isInfinity(G1_GENERATOR)).toBe(false);
  });

  test('the argument may be a view, and may change afterwards', () => {
    const buffer = Buffer.concat([fill(0, 7), generator.toBytes(true)]);
    const point = decodeG1(buffer.subarray(7));
    buffer.fill(0);
    expect(encodeG1(point)).toEqual(generator.toBytes(true));
  });

  test('random bytes never do anything but decode or be malformed or invalid', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 100 }), fc.boolean(), (bytes, flag) => {
        const likely = flag && bytes.length >= 48;
        const input = likely ? changed(bytes.slice(0, 48), 0, (bytes[0]! & 0x1f) | 0x80) : bytes;
        expect([MALFORMED, INVALID, 'accepted']).toContain(answerOf(() => decodeG1(input)));
      }),
    );
  });
});

describe('uncompressed points', () => {
  test('have one encoding each, in or outside the subgroup', () => {
    for (const point of [generator, generator.multiply(12345n), ...strayPoints(5)]) {
      const bytes = uncompressedOf(point);
      expect(encodeCurvePoint(decodeCurvePoint(bytes))).toEqual(bytes);
    }
  });

  test.each([
    ['95 bytes', generator.toBytes(false).subarray(1), MALFORMED],
    ['a compressed point', generator.toBytes(true), MALFORMED],
    ['zeros', new Uint8Array(96), MALFORMED],
    ['a compression flag', changed(generator.toBytes(false), 0, generator.toBytes(false)[0]! | 0x80), MALFORMED],
    ['a sign flag', changed(generator.toBytes(false), 0, generator.toBytes(false)[0]! | 0x20), MALFORMED],
    ['another y', changed(generator.toBytes(false), 95, generator.toBytes(false)[95]! ^ 1), MALFORMED],
    ['another x', changed(generator.toBytes(false), 40, generator.toBytes(false)[40]! ^ 1), MALFORMED],
    ['infinity flag on a point', changed(generator.toBytes(false), 0, generator.toBytes(false)[0]! | 0x40), MALFORMED],
    ['infinity', infinity96, INVALID],
  ])('%s', (_, bytes, answer) => {
    expect(answerOf(() => decodeCurvePoint(bytes))).toBe(answer);
  });
});

describe('the cache of decoded points', () => {
  afterEach(() => setDecodeCache(0));

  test('gives the same point for the same bytes, and forgets the oldest', () => {
    setDecodeCache(2);
    const encoded = [1n, 2n, 3n].map((scalar) => generator.multiply(scalar).toBytes(true));
    const first = decodeG1(encoded[0]!);
    expect(decodeG1(encoded[0]!.slice())).toBe(first);
    decodeG1(encoded[1]!);
    decodeG1(encoded[2]!);
    const again = countOperations(() => decodeG1(encoded[0]!));
    expect(again.counts.g1Decode).toBe(1);
    expect(again.result).not.toBe(first);
  });

  test('never takes one kind of point for the other, and remembers no refusal', () => {
    setDecodeCache(100);
    decodeCurvePoint(uncompressedOf(stray));
    expect(answerOf(() => decodeG1(compressedOf(stray)))).toBe(INVALID);
    expect(answerOf(() => decodeG1(compressedOf(stray)))).toBe(INVALID);
    expect(answerOf(() => decodeG1(uncompressedOf(stray)))).toBe(MALFORMED);
  });

  test('is off unless asked for', () => {
    expect(decodeG1(generator.toBytes(true))).not.toBe(decodeG1(generator.toBytes(true)));
  });
});
