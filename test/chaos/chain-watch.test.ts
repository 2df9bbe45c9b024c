import { describe, expect, test } from 'vitest';
import { ChainWatch } from './chain-watch.ts';
import { bundleOf, chainOf, GENESIS, PAYLOAD } from './made-chain.ts';

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
    expect(chain.check(bundleOf(PAYLOAD, 100n, 101n), PAYLOAD, 'chaos')).toBeUndefined();
    expect(chain.check(bundleOf(PAYLOAD, 100n), PAYLOAD, 'chaos')).toBeUndefined();
    expect(chain.length).toBe(2);
  });

  test('is refused over another payload, with another signature, by a key of a fork', () => {
    const chain = new ChainWatch(GENESIS);
    const bundle = bundleOf(PAYLOAD, 100n, 101n);
    chain.check(bundle, PAYLOAD, 'chaos');
    expect(chain.check(bundle, new Uint8Array(3), 'chaos')).toMatch(/does not verify: WITAN_ERR_SIGNATURE/);
    const { signature } = bundleOf(PAYLOAD, 100n, 102n);
    expect(chain.check({ ...bundle, signature }, PAYLOAD, 'chaos')).toMatch(/does not verify: WITAN_ERR_SIGNATURE/);
    expect(chain.check(bundleOf(PAYLOAD, 100n, 103n), PAYLOAD, 'chaos')).toMatch(/^fork/);
  });

  test('is refused in another context than was asked for, though the section has signed it', () => {
    const chain = new ChainWatch(GENESIS);
    const bundle = bundleOf(PAYLOAD, 100n, 101n);
    expect(chain.check(bundle, PAYLOAD, 'payments')).toBe('an attestation is of another context: "chaos"');
  });
});
