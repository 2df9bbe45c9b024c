import { inspect } from 'node:util';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countOperations,
  fromHex,
  Identity,
  nodeName,
  requireStrongX25519,
  sha256,
  toHex,
  verifyIdentity,
  X25519Private,
  x25519PublicFromEd25519,
} from '../src/index.ts';
import { answerOf, bytesOf, fill } from './oracle.ts';

const MALFORMED = 'WITAN_ERR_MALFORMED';
const INVALID = 'WITAN_ERR_INVALID';
const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const message = bytesOf('heartbeat');

const P = 2n ** 255n - 19n;
const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
/** One of the eight points whose order divides 8, and all that they are written as. */
const ORDER_8 = fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
const LOW_ORDER: [string, Uint8Array][] = [
  ['the neutral point', littleEndian(1n)],
  ['order 2', littleEndian(P - 1n)],
  ['order 4', littleEndian(0n)],
  ['order 4, the other sign', littleEndian(1n << 255n)],
  ['order 8', ORDER_8],
  ['order 8, the other sign', ORDER_8.map((byte, i) => (i === 31 ? byte | 0x80 : byte))],
  ['order 8, the other y', littleEndian(P - BigInt(`0x${toHex(ORDER_8.toReversed())}`))],
];

describe('identities', () => {
  test('test 2 of RFC 8032, section 7.1', () => {
    const identity = Identity.fromSeed(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'));
    expect(toHex(identity.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    expect(toHex(identity.sign(Uint8Array.of(0x72)))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  test('key, name and signature are those of the oracle', () => {
    fc.assert(
      fc.property(seeds, fc.uint8Array({ maxLength: 200 }), (seed, bytes) => {
        const identity = Identity.fromSeed(seed);
        expect(identity.publicKey).toEqual(ed25519.getPublicKey(seed));
        expect(identity.name).toBe(toHex(sha256(identity.publicKey)));
        expect(nodeName(identity.publicKey)).toBe(identity.name);
        const signature = identity.sign(bytes);
        expect(signature).toEqual(ed25519.sign(bytes, seed));
        expect(verifyIdentity(identity.publicKey, bytes, signature)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('any flipped bit of signature, message or key is refused', () => {
    const identity = Identity.fromSeed(fill(1));
    const signature = identity.sign(message);
    const flip = (bytes: Uint8Array, bit: number) =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    for (let bit = 0; bit < 512; bit++) {
      expect(verifyIdentity(identity.publicKey, message, flip(signature, bit))).toBe(false);
    }
    for (let bit = 0; bit < 8 * message.length; bit++) {
      expect(verifyIdentity(identity.publicKey, flip(message, bit), signature)).toBe(false);
    }
    for (let bit = 0; bit < 256; bit++) {
      expect(verifyIdentity(flip(identity.publicKey, bit), message, signature)).toBe(false);
    }
  });

  test('a signature with S + L is refused: there is one signature', () => {
    const identity = Identity.fromSeed(fill(2));
    const signature = identity.sign(message);
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${toHex(signature.slice(32).toReversed())}`);
    const malleated = Uint8Array.from([...signature.slice(0, 32), ...littleEndian(s + order)]);
    expect(verifyIdentity(identity.publicKey, message, malleated)).toBe(false);
  });

  test.each([
    ['a short seed', () => Identity.fromSeed(fill(1, 31))],
    ['a long seed', () => Identity.fromSeed(fill(1, 33))],
    ['a short key', () => verifyIdentity(fill(1, 31), message, fill(0, 64))],
    ['a long key', () => verifyIdentity(fill(1, 33), message, fill(0, 64))],
    ['a short signature', () => verifyIdentity(Identity.fromSeed(fill(1)).publicKey, message, fill(0, 63))],
    ['y = p', () => verifyIdentity(littleEndian(P), message, fill(0, 64))],
    ['y = p + 1', () => verifyIdentity(littleEndian(P + 1n), message, fill(0, 64))],
  ])('%s is malformed', (_, run) => {
    expect(answerOf(run)).toBe(MALFORMED);
  });

  test.each(LOW_ORDER)('a key of low order is nobody’s: %s', (_, key) => {
    expect(answerOf(() => verifyIdentity(key, message, fill(0, 64)))).toBe(INVALID);
    expect(answerOf(() => verifyIdentity(key, message, fill(0, 64)))).toBe(INVALID);
    expect(answerOf(() => x25519PublicFromEd25519(key))).toBe(INVALID);
  });

  test('a key is imported once', () => {
    const identity = Identity.fromSeed(fill(77));
    const signature = identity.sign(message);
    const twice = () => [1, 2].map(() => verifyIdentity(identity.publicKey.slice(), message, signature));
    expect(countOperations(twice)).toMatchObject({ result: [true, true], counts: { keyImport: 1, ed25519Verify: 2 } });
  });

  test('the seed shows nowhere', () => {
    const seed = fromHex('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff');
    const identity = Identity.fromSeed(seed);
    const sealing = identity.x25519Private();
    for (const shown of [identity, sealing, { identity, sealing }]) {
      const texts = [inspect(shown, { depth: 9, showHidden: true }), JSON.stringify(shown), String(shown)];
      for (const text of texts) expect(text).not.toMatch(/00112233|1122334455|17, 34, 51/);
    }
    expect(JSON.parse(JSON.stringify(identity))).toEqual({ publicKey: toHex(identity.publicKey), name: identity.name });
    expect(inspect(identity)).toBe(`Identity(${identity.name})`);
  });

  test('the seed may be overwritten after use', () => {
    const seed = fill(5);
    const identity = Identity.fromSeed(seed);
    seed.fill(0);
    expect(verifyIdentity(ed25519.getPublicKey(fill(5)), message, identity.sign(message))).toBe(true);
  });
});

describe('X25519', () => {
  test('RFC 7748, section 6.1', () => {
    const bob = new X25519Private(fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'));
    expect(toHex(bob.publicKey)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f');
    const alice = fromHex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
    expect(toHex(bob.exchange(alice))).toBe('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742');
  });

  test('public keys and shared secrets are those of the oracle', () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const [A, B] = [new X25519Private(a), new X25519Private(b)];
        expect(A.publicKey).toEqual(x25519.getPublicKey(a));
        expect(new Uint8Array(A.exchange(B.publicKey))).toEqual(x25519.getSharedSecret(a, B.publicKey));
      }),
      { numRuns: 20 },
    );
  });

  test('an identity’s key pair corresponds to what anybody computes from its public key', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const identity = Identity.fromSeed(seed);
        const computed = x25519PublicFromEd25519(identity.publicKey);
        expect(computed).toEqual(ed25519.utils.toMontgomery(identity.publicKey));
        expect(identity.x25519Private().publicKey).toEqual(computed);
      }),
      { numRuns: 20 },
    );
  });

  test('about half of all y are on no point: malformed', () => {
    const answers = Array.from({ length: 60 }, (_, i) => {
      const key = littleEndian(BigInt(i + 2));
      const here = answerOf(() => x25519PublicFromEd25519(key));
      let there = 'accepted';
      try {
        ed25519.Point.fromBytes(key);
      } catch {
        there = MALFORMED;
      }
      expect(here).toBe(there);
      return here;
    });
    expect(answers).toContain('accepted');
    expect(answers).toContain(MALFORMED);
  });

  const lowOrder: [string, Uint8Array][] = LOW_ORDER.filter(([name]) => name !== 'the neutral point').map(
    ([name, key]) => {
      const y = BigInt(`0x${toHex(key.toReversed())}`) & ((1n << 255n) - 1n);
      const inverse = (value: bigint) => {
        let [result, base] = [1n, ((value % P) + P) % P];
        for (let rest = P - 2n; rest > 0n; rest >>= 1n) {
          if (rest & 1n) result = (result * base) % P;
          base = (base * base) % P;
        }
        return result;
      };
      return [name, littleEndian(((1n + y) * inverse(1n - y)) % P)];
    },
  );
  // On the twist, u = -1 has order 4.
  test.each([...lowOrder, ['zero', littleEndian(0n)], ['order 4 of the twist', littleEndian(P - 1n)]])(
    'a public key of low order is refused, at once or at the exchange: %s',
    (_, key) => {
      expect(answerOf(() => requireStrongX25519(key))).toBe(INVALID);
      expect(answerOf(() => new X25519Private(fill(3)).exchange(key))).toBe(INVALID);
    },
  );

  test('keys written in a second way are malformed, good ones pass', () => {
    expect(answerOf(() => requireStrongX25519(littleEndian(P)))).toBe(MALFORMED);
    expect(answerOf(() => requireStrongX25519(littleEndian(9n + (1n << 255n))))).toBe(MALFORMED);
    expect(answerOf(() => requireStrongX25519(fill(1, 31)))).toBe(MALFORMED);
    expect(answerOf(() => requireStrongX25519(littleEndian(9n)))).toBe('accepted');
    for (let i = 0; i < 20; i++) {
      expect(answerOf(() => requireStrongX25519(new X25519Private(fill(i)).publicKey))).toBe('accepted');
    }
  });

  test('wrong lengths are malformed', () => {
    expect(answerOf(() => new X25519Private(fill(1, 31)))).toBe(MALFORMED);
    expect(answerOf(() => new X25519Private(fill(1)).exchange(fill(1, 33)))).toBe(MALFORMED);
  });
});
