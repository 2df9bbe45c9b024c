import { createDecipheriv } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { hkdf as oracleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 as oracleSha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  concatBytes,
  ephemeralFromSeed,
  Identity,
  openSealed,
  openWithEphemeral,
  sealTo,
  X25519Private,
  x25519PublicFromEd25519,
} from '../src/index.ts';
import { answerOf, bytesOf, fill } from './oracle.ts';

const MALFORMED = 'WITAN_ERR_MALFORMED';
const INVALID = 'WITAN_ERR_INVALID';

const recipient = ephemeralFromSeed(fill(1));
const secret = fill(2);
const context = bytesOf('session, dealer 3, receiver 4');
const plaintext = bytesOf('two scalars');
const { ephemeral, ciphertext } = sealTo(recipient.publicKey, secret, plaintext, context);

const flips = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: 8 * bytes.length }, (_, bit) =>
    bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
  );

describe('sealing', () => {
  test('the recipient opens it, with the key as bytes or imported', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 2000 }), (text, about) => {
        const sealed = sealTo(recipient.publicKey, secret, text, about);
        expect(sealed.ciphertext).toHaveLength(text.length + 16);
        expect(openSealed(recipient.privateKey, sealed.ephemeral, sealed.ciphertext, about)).toEqual(text);
        const imported = new X25519Private(recipient.privateKey);
        expect(openSealed(imported, sealed.ephemeral, sealed.ciphertext, about)).toEqual(text);
      }),
      { numRuns: 30 },
    );
  });

  test('whoever is shown the ephemeral secret opens it too', () => {
    expect(openWithEphemeral(secret, ephemeral, recipient.publicKey, ciphertext, context)).toEqual(plaintext);
  });

  test('is what the description says, by other libraries', () => {
    expect(ephemeral).toEqual(x25519.getPublicKey(secret));
    const info = concatBytes(bytesOf('witan/seal/1'), ephemeral, recipient.publicKey, oracleSha256(context));
    const shared = x25519.getSharedSecret(recipient.privateKey, ephemeral);
    const derived = oracleHkdf(oracleSha256, shared, undefined, info, 44);
    const decipher = createDecipheriv('chacha20-poly1305', derived.subarray(0, 32), derived.subarray(32), {
      authTagLength: 16,
    });
    decipher.setAuthTag(ciphertext.subarray(-16));
    const text = Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]);
    expect(new Uint8Array(text)).toEqual(plaintext);
  });

  test('is the same bytes again for the same arguments, and other bytes for any other', () => {
    expect(sealTo(recipient.publicKey, secret, plaintext, context)).toEqual({ ephemeral, ciphertext });
    const others = [
      sealTo(ephemeralFromSeed(fill(9)).publicKey, secret, plaintext, context),
      sealTo(recipient.publicKey, fill(9), plaintext, context),
      sealTo(recipient.publicKey, secret, plaintext, bytesOf('another context')),
    ];
    for (const other of others) expect(other.ciphertext).not.toEqual(ciphertext);
    // Another context gives another key stream, not just another tag: the difference of the texts does not show.
    const [, , elsewhere] = others;
    expect(elsewhere!.ciphertext.subarray(0, 8)).not.toEqual(ciphertext.subarray(0, 8));
  });

  test('every flipped bit is refused: ciphertext, ephemeral key, context', () => {
    const open = (key: Uint8Array, bytes: Uint8Array, about: Uint8Array) =>
      answerOf(() => openSealed(recipient.privateKey, key, bytes, about));
    for (const changed of flips(ciphertext)) expect(open(ephemeral, changed, context)).toBe(INVALID);
    for (const changed of flips(ephemeral)) expect(open(changed, ciphertext, context)).toBe(INVALID);
    for (const changed of flips(context)) expect(open(ephemeral, ciphertext, changed)).toBe(INVALID);
  });

  test('every flipped bit is refused when shown openly, too', () => {
    const open = (...args: Parameters<typeof openWithEphemeral>) => answerOf(() => openWithEphemeral(...args));
    for (const changed of flips(ciphertext))
      expect(open(secret, ephemeral, recipient.publicKey, changed, context)).toBe(INVALID);
    for (const changed of flips(ephemeral))
      expect(open(secret, changed, recipient.publicKey, ciphertext, context)).toBe(INVALID);
    for (const changed of flips(recipient.publicKey))
      expect(open(secret, ephemeral, changed, ciphertext, context)).toBe(INVALID);
    expect(open(fill(3), ephemeral, recipient.publicKey, ciphertext, context)).toBe(INVALID);
    expect(open(secret, ephemeral, ephemeralFromSeed(fill(8)).publicKey, ciphertext, context)).toBe(INVALID);
    expect(open(secret, ephemeral, recipient.publicKey, ciphertext, bytesOf('elsewhere'))).toBe(INVALID);
  });

  test('both ways of opening agree on whatever a sender sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 40 }), (bytes) => {
        const own = answerOf(() => openSealed(recipient.privateKey, ephemeral, bytes, context));
        expect(answerOf(() => openWithEphemeral(secret, ephemeral, recipient.publicKey, bytes, context))).toBe(own);
      }),
      { numRuns: 20 },
    );
  });

  test('another recipient does not open it', () => {
    expect(answerOf(() => openSealed(fill(7), ephemeral, ciphertext, context))).toBe(INVALID);
  });

  test('a recipient or an ephemeral key of low order is refused', () => {
    for (const low of [fill(0), fill(1, 1)].map((bytes) => concatBytes(bytes, fill(0, 32 - bytes.length)))) {
      expect(answerOf(() => sealTo(low, secret, plaintext, context))).toBe(INVALID);
      expect(answerOf(() => openSealed(recipient.privateKey, low, ciphertext, context))).toBe(INVALID);
      expect(answerOf(() => openWithEphemeral(secret, ephemeral, low, ciphertext, context))).toBe(INVALID);
    }
  });

  test.each([
    ['a short recipient key', () => sealTo(fill(1, 31), secret, plaintext, context)],
    ['a short ephemeral secret', () => sealTo(recipient.publicKey, fill(1, 31), plaintext, context)],
    ['a short private key', () => openSealed(fill(1, 31), ephemeral, ciphertext, context)],
    ['a long ephemeral key', () => openSealed(recipient.privateKey, fill(1, 33), ciphertext, context)],
    ['a ciphertext without a tag', () => openSealed(recipient.privateKey, ephemeral, fill(1, 15), context)],
    ['the same, shown openly', () => openWithEphemeral(secret, ephemeral, recipient.publicKey, fill(1, 15), context)],
    ['a short seed', () => ephemeralFromSeed(fill(1, 31))],
  ])('%s is malformed', (_, run) => {
    expect(answerOf(run)).toBe(MALFORMED);
  });

  test('a node’s long-term identity can be sealed to by anybody who knows its public key', () => {
    const identity = Identity.fromSeed(fill(4));
    const sealed = sealTo(x25519PublicFromEd25519(identity.publicKey), secret, plaintext, context);
    expect(openSealed(identity.x25519Private(), sealed.ephemeral, sealed.ciphertext, context)).toEqual(plaintext);
    const shown = openWithEphemeral(
      secret,
      sealed.ephemeral,
      x25519PublicFromEd25519(identity.publicKey),
      sealed.ciphertext,
      context,
    );
    expect(shown).toEqual(plaintext);
  });

  test('the key pair of a seed: the same again, and not the seed itself', () => {
    expect(ephemeralFromSeed(fill(1))).toEqual(recipient);
    expect(recipient.privateKey).not.toEqual(fill(1));
    expect(recipient.publicKey).toEqual(x25519.getPublicKey(recipient.privateKey));
  });
});
