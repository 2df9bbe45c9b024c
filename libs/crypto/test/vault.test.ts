import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SecretSealer, sha256, toHex, Vault } from '../src/index.ts';
import { answerOf, bytesOf, fill } from './oracle.ts';

const SEALED = 'WITAN_ERR_SEALED';

/** Salts that are all different and the same in every run. */
function counterRandom(): (length: number) => Uint8Array {
  let count = 0;
  return (length) => sha256(Uint8Array.of(count++)).subarray(0, length);
}

const vault: SecretSealer = new Vault(fill(1), counterRandom());
const secret = bytesOf('a key share');
const place = bytesOf('node a, stream dkg, record 7');

describe('the vault', () => {
  test('opens what it sealed, where it was sealed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.uint8Array({ maxLength: 100 }), (bytes, associated) => {
        expect(vault.open(vault.seal(bytes, associated), associated)).toEqual(bytes);
      }),
      { numRuns: 30 },
    );
  });

  test('the same secret twice is different bytes, and shows in neither', () => {
    const [a, b] = [vault.seal(secret, place), vault.seal(secret, place)];
    expect(a).not.toEqual(b);
    expect(a).toHaveLength(1 + 24 + secret.length + 16);
    for (const sealed of [a, b]) expect(toHex(sealed)).not.toContain(toHex(secret));
  });

  test('another vault with the same key opens it, one with another key does not', () => {
    const sealed = vault.seal(secret, place);
    expect(new Vault(fill(1), counterRandom()).open(sealed, place)).toEqual(secret);
    expect(answerOf(() => new Vault(fill(2), counterRandom()).open(sealed, place))).toBe(SEALED);
  });

  test('another place, every flipped bit and every truncation is refused', () => {
    const sealed = vault.seal(secret, place);
    expect(answerOf(() => vault.open(sealed, bytesOf('node b')))).toBe(SEALED);
    expect(answerOf(() => vault.open(sealed, new Uint8Array(0)))).toBe(SEALED);
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      const changed = sealed.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      expect(answerOf(() => vault.open(changed, place))).toBe(SEALED);
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(answerOf(() => vault.open(sealed.subarray(0, length), place))).toBe(SEALED);
    }
    expect(answerOf(() => vault.open(Uint8Array.of(...sealed, 0), place))).toBe(SEALED);
  });

  test('a key that is not 32 bytes, and randomness that is too short, are refused', () => {
    expect(answerOf(() => new Vault(fill(1, 31), counterRandom()))).toBe('WITAN_ERR_MALFORMED');
    expect(answerOf(() => new Vault(fill(1), () => fill(1, 8)).seal(secret, place))).toBe('WITAN_ERR_MALFORMED');
  });

  test('keeps its own copy of the key, and shows it nowhere', () => {
    const key = fill(0xab);
    const own = new Vault(key, counterRandom());
    const sealed = own.seal(secret, place);
    key.fill(0);
    expect(own.open(sealed, place)).toEqual(secret);
    for (const text of [inspect(own, { showHidden: true, depth: 9 }), JSON.stringify({ own }), `${own}`]) {
      expect(text).not.toMatch(/171|abab/i);
    }
  });
});
