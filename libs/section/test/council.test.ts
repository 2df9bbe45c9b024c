import type { VoteRecord } from '@witan/agreement';
import { certificateMessage, decisionHash, decodeDecision } from '@witan/chain';
import { scalarToBytes, sha256, signShare, toHex } from '@witan/crypto';
import { expect, test } from 'vitest';
import { councilApplication, makeDecision } from '../src/council.ts';
import { DEFAULT_PARAMS, initialState } from '../src/index.ts';
import { decide, dkgOf, eldersOf, GENESIS_KEY, identities, NETWORK, secretOf, sectionOf, seeing } from './support.ts';

const nodes = identities(4);
const ledger = eldersOf(nodes);
const VIEW = 2;
const env = { identity: nodes[0]!, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };

/** The second votes of three of four elders; what the second of them has put in for its share of the signature. */
function certifiedWith(wrong: Uint8Array) {
  const application = councilApplication({ ...initialState(env), ledger });
  // What it decides is nothing to a certificate: one that no state has to be made up for.
  const value = makeDecision(ledger, { type: 'join', nodes: [nodes[0]!.publicKey] });
  application.judge(value);
  const message = certificateMessage(decisionHash(value), VIEW);
  const votes = [0, 1, 2].map((voter) => {
    const share = signShare(secretOf(`${secretOf('second key')} share ${voter}`), message);
    return [voter, { voter, extra: voter === 1 ? wrong : share } as VoteRecord] as const;
  });
  return application.certify(VIEW, toHex(sha256(value)), new Map(votes));
}

test('a session that has failed is tried again, however often it was tried before', () => {
  const failed = { since: 0, state: 'failed', outcome: undefined, givenUp: 0, blamed: [], silent: [] } as const;
  const after = (attempt: number) => {
    const pending = decide(sectionOf(nodes), dkgOf(nodes, { attempt }));
    const sight = seeing(nodes, { sessions: new Map([[pending.pending!.id, failed]]) });
    const { candidate } = councilApplication({ ...initialState(env), ledger: pending, sight });
    return decodeDecision(candidate!.value);
  };
  expect(after(0xfffe)).toMatchObject({ generation: 3, action: { type: 'dkg', attempt: 0xffff } });
  expect(after(0xffff)).toMatchObject({ generation: 3, action: { type: 'dkg', attempt: 0xffff } });
});

/** Compressed points of G2; x is 0 or 1 and has no imaginary part. */
const compressed = (flags: number, x: number) => new Uint8Array(96).with(0, flags).with(95, x);

test.each([
  ['of another message', signShare(secretOf('any'), new Uint8Array(32))],
  ['that is no encoding', compressed(0, 7)],
  ['off the curve or outside the subgroup, x = 0', compressed(0x80, 0)],
  ['off the curve or outside the subgroup, x = 1', compressed(0x80, 1)],
  ['off the curve or outside the subgroup, x = 2', compressed(0x80, 2)],
  ['at infinity', compressed(0xc0, 0)],
  ['of the wrong length', scalarToBytes(7n)],
])('a second vote with a share of the signature %s does not count, and whose it is is told', (_what, wrong) => {
  expect(certifiedWith(wrong)).toEqual({ bad: [1] });
});
