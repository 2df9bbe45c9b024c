import { type Action, openLink, verifyChain } from '@witan/chain';
import { encodeG1, mulBase } from '@witan/crypto';
import { isWitanError } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { append, type Ledger, openGenesis } from '../src/index.ts';
import {
  type Claim,
  certify,
  decide,
  dkgOf,
  eldersOf,
  GENESIS_KEY,
  GENESIS_SECRET,
  genesisOf,
  handoverOf,
  identities,
  NETWORK,
  nextOf,
  secretOf,
  sectionOf,
} from './support.ts';

const nodes = identities(8);
const [first] = nodes;

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isWitanError(error)) return error.code;
    throw error;
  }
  return 'taken';
}

describe('genesis', () => {
  test('makes the first node the elder, under the key that it announces', () => {
    const ledger = openGenesis(genesisOf(first!), NETWORK, GENESIS_KEY);
    expect(ledger.elders.map((elder) => elder.name)).toEqual([first!.name]);
    expect(ledger).toMatchObject({ generation: 0, threshold: 1, prefix: '', pending: undefined });
    expect(ledger.key).toEqual(GENESIS_KEY);
    expect([...ledger.members.values()]).toMatchObject([{ name: first!.name, age: 1, since: 0 }]);
  });

  test('of another key than the pinned one is not trusted; without a pin the first one seen is', () => {
    const other = genesisOf(first!, secretOf('another genesis'));
    expect(codeOf(() => openGenesis(other, NETWORK, GENESIS_KEY))).toBe('WITAN_ERR_UNTRUSTED_KEY');
    expect(codeOf(() => openGenesis(other, NETWORK, undefined))).toBe('taken');
  });

  test.each<[string, Uint8Array, string]>([
    ['of another network', genesisOf(first!, GENESIS_SECRET, { network: new Uint8Array(8) }), 'WITAN_ERR_INVALID'],
    ['of a later generation', genesisOf(first!, GENESIS_SECRET, { generation: 1 }), 'WITAN_ERR_INVALID'],
    ['with a parent', genesisOf(first!, GENESIS_SECRET, { parent: new Uint8Array(32).fill(1) }), 'WITAN_ERR_INVALID'],
    ['that does not sign itself', selfless(), 'WITAN_ERR_SIGNATURE'],
    ['that is cut off', genesisOf(first!).subarray(0, 60), 'WITAN_ERR_MALFORMED'],
    ['that is something else', certify(GENESIS_SECRET, BASE(), { type: 'join', nodes: [] }), 'WITAN_ERR_CHAIN'],
  ])('%s is refused', (_what, raw, code) => {
    expect(codeOf(() => openGenesis(raw, NETWORK, undefined))).toBe(code);
  });

  function BASE(): Claim {
    return { network: NETWORK, prefix: '', generation: 0, parent: new Uint8Array(32) };
  }

  /** It announces one key and is signed by another. */
  function selfless(): Uint8Array {
    return certify(secretOf('liar'), BASE(), { type: 'genesis', node: first!.publicKey, key: GENESIS_KEY });
  }
});

describe('a decision', () => {
  const ledger = sectionOf(nodes.slice(0, 4));
  const join: Action = { type: 'join', nodes: [nodes[5]!.publicKey] };
  const under = (change: Partial<Claim>, secret = GENESIS_SECRET) =>
    certify(secret, { ...nextOf(ledger), ...change }, join);

  test('that is the next, under the current key, is taken, and the ledger before it stays as it was', () => {
    const { ledger: after } = append(ledger, under({}));
    expect(after.generation).toBe(ledger.generation + 1);
    expect(after.members.has(nodes[5]!.name)).toBe(true);
    expect(ledger.members.has(nodes[5]!.name)).toBe(false);
    expect(ledger.decisions).toHaveLength(2);
    expect(after.decisions).toHaveLength(3);
  });

  test.each<[string, () => Uint8Array, string]>([
    ['of the generation that is here', () => ledger.decisions[1]!, 'WITAN_ERR_STALE'],
    ['of an older generation', () => ledger.decisions[0]!, 'WITAN_ERR_STALE'],
    ['of a generation further on', () => under({ generation: ledger.generation + 2 }), 'WITAN_ERR_STALE'],
    ['with another parent', () => under({ parent: new Uint8Array(32) }), 'WITAN_ERR_INVALID'],
    ['of another network', () => under({ network: new Uint8Array(8) }), 'WITAN_ERR_INVALID'],
    ['of another section', () => under({ prefix: '01' }), 'WITAN_ERR_INVALID'],
    ['under another key', () => under({}, secretOf('not the section')), 'WITAN_ERR_SIGNATURE'],
    ['that is a second genesis', () => certify(GENESIS_SECRET, nextOf(ledger), genesisAction()), 'WITAN_ERR_INVALID'],
    ['that is cut off', () => under({}).subarray(0, 40), 'WITAN_ERR_MALFORMED'],
    ['with something after it', () => new Uint8Array([...under({}), 0]), 'WITAN_ERR_MALFORMED'],
  ])('%s is refused', (_what, make, code) => {
    const raw = make();
    expect(codeOf(() => append(ledger, raw))).toBe(code);
  });

  test('with one bit changed is refused', () => {
    const raw = under({});
    fc.assert(
      fc.property(fc.nat(raw.length * 8 - 1), (bit) => {
        const changed = raw.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(codeOf(() => append(ledger, changed))).not.toBe('taken');
      }),
      { numRuns: 60 },
    );
  });

  test('that admits one who is a member already changes nothing about it', () => {
    const after = decide(ledger, { type: 'join', nodes: [nodes[1]!.publicKey, nodes[6]!.publicKey] });
    expect(after.members.get(nodes[1]!.name)).toBe(ledger.members.get(nodes[1]!.name));
    expect(after.members.size).toBe(ledger.members.size + 1);
  });

  function genesisAction(): Action {
    return { type: 'genesis', node: first!.publicKey, key: GENESIS_KEY };
  }
});

describe('a handover', () => {
  const started = decide(sectionOf(nodes.slice(0, 4)), dkgOf(nodes.slice(0, 4)));
  const right = handoverOf(started, secretOf('second key'));
  const take = (action: Action, on: Ledger = started, secret = GENESIS_SECRET) =>
    append(on, certify(secret, nextOf(on), action)).ledger;

  test('makes the key of the pending session the section’s, and its participants elders', () => {
    const after = take(right);
    expect(after.key).toEqual(right.key);
    expect(after.threshold).toBe(3);
    expect(after.elders.map((elder) => elder.name)).toEqual(nodes.slice(0, 4).map((node) => node.name));
    expect(after.pending).toBeUndefined();
    expect(after.origin?.id).toBe(started.pending!.id);
    expect([...after.members.values()].map((member) => member.age)).toEqual([2, 2, 2, 2]);
    expect(
      verifyChain(
        GENESIS_KEY,
        after.chain.map((link) => link.certified.raw),
      ),
    ).toHaveLength(2);
  });

  test.each<[string, Action]>([
    ['of another session', { ...right, session: new Uint8Array(32) }],
    ['with a share too few', { ...right, publicKeyShares: right.publicKeyShares.slice(1) }],
    ['with a share too many', { ...right, publicKeyShares: [...right.publicKeyShares, encodeG1(mulBase(3n))] }],
    ['without elders', { ...right, elders: [], publicKeyShares: [] }],
    ['with a lower threshold', { ...right, threshold: 2 }],
    ['with a higher threshold', { ...right, threshold: 4 }],
  ])('%s is refused', (_what, action) => {
    expect(codeOf(() => take(action))).toBe('WITAN_ERR_INVALID');
  });

  const compressed = (flags: number, x: number) => new Uint8Array(48).with(0, flags).with(47, x);
  const points: readonly [string, Uint8Array, string][] = [
    ['that is no encoding', compressed(0, 7), 'WITAN_ERR_MALFORMED'],
    // x³ + 4 is no square for x = 1.
    ['off the curve', compressed(0x80, 1), 'WITAN_ERR_MALFORMED'],
    // (0, 2) is on the curve, and of order 3.
    ['outside the subgroup', compressed(0x80, 0), 'WITAN_ERR_INVALID'],
    ['at infinity', compressed(0xc0, 0), 'WITAN_ERR_INVALID'],
  ];

  test.each(points)('to a key %s is refused, though the section has signed it', (_what, key, code) => {
    expect(codeOf(() => take({ ...right, key }))).toBe(code);
    expect(codeOf(() => openLink(certify(GENESIS_SECRET, nextOf(started), { ...right, key }), started.chain[0]))).toBe(
      code,
    );
  });

  test.each(points)('with a public key share %s is refused, though the section has signed it', (_what, share, code) => {
    for (const at of [0, right.publicKeyShares.length - 1]) {
      expect(codeOf(() => take({ ...right, publicKeyShares: right.publicKeyShares.with(at, share) }))).toBe(code);
    }
  });

  test('when nothing is pending is refused', () => {
    const before = sectionOf(nodes.slice(0, 4));
    expect(codeOf(() => take(right, before))).toBe('WITAN_ERR_INVALID');
  });

  test('of a session that was tried again is refused: only the last attempt counts', () => {
    const again = decide(started, dkgOf(nodes.slice(0, 3), { attempt: 1 }));
    expect(codeOf(() => take(right, again))).toBe('WITAN_ERR_INVALID');
    expect(codeOf(() => take(handoverOf(again, secretOf('third key')), again))).toBe('taken');
  });

  test('signed by the key that it announces is refused: only the key before it names its successor', () => {
    expect(codeOf(() => take(right, started, secretOf('second key')))).toBe('WITAN_ERR_SIGNATURE');
  });

  test('ends the key before it: what that signs is no decision any more', () => {
    const after = eldersOf(nodes.slice(0, 4));
    const join: Action = { type: 'join', nodes: [nodes[5]!.publicKey] };
    expect(codeOf(() => take(join, after))).toBe('WITAN_ERR_SIGNATURE');
    expect(codeOf(() => take(join, after, secretOf('second key')))).toBe('taken');
  });

  test('is a link that follows its parent and no other', () => {
    const after = take(right);
    const link = after.chain[1]!;
    expect(openLink(link.certified.raw, after.chain[0]).key).toEqual(right.key);
    expect(codeOf(() => openLink(link.certified.raw, link))).toBe('WITAN_ERR_CHAIN');
    expect(codeOf(() => openLink(link.certified.raw, undefined))).toBe('WITAN_ERR_CHAIN');
  });
});

test('a ledger is the fold of its decisions', () => {
  const ledger = eldersOf(nodes.slice(0, 7));
  const [genesis, ...rest] = ledger.decisions;
  const folded = rest.reduce((before, raw) => append(before, raw).ledger, openGenesis(genesis!, NETWORK, GENESIS_KEY));
  expect(folded).toEqual(ledger);
});
