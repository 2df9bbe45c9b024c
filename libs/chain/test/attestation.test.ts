import { attestationMessage, certificateMessage, makeBundle, type ProofBundle, verifyBundle } from '@witan/chain';
import { sha256, signShare, toHex } from '@witan/crypto';
import type { WitanErrorCode } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeChain, makeProof, PAYLOAD, refusal, SIGNED_AT } from './made.ts';

const CHAIN = makeChain(2);
const { genesisKey, links, pairs } = CHAIN;
const bundle = makeProof(CHAIN);
const OTHER = makeChain(2, 5000n);
const otherBundle = makeProof(OTHER);
const otherPayload = new TextEncoder().encode('release 1.2.4');
const claim = { payloadHash: sha256(PAYLOAD), context: 'release', signedAt: SIGNED_AT };

const codeOf = (change: Partial<Record<keyof ProofBundle, unknown>>, payload?: Uint8Array) =>
  refusal(() => verifyBundle({ ...bundle, ...change } as ProofBundle, genesisKey, payload)).code;

describe('a bundle', () => {
  test('verifies with the genesis key, with and without the payload', () => {
    expect(verifyBundle(bundle, genesisKey).links).toEqual(links);
    expect(verifyBundle(bundle, genesisKey, PAYLOAD).links).toEqual(links);
  });

  test('verifies after its way through text', () => {
    const read = JSON.parse(JSON.stringify(bundle)) as ProofBundle;
    expect(verifyBundle(read, genesisKey, PAYLOAD).links).toEqual(links);
  });

  test('says what was signed', () => {
    expect(bundle).toMatchObject({
      payloadHash: toHex(sha256(PAYLOAD)),
      context: 'release',
      signedAt: '2026-01-02T03:04:05.678Z',
      prefix: 'root',
      key: toHex(links.at(-1)!.key),
    });
  });

  test('of any context and time verifies', () => {
    const contexts = fc.string({ unit: 'grapheme', maxLength: 20 });
    const times = fc.nat({ max: 8.64e15 });
    fc.assert(
      fc.property(contexts, times, (context, signedAt) => {
        const made = { ...claim, context, signedAt };
        const signature = signShare(pairs[0]!.secret, attestationMessage(made));
        const proof = makeBundle(made, signature, links.slice(0, 1));
        expect(verifyBundle(proof, genesisKey, PAYLOAD).links).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a changed bundle is refused, each change with its own code', () => {
  const laterLink = { ...bundle.chain[1]!, generation: 77 };
  const cases: [string, Partial<Record<keyof ProofBundle, unknown>>, WitanErrorCode][] = [
    ['payload hash', { payloadHash: toHex(sha256(otherPayload)) }, 'WITAN_ERR_SIGNATURE'],
    ['payload hash, cut', { payloadHash: bundle.payloadHash.slice(2) }, 'WITAN_ERR_MALFORMED'],
    ['payload hash in upper case', { payloadHash: bundle.payloadHash.toUpperCase() }, 'WITAN_ERR_MALFORMED'],
    ['context', { context: 'Release' }, 'WITAN_ERR_SIGNATURE'],
    ['context, too long', { context: 'x'.repeat(257) }, 'WITAN_ERR_MALFORMED'],
    ['context that is no text', { context: 5 }, 'WITAN_ERR_MALFORMED'],
    ['time', { signedAt: '2026-01-02T03:04:05.679Z' }, 'WITAN_ERR_SIGNATURE'],
    ['time in another zone', { signedAt: '2026-01-02T04:04:05.678+01:00' }, 'WITAN_ERR_MALFORMED'],
    ['time without milliseconds', { signedAt: '2026-01-02T03:04:05Z' }, 'WITAN_ERR_MALFORMED'],
    ['time before the epoch', { signedAt: '1969-12-31T23:59:59.999Z' }, 'WITAN_ERR_MALFORMED'],
    ['time that is none', { signedAt: 'yesterday' }, 'WITAN_ERR_MALFORMED'],
    ['prefix', { prefix: '0' }, 'WITAN_ERR_CHAIN'],
    ['prefix under its other name', { prefix: '' }, 'WITAN_ERR_CHAIN'],
    ['key', { key: otherBundle.key }, 'WITAN_ERR_UNTRUSTED_KEY'],
    ['key of an earlier link', { key: bundle.chain[1]!.key }, 'WITAN_ERR_UNTRUSTED_KEY'],
    ['signature', { signature: otherBundle.signature }, 'WITAN_ERR_SIGNATURE'],
    ['signature, cut', { signature: bundle.signature.slice(2) }, 'WITAN_ERR_MALFORMED'],
    ['signature that is infinity', { signature: `c0${'00'.repeat(95)}` }, 'WITAN_ERR_SIGNATURE'],
    ['signature that is no point', { signature: 'ff'.repeat(96) }, 'WITAN_ERR_SIGNATURE'],
    ['signature outside the subgroup', { signature: `80${'00'.repeat(94)}02` }, 'WITAN_ERR_SIGNATURE'],
    ['chain, its last link removed', { chain: bundle.chain.slice(0, -1) }, 'WITAN_ERR_UNTRUSTED_KEY'],
    ['chain, a link removed', { chain: [bundle.chain[0], bundle.chain[2]] }, 'WITAN_ERR_CHAIN'],
    ['chain, a link that says more', { chain: bundle.chain.with(1, laterLink) }, 'WITAN_ERR_CHAIN'],
    ['chain of another section', { chain: otherBundle.chain }, 'WITAN_ERR_UNTRUSTED_KEY'],
    ['chain, empty', { chain: [] }, 'WITAN_ERR_CHAIN'],
  ];

  test.each(cases)('%s', (_, change, code) => {
    expect(codeOf(change)).toBe(code);
  });

  test('the payload', () => {
    expect(codeOf({}, otherPayload)).toBe('WITAN_ERR_SIGNATURE');
    expect(codeOf({}, new Uint8Array(0))).toBe('WITAN_ERR_SIGNATURE');
  });

  test('the whole bundle, of another network', () => {
    expect(refusal(() => verifyBundle(otherBundle, genesisKey)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
    expect(verifyBundle(otherBundle, OTHER.genesisKey, PAYLOAD).links).toHaveLength(3);
  });

  test('a signature by an earlier key of the section', () => {
    const signature = toHex(signShare(pairs[1]!.secret, attestationMessage(claim)));
    expect(codeOf({ signature })).toBe('WITAN_ERR_SIGNATURE');
  });

  test('a lone surrogate in the context does not stand for U+FFFD', () => {
    const made = { ...claim, context: '\ufffd' };
    const proof = makeBundle(made, signShare(pairs.at(-1)!.secret, attestationMessage(made)), links);
    expect(verifyBundle(proof, genesisKey).links).toHaveLength(3);
    expect(refusal(() => verifyBundle({ ...proof, context: '\ud800' }, genesisKey)).code).toBe('WITAN_ERR_MALFORMED');
  });
});

describe('the bytes that a section signs', () => {
  test('are different for each field', () => {
    const changes = [{ payloadHash: sha256(otherPayload) }, { context: 'releas' }, { signedAt: SIGNED_AT + 1 }];
    const messages = [claim, ...changes.map((change) => ({ ...claim, ...change }))].map(attestationMessage).map(toHex);
    expect(new Set(messages).size).toBe(4);
  });

  test('are those of an attestation or of a certificate, never of both', () => {
    const length = certificateMessage(new Uint8Array(32), 0).length;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(), (hash, view) => {
        const certificate = certificateMessage(hash, view);
        expect(certificate).toHaveLength(length);
        const attestation = attestationMessage({ payloadHash: hash, context: '', signedAt: view });
        expect(toHex(attestation).startsWith(toHex(certificate.subarray(0, 4)))).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});
