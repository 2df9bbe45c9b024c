import {
  attestationMessage,
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  type LinkJson,
  linkToJson,
  makeBundle,
  NO_PARENT,
  verifyChain,
} from '@witan/chain';
import { encodeG1, Identity, keyPair, sha256, signShare, toHex } from '@witan/crypto';
import { networkTag } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { ChainWatch } from './chain-watch.ts';

const NETWORK = networkTag('chaos-test');
const NODE = Identity.fromSeed(new Uint8Array(32).fill(9)).publicKey;
const PAYLOAD = new TextEncoder().encode('paid');

/** Real links, a key each from these secrets: the genesis key first. */
function linksOf(secrets: readonly bigint[]) {
  const pairs = secrets.map(keyPair);
  let parent = NO_PARENT;
  const raws = pairs.map((pair, index) => {
    const key = encodeG1(pair.publicKey);
    const common = { network: NETWORK, prefix: '', generation: 3 * index, parent };
    const handover = { session: sha256(key), key, threshold: 1, elders: [NODE], publicKeyShares: [key] };
    const bytes = encodeDecision(
      index === 0
        ? { ...common, action: { type: 'genesis', node: NODE, key } }
        : { ...common, action: { type: 'handover', ...handover } },
    );
    parent = decisionHash(bytes);
    const signer = pairs[index - 1] ?? pair;
    return encodeCertified(bytes, 0, signShare(signer.secret, certificateMessage(parent, 0)));
  });
  return verifyChain(encodeG1(pairs[0]!.publicKey), raws);
}

const GENESIS = toHex(encodeG1(keyPair(100n).publicKey));
const chainOf = (...secrets: bigint[]): LinkJson[] => linksOf(secrets).map(linkToJson);

function bundleOf(...secrets: bigint[]) {
  const claim = { payloadHash: sha256(PAYLOAD), context: 'chaos', signedAt: Date.UTC(2026, 0, 2) };
  const signer = keyPair(secrets.at(-1)!);
  return makeBundle(claim, signShare(signer.secret, attestationMessage(claim)), linksOf(secrets));
}

describe('what was shown of the chain', () => {
  test('may grow, and be shown shorter by one who lags', () => {
    const chain = new ChainWatch(GENESIS);
    expect(chain.learn(chainOf(100n, 101n))).toBeUndefined();
    expect(chain.learn(chainOf(100n, 101n, 102n))).toBeUndefined();
    expect(chain.learn(chainOf(100n))).toBeUndefined();
    expect(chain.length).toBe(3);
  });

  test('may not fork, though both branches verify', () => {
    const chain = new ChainWatch(GENESIS);
    chain.learn(chainOf(100n, 101n, 102n));
    expect(chain.learn(chainOf(100n, 101n, 103n))).toMatch(/^fork: link 2 is/);
    expect(chain.learn(chainOf(100n, 104n, 105n, 106n))).toMatch(/^fork: link 1 is/);
    expect(chain.length).toBe(3);
  });

  test('has to verify, also where its keys are known', () => {
    const chain = new ChainWatch(GENESIS);
    const links = chainOf(100n, 101n);
    chain.learn(links);
    const other = chainOf(100n, 102n)[1]!.signature;
    expect(chain.learn([links[0]!, { ...links[1]!, signature: other }])).toMatch(/does not verify: WITAN_ERR_/);
    expect(chain.learn(chainOf(200n, 101n))).toMatch(/does not verify: WITAN_ERR_/);
  });
});

describe('an attestation', () => {
  test('is checked against its payload and the chain, which grows with it', () => {
    const chain = new ChainWatch(GENESIS);
    expect(chain.check(bundleOf(100n, 101n), PAYLOAD)).toBeUndefined();
    expect(chain.check(bundleOf(100n), PAYLOAD)).toBeUndefined();
    expect(chain.length).toBe(2);
  });

  test('is refused over another payload, with another signature, by a key of a fork', () => {
    const chain = new ChainWatch(GENESIS);
    const bundle = bundleOf(100n, 101n);
    chain.check(bundle, PAYLOAD);
    expect(chain.check(bundle, new Uint8Array(3))).toMatch(/does not verify: WITAN_ERR_INVALID/);
    const { signature } = bundleOf(100n, 102n);
    expect(chain.check({ ...bundle, signature }, PAYLOAD)).toMatch(/does not verify: WITAN_ERR_SIGNATURE/);
    expect(chain.check(bundleOf(100n, 103n), PAYLOAD)).toMatch(/^fork/);
  });
});
