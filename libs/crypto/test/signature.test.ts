import { getImplementation } from '@chainsafe/bls/getImplementation';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countOperations,
  decodeG1,
  encodeG1,
  fromHex,
  INFINITY,
  keyPair,
  mulBase,
  ORDER,
  scalarFromBytes,
  scalarToBytes,
  signShare,
  sum,
  toHex,
  verifySignature,
} from '../src/index.ts';
import { answerOf, bytesOf, compressedOf, fill, G1, G2, offCurve, scalars, strayPoints } from './oracle.ts';

const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const oracleHash = (message: Uint8Array) => bls12_381.G2.hashToCurve(message, { DST });
const MALFORMED = 'WITAN_ERR_MALFORMED';
const INVALID = 'WITAN_ERR_INVALID';

const message = bytesOf('a statement');
const { secret, publicKey } = keyPair(123456789n);
const signature = signShare(secret, message);

/** A point of the curve over Fp2 outside G2. */
function strayG2(): Uint8Array {
  const { Fp2 } = bls12_381.fields;
  const b = Fp2.create({ c0: 4n, c1: 4n });
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 0n };
    try {
      Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
    } catch {
      continue;
    }
    const bytes = new Uint8Array(96);
    bytes.set(scalarToBytes(c0), 64);
    bytes[0] = 0x80;
    return bytes;
  }
}

describe('signatures', () => {
  test('the oracle’s hash to G2 is that of RFC 9380, appendix J.10.1', () => {
    const point = bls12_381.G2.hashToCurve(bytesOf(''), { DST: 'QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_' });
    const { x } = point.toAffine();
    expect(x.c0).toBe(
      0x0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78an,
    );
    expect(x.c1).toBe(
      0x05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03dn,
    );
  });

  test('the public vector of the Ethereum consensus tests', () => {
    const key = scalarFromBytes(fromHex('263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3'));
    expect(toHex(signShare(key, fill(0)))).toBe(
      'b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515809' +
        '0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55',
    );
  });

  test('are secret · hash(message) by the oracle; the secret 1 signs with the hash itself', () => {
    fc.assert(
      fc.property(scalars, fc.uint8Array({ maxLength: 80 }), (scalar, bytes) => {
        expect(signShare(scalar, bytes)).toEqual(oracleHash(bytes).multiply(scalar).toBytes(true));
      }),
      { numRuns: 10 },
    );
    expect(signShare(1n, message)).toEqual(oracleHash(message).toBytes(true));
  });

  test('verify here and in the oracle, whichever side made them', () => {
    const { longSignatures } = bls12_381;
    const hashed = longSignatures.hash(message, DST);
    expect(longSignatures.verify(G2.fromBytes(signature), hashed, encodeG1(publicKey))).toBe(true);
    const theirs = longSignatures.sign(hashed, scalarToBytes(123456789n)).toBytes(true);
    expect(verifySignature(publicKey, message, theirs)).toBe(true);
  });

  test.each(['blst-native', 'herumi'] as const)('are those of @chainsafe/bls on %s', async (name) => {
    const bls = await getImplementation(name);
    if (name === 'herumi') await (await import('@chainsafe/bls/herumi')).init();
    expect(new Uint8Array(bls.sign(scalarToBytes(123456789n), message))).toEqual(signature);
    expect(bls.verify(encodeG1(publicKey), message, signature)).toBe(true);
    // Another user of the wasm library initialises it again: what is computed here does not change.
    expect(encodeG1(sum([mulBase(5n), mulBase(6n)]))).toEqual(G1.BASE.multiply(11n).toBytes(true));
  });

  test('hold for their key and message alone', () => {
    expect(verifySignature(publicKey, message, signature)).toBe(true);
    expect(verifySignature(encodeG1(publicKey), message, signature)).toBe(true);
    expect(verifySignature(publicKey, bytesOf('another'), signature)).toBe(false);
    expect(verifySignature(mulBase(5n), message, signature)).toBe(false);
    expect(verifySignature(publicKey, message, signShare(5n, message))).toBe(false);
    const negative = signature.slice();
    negative[0]! ^= 0x20;
    expect(verifySignature(publicKey, message, negative)).toBe(false);
  });

  const infinity = new Uint8Array(96);
  infinity[0] = 0xc0;
  test.each([
    ['nothing', new Uint8Array(0), MALFORMED],
    ['95 bytes', signature.subarray(1), MALFORMED],
    ['97 bytes', fill(1, 97), MALFORMED],
    ['an uncompressed signature', G2.fromBytes(signature).toBytes(false), MALFORMED],
    ['zeros', new Uint8Array(96), MALFORMED],
    ['ones', fill(255, 96), MALFORMED],
    ['infinity', infinity, INVALID],
    ['a point outside the subgroup', strayG2(), INVALID],
  ])('%s is no signature', (_, bytes, answer) => {
    expect(answerOf(() => verifySignature(publicKey, message, bytes))).toBe(answer);
  });

  const infiniteKey = new Uint8Array(48);
  infiniteKey[0] = 0xc0;
  test.each([
    ['47 bytes', fill(1, 47), MALFORMED],
    ['an uncompressed key', G1.BASE.toBytes(false), MALFORMED],
    ['off the curve', offCurve(), MALFORMED],
    ['infinity', infiniteKey, INVALID],
    ['outside the subgroup', compressedOf(strayPoints(1)[0]!), INVALID],
  ])('%s is no public key, the second time as the first', (_, bytes, answer) => {
    expect(answerOf(() => verifySignature(bytes, message, signature))).toBe(answer);
    expect(answerOf(() => verifySignature(bytes, message, signature))).toBe(answer);
  });

  test('infinity as a point is no public key either', () => {
    expect(answerOf(() => verifySignature(INFINITY, message, signature))).toBe(INVALID);
  });

  test('zero signs nothing and is nobody’s key', () => {
    expect(answerOf(() => signShare(0n, message))).toBe(INVALID);
    expect(answerOf(() => signShare(ORDER, message))).toBe(INVALID);
    expect(answerOf(() => keyPair(0n))).toBe(INVALID);
    expect(answerOf(() => keyPair(ORDER))).toBe(INVALID);
  });

  test('a key that is used again is decoded once', () => {
    const key = encodeG1(mulBase(987n));
    const both = () => [verifySignature(key, message, signature), verifySignature(key.slice(), message, signature)];
    expect(countOperations(both).counts).toMatchObject({ g1Decode: 1, verify: 2, g2Decode: 2 });
    expect(decodeG1(key)).toBeDefined();
  });
});
