import { Identity, nodeName, sha256, toHex, verifyIdentity } from '@witan/crypto';
import {
  alreadyVerified,
  KINDS,
  type Kind,
  MAX_BODY_BYTES,
  networkTag,
  openEnvelope,
  peekEnvelope,
  sealEnvelope,
  WIRE_VERSION,
} from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusal } from './made.ts';

const NETWORK = networkTag('test');
const ALICE = Identity.fromSeed(new Uint8Array(32).fill(1));
const BOB = Identity.fromSeed(new Uint8Array(32).fill(2));
const BODY = new TextEncoder().encode('hello');
const DOMAIN = new TextEncoder().encode('witan/envelope/1');

/** Version, kind, network, author: where each begins. */
const AT = { version: 0, kind: 1, network: 2, author: 10, body: 42 };

/** An envelope with some bytes before the signature changed, signed again by `author`. */
function resigned(raw: Uint8Array, author: Identity, change: (head: Uint8Array) => void): Uint8Array {
  const head = raw.slice(0, -64);
  change(head);
  return new Uint8Array(Buffer.concat([head, author.sign(Buffer.concat([DOMAIN, sha256(head)]))]));
}

describe('a sealed envelope', () => {
  test('opens as what was sealed, whatever kind and body', () => {
    const kinds = fc.constantFrom(...(Object.keys(KINDS) as Kind[]));
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 300 }), (kind, body) => {
        const sealed = sealEnvelope(ALICE, NETWORK, kind, body);
        const opened = openEnvelope(sealed.raw, NETWORK);
        expect(opened).toEqual(sealed);
        expect(opened).toMatchObject({ kind, body, author: ALICE.name, authorKey: ALICE.publicKey });
      }),
      { numRuns: 100 },
    );
  });

  test('names its author by the hash of the key', () => {
    const { author, authorKey } = sealEnvelope(ALICE, NETWORK, 'heartbeat', BODY);
    expect(author).toBe(nodeName(ALICE.publicKey));
    expect(author).toBe(toHex(sha256(authorKey)));
  });

  test('is signed over its exact bytes, and its id names all but the signature', () => {
    const { raw, id } = sealEnvelope(ALICE, NETWORK, 'heartbeat', BODY);
    const digest = sha256(raw.subarray(0, -64));
    expect(id).toBe(toHex(digest));
    expect(verifyIdentity(ALICE.publicKey, Buffer.concat([DOMAIN, digest]), raw.slice(-64))).toBe(true);
  });

  test('is the same bytes each time', () => {
    expect(sealEnvelope(ALICE, NETWORK, 'heartbeat', BODY)).toEqual(sealEnvelope(ALICE, NETWORK, 'heartbeat', BODY));
  });

  test('has one number for each kind', () => {
    expect(new Set(Object.values(KINDS)).size).toBe(Object.keys(KINDS).length);
  });

  test('holds a body of the largest size and none above', () => {
    const largest = sealEnvelope(ALICE, NETWORK, 'heartbeat', new Uint8Array(MAX_BODY_BYTES));
    expect(openEnvelope(largest.raw, NETWORK).body.length).toBe(MAX_BODY_BYTES);
    const larger = new Uint8Array(MAX_BODY_BYTES + 1);
    expect(refusal(() => sealEnvelope(ALICE, NETWORK, 'heartbeat', larger))).toBe('WITAN_ERR_MALFORMED');
  });
});

describe('refused', () => {
  const { raw } = sealEnvelope(ALICE, NETWORK, 'heartbeat', BODY);

  test('each flipped bit', () => {
    const accepted: number[] = [];
    for (let bit = 0; bit < raw.length * 8; bit++) {
      const flipped = raw.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      if (refusal(() => openEnvelope(flipped, NETWORK)) === undefined) accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  test('each truncation and a trailing byte', () => {
    for (let length = 0; length < raw.length; length++) {
      expect(refusal(() => openEnvelope(raw.subarray(0, length), NETWORK))).toBe('WITAN_ERR_MALFORMED');
    }
    expect(refusal(() => openEnvelope(Uint8Array.of(...raw, 0), NETWORK))).toBe('WITAN_ERR_MALFORMED');
  });

  test.each([
    ['a version that there never was', AT.version, 0],
    ['an unknown kind', AT.kind, 255],
    ['another network', AT.network, NETWORK[0]! ^ 1],
  ])('%s, though signed', (_, at, byte) => {
    const changed = resigned(raw, ALICE, (head) => head.set([byte], at));
    expect(refusal(() => peekEnvelope(changed, NETWORK))).toBe('WITAN_ERR_INVALID');
  });

  test('a newer version, whatever its form: that is another answer than noise', () => {
    const head = raw.slice(0, AT.body);
    head[AT.version] = WIRE_VERSION + 1;
    for (const rest of [0, 64, 65, 500]) {
      const newer = new Uint8Array([...head, ...new Uint8Array(rest + 64).fill(0xee)]);
      expect(refusal(() => peekEnvelope(newer, NETWORK))).toBe('WITAN_ERR_UNSUPPORTED');
      expect(['WITAN_ERR_MALFORMED', 'WITAN_ERR_INVALID']).toContain(
        refusal(() => peekEnvelope(newer, networkTag('other'))),
      );
    }
    expect(refusal(() => peekEnvelope(new Uint8Array([...head, ...new Uint8Array(63)]), NETWORK))).not.toBe(
      'WITAN_ERR_UNSUPPORTED',
    );
    expect(refusal(() => peekEnvelope(new Uint8Array(200).fill(0x77), NETWORK))).toBe('WITAN_ERR_MALFORMED');
  });

  test('a message of one network in another', () => {
    expect(refusal(() => openEnvelope(raw, networkTag('other')))).toBe('WITAN_ERR_INVALID');
    expect(networkTag('other')).not.toEqual(networkTag('test'));
  });

  test('an author who did not sign', () => {
    const claimed = resigned(raw, BOB, () => undefined);
    expect(refusal(() => openEnvelope(claimed, NETWORK))).toBe('WITAN_ERR_SIGNATURE');
    const taken = resigned(raw, ALICE, (head) => head.set(BOB.publicKey, AT.author));
    expect(refusal(() => openEnvelope(taken, NETWORK))).toBe('WITAN_ERR_SIGNATURE');
  });

  test('an author key of low order, under which anything would verify', () => {
    const weak = resigned(raw, ALICE, (head) => head.fill(0, AT.author, AT.body).set([1], AT.author));
    expect(refusal(() => openEnvelope(weak, NETWORK))).toBe('WITAN_ERR_INVALID');
  });

  test('the signature of another message', () => {
    const other = sealEnvelope(ALICE, NETWORK, 'joinRequest', BODY).raw;
    const mixed = new Uint8Array(Buffer.concat([raw.subarray(0, -64), other.subarray(-64)]));
    expect(refusal(() => openEnvelope(mixed, NETWORK))).toBe('WITAN_ERR_SIGNATURE');
  });
});

describe('peek, then verify', () => {
  const sealed = sealEnvelope(ALICE, NETWORK, 'dkgVote', BODY);

  test('says what is claimed before it looks at the signature', () => {
    const forged = sealed.raw.slice();
    forged[forged.length - 1]! ^= 1;
    const peeked = peekEnvelope(forged, NETWORK);
    expect(peeked).toMatchObject({ kind: 'dkgVote', author: ALICE.name, body: BODY, id: sealed.id });
    expect(refusal(() => peeked.verify())).toBe('WITAN_ERR_SIGNATURE');
  });

  test('holds the bytes as they came, also when the transport reuses its buffer', () => {
    const received = sealed.raw.slice();
    const peeked = peekEnvelope(received, NETWORK);
    received.fill(0);
    expect(peeked.verify()).toEqual(sealed);
  });

  test('what is verified already is itself', () => {
    const again = alreadyVerified(sealed);
    expect(again).toMatchObject({ kind: 'dkgVote', author: ALICE.name, body: BODY, id: sealed.id });
    expect(again.verify()).toBe(sealed);
  });
});
