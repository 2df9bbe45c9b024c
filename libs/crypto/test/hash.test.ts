import { describe, expect, test } from 'vitest';
import { concatBytes, constantTimeEqual, fromHex, hkdf, secureRandom, sha256, toHex } from '../src/index.ts';
import { answerOf, bytesOf, fill } from './oracle.ts';

describe('hashes', () => {
  test('SHA-256 of FIPS 180-2’s example', () => {
    expect(toHex(sha256(bytesOf('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  test('HKDF of RFC 5869, test case 1', () => {
    const out = hkdf(fill(0x0b, 22), fromHex('f0f1f2f3f4f5f6f7f8f9'), 42, fromHex('000102030405060708090a0b0c'));
    expect(toHex(out)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
  });

  test('what comes back is a Uint8Array of its own, not a pooled Buffer', () => {
    for (const bytes of [sha256(fill(1)), hkdf(fill(1), 'x', 16), fromHex('00ff'), secureRandom(8)]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
    }
  });
});

describe('hex', () => {
  test('there and back', () => {
    expect(toHex(Uint8Array.of(0, 1, 0xab, 0xff))).toBe('0001abff');
    expect(fromHex('0001abff')).toEqual(Uint8Array.of(0, 1, 0xab, 0xff));
    expect(fromHex('')).toEqual(new Uint8Array(0));
    expect(fromHex('aa', 1)).toEqual(Uint8Array.of(0xaa));
    expect(toHex(Buffer.from('..xyz').subarray(2))).toBe('78797a');
  });

  test.each(['a', 'AB', '0x00', 'zz', '00 ', '00\n', ' 00'])('%j is malformed', (text) => {
    expect(answerOf(() => fromHex(text))).toBe('WITAN_ERR_MALFORMED');
  });

  test('another length than asked for is malformed', () => {
    expect(answerOf(() => fromHex('aabb', 1))).toBe('WITAN_ERR_MALFORMED');
  });
});

describe('bytes', () => {
  test('constant-time equality compares content and length', () => {
    expect(constantTimeEqual(fill(1), fill(1))).toBe(true);
    expect(constantTimeEqual(fill(1), fill(2))).toBe(false);
    expect(constantTimeEqual(fill(1), fill(1, 31))).toBe(false);
    expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  });

  test('concatenation', () => {
    expect(concatBytes(fill(1, 2), fill(2, 1), new Uint8Array(0))).toEqual(Uint8Array.of(1, 1, 2));
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });

  test('secure randomness has the length asked for, and does not repeat', () => {
    expect(secureRandom(32)).toHaveLength(32);
    expect(secureRandom(32)).not.toEqual(secureRandom(32));
  });
});
