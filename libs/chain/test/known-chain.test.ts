import {
  certificateMessage,
  type Decision,
  decodeDecision,
  encodeDecision,
  type Link,
  type LinkJson,
  linkToJson,
  openLink,
  type ProofBundle,
  verifyBundle,
} from '@witan/chain';
import { countOperations, encodeG1, keyPair, signShare, toHex } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { certify, makeChain, makeProof, NODE, PAYLOAD } from './made.ts';

const CHAIN = makeChain(4);
const { genesisKey, links, pairs } = CHAIN;
const bundle = makeProof(CHAIN);
const other = makeProof(makeChain(4, 5000n));
const stranger = keyPair(31337n);

/** What comes of it for one who has verified `known`. */
function verdict(shown: ProofBundle, known: readonly Link[] = [], genesis = genesisKey) {
  const { result, counts } = countOperations(() => {
    try {
      return verifyBundle(shown, genesis, PAYLOAD, known);
    } catch (error) {
      if (!(error instanceof WitanError)) throw error;
      const { code, detail, data } = error;
      return { code, detail, data };
    }
  });
  return { result, verified: counts.verify };
}

const withLink = (index: number, change: Partial<LinkJson>): ProofBundle => ({
  ...bundle,
  chain: bundle.chain.with(index, { ...bundle.chain[index]!, ...change }),
});

/** A link in the place of link `index`, by the same key. */
function replaced(index: number, change: Partial<Decision>, view = 0): Link {
  const decision = { ...decodeDecision(links[index]!.certified.bytes), ...change };
  return openLink(certify(encodeDecision(decision), pairs[index - 1]!, view), links[index - 1]);
}

describe('who has verified a chain', () => {
  test('verifies one signature of a bundle whose chain is that, or a beginning of it', () => {
    expect(verdict(bundle)).toMatchObject({ result: { links }, verified: links.length + 1 });
    expect(verdict(bundle, links)).toEqual({ result: { links }, verified: 1 });
    const early = makeProof({ ...CHAIN, pairs: pairs.slice(0, 3), links: links.slice(0, 3) });
    expect(verdict(early, links)).toMatchObject({ result: { links: links.slice(0, 3) }, verified: 1 });
  });

  test.each([1, 2, 3, 4])('and of one that goes on after %i of its links, each that follows', (count) => {
    expect(verdict(bundle, links.slice(0, count))).toMatchObject({
      result: { links },
      verified: links.length - count + 1,
    });
  });

  test('of another network is told so, whichever genesis it asks about', () => {
    expect(verdict(other, links)).toMatchObject({ result: { code: 'WITAN_ERR_UNTRUSTED_KEY' } });
    expect(verdict(bundle, links, links[1]!.key)).toMatchObject({ result: { code: 'WITAN_ERR_UNTRUSTED_KEY' } });
  });
});

describe.each([0, 1, 2, 3, 4])('link %i of a bundle', (index) => {
  const fields: [keyof LinkJson, unknown][] = [
    ['index', 7],
    ['key', other.chain[index]!.key],
    ['parentKey', other.chain[index]!.key],
    ['signature', other.chain[index]!.signature],
    ['signature', 'abcd'],
    ['prefix', '0'],
    ['generation', 77],
    ['reason', 'split'],
    ['view', 1],
    ['decision', other.chain[index]!.decision],
    ['decision', '='],
  ];

  test.each(fields)('that shows another %s (%j) is refused in the same words', (field, value) => {
    const changed = withLink(index, { [field]: value });
    const { result } = verdict(changed);
    expect(result).toMatchObject({ code: expect.stringMatching('WITAN_ERR_(CHAIN|MALFORMED|UNTRUSTED_KEY)') });
    expect(verdict(changed, links).result).toEqual(result);
  });

  test('that a stranger has signed is refused in the same words', () => {
    const message = certificateMessage(links[index]!.certified.hash, 0);
    const forged = withLink(index, { signature: toHex(signShare(stranger.secret, message)) });
    const { result } = verdict(forged);
    expect(result).toMatchObject({ code: 'WITAN_ERR_CHAIN', data: { index } });
    expect(verdict(forged, links).result).toEqual(result);
  });

  test('that is left out is missed in the same words', () => {
    const chain = bundle.chain.toSpliced(index, 1);
    const { result } = verdict({ ...bundle, chain });
    expect(result).toMatchObject({ code: expect.stringMatching('WITAN_ERR_(CHAIN|UNTRUSTED_KEY)') });
    expect(verdict({ ...bundle, chain }, links).result).toEqual(result);
  });
});

describe.each([1, 2, 3])('after link %i', (index) => {
  /** Another successor of the key before, which only that key can have signed. */
  const key = encodeG1(stranger.publicKey);
  const { action } = decodeDecision(links[index]!.certified.bytes);
  const fork = replaced(index, {
    action: { ...action, key, elders: [NODE], publicKeyShares: [key] } as Decision['action'],
  });

  test('is what a fork there leads to, and not what follows in the chain that is known', () => {
    const chain = bundle.chain.with(index, linkToJson(fork));
    const { result } = verdict({ ...bundle, chain });
    expect(result).toMatchObject({ code: 'WITAN_ERR_CHAIN', data: { index: index + 1 } });
    expect(verdict({ ...bundle, chain }, links).result).toEqual(result);
  });

  test('the rest is known under a certificate of another view, which is verified itself', () => {
    const again = replaced(index, {}, 3);
    const chain = bundle.chain.with(index, linkToJson(again));
    const { result } = verdict({ ...bundle, chain });
    expect(result).toMatchObject({ links: links.with(index, again) });
    expect(verdict({ ...bundle, chain }, links)).toEqual({ result, verified: 2 });
  });
});
