import {
  type Decision,
  decisionHash,
  decodeDecision,
  encodeDecision,
  keyOf,
  NO_PARENT,
  openLink,
  proofFrom,
  verifyChain,
} from '@witan/chain';
import { encodeG1, keyPair } from '@witan/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { certify, makeChain, NETWORK, NODE, refusal } from './made.ts';

const CHAIN = makeChain(4);
const { pairs, genesisKey, raws, links } = CHAIN;
const verify = (list: readonly Uint8Array[]) => verifyChain(genesisKey, list);

describe('a chain', () => {
  test('verifies from the genesis key, each link by the key before', () => {
    expect(links.map((link) => link.key)).toEqual(pairs.map((pair) => encodeG1(pair.publicKey)));
    expect(links.map((link) => link.index)).toEqual([0, 1, 2, 3, 4]);
    expect(links.map((link) => link.reason)).toEqual(['genesis', ...new Array(4).fill('handover')]);
    expect(links.map((link) => link.certified.decision.generation)).toEqual([0, 2, 4, 6, 8]);
    expect(links.map((link) => link.parentKey)).toEqual([genesisKey, ...links.slice(0, -1).map((link) => link.key)]);
    for (const link of links) expect(link.certified.signedBy).toEqual(link.parentKey);
  });

  test('verifies with only its genesis, and every beginning of it', () => {
    for (let length = 1; length <= raws.length; length++) expect(verify(raws.slice(0, length))).toHaveLength(length);
  });

  test('names keys only by genesis and handover', () => {
    expect(CHAIN.decisions.map((bytes) => keyOf(decodeDecision(bytes)) !== undefined)).toEqual([
      true,
      ...new Array(4).fill([false, true]).flat(),
    ]);
  });
});

describe('refused', () => {
  test('an empty chain', () => {
    expect(refusal(() => verify([])).code).toBe('WITAN_ERR_CHAIN');
  });

  test('a chain from another genesis, though it holds in itself', () => {
    const other = makeChain(1, 5000n);
    expect(refusal(() => verify(other.raws)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
    expect(refusal(() => verifyChain(other.genesisKey, raws)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
  });

  test('a later key given for the genesis key', () => {
    expect(refusal(() => verifyChain(links[2]!.key, raws)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
  });

  test.each([
    ['two links swapped', [0, 2, 1, 3, 4], 1],
    ['the last two swapped', [0, 1, 2, 4, 3], 3],
    ['a link removed', [0, 1, 3, 4], 2],
    ['genesis removed', [1, 2, 3, 4], 0],
    ['genesis not first', [1, 0, 2, 3, 4], 0],
    ['a link repeated', [0, 1, 1, 2, 3, 4], 2],
    ['the last repeated', [0, 1, 2, 3, 4, 4], 5],
    ['a second genesis', [0, 0, 1, 2, 3, 4], 1],
    ['genesis at the end', [0, 1, 2, 3, 4, 0], 5],
  ])('%s, with the index of the first bad link', (_, order, index) => {
    const error = refusal(() => verify(order.map((at) => raws[at]!)));
    expect(error).toMatchObject({ code: 'WITAN_ERR_CHAIN', data: { index } });
    expect(error.detail).toContain(`link ${index}: `);
  });

  test('any other order or choice of the links', () => {
    const choices = fc.array(fc.nat({ max: raws.length - 1 }), { maxLength: 7 });
    fc.assert(
      fc.property(choices, (choice) => {
        const inOrder = choice.length > 0 && choice.every((at, index) => at === index);
        const check = () => verify(choice.map((at) => raws[at]!));
        if (inOrder) expect(check()).toHaveLength(choice.length);
        else expect(refusal(check).code).toBe('WITAN_ERR_CHAIN');
      }),
      { numRuns: 100 },
    );
  });

  test('a link with any byte changed', () => {
    const edits = fc.tuple(fc.nat({ max: raws.length - 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(edits, ([index, at, change]) => {
        const list = raws.map((raw) => raw.slice());
        const raw = list[index]!;
        raw[at % raw.length]! ^= change;
        expect(refusal(() => verify(list))).toMatchObject({ code: 'WITAN_ERR_CHAIN', data: { index } });
      }),
      { numRuns: 100 },
    );
  });
});

describe('a link after the second', () => {
  const parent = links[1]!;
  const handover = decodeDecision(links[2]!.certified.bytes) as Decision;
  const signed = (change: Partial<Decision>, by = pairs[1]!) => certify(encodeDecision({ ...handover, ...change }), by);

  test('by the key before is one', () => {
    expect(openLink(signed({}), parent)).toMatchObject({ index: 2, reason: 'handover', parentKey: parent.key });
    expect(verify([raws[0]!, raws[1]!, signed({ generation: 3 })])).toHaveLength(3);
  });

  test.each([
    ['a stranger', keyPair(31337n)],
    ['the key before that', pairs[0]!],
    ['the key that it announces', pairs[2]!],
  ])('by %s is none', (_, by) => {
    expect(refusal(() => openLink(signed({}, by), parent)).code).toBe('WITAN_ERR_SIGNATURE');
    expect(refusal(() => verify([raws[0]!, raws[1]!, signed({}, by)]))).toMatchObject({
      code: 'WITAN_ERR_CHAIN',
      data: { index: 2 },
    });
  });

  test.each([0, 1, 2])('of generation %i does not come after generation 2', (generation) => {
    const error = refusal(() => openLink(signed({ generation }), parent));
    expect(error).toMatchObject({
      code: 'WITAN_ERR_CHAIN',
      detail: `generation ${generation} does not follow its parent's`,
    });
  });

  test('is no genesis, also when the key before signs one', () => {
    const action = { type: 'genesis', node: NODE, key: genesisKey } as const;
    expect(refusal(() => openLink(signed({ action }), parent))).toMatchObject({
      code: 'WITAN_ERR_CHAIN',
      detail: 'a second genesis',
    });
  });

  test('is no decision that names no key', () => {
    const action = { type: 'join', nodes: [NODE] } as const;
    expect(refusal(() => openLink(signed({ action }), parent)).code).toBe('WITAN_ERR_CHAIN');
  });
});

describe('genesis', () => {
  const decision = { network: NETWORK, prefix: '', generation: 0, parent: NO_PARENT };

  test('signs itself', () => {
    const bytes = encodeDecision({ ...decision, action: { type: 'genesis', node: NODE, key: genesisKey } });
    expect(openLink(certify(bytes, pairs[0]!), undefined)).toMatchObject({ index: 0, parentKey: genesisKey });
    expect(refusal(() => openLink(certify(bytes, pairs[1]!), undefined)).code).toBe('WITAN_ERR_SIGNATURE');
  });

  test('is the only link without a parent', () => {
    expect(refusal(() => openLink(raws[1]!, undefined))).toMatchObject({
      code: 'WITAN_ERR_CHAIN',
      detail: 'does not begin with genesis',
    });
  });

  test('with a key that is no point is refused', () => {
    const bytes = encodeDecision({ ...decision, action: { type: 'genesis', node: NODE, key: new Uint8Array(48) } });
    expect(refusal(() => verifyChain(new Uint8Array(48), [certify(bytes, pairs[0]!)])).code).toBe('WITAN_ERR_CHAIN');
  });
});

describe('proofFrom', () => {
  test('is the links after the trusted key', () => {
    for (const [index, link] of links.entries()) expect(proofFrom(links, link.key)).toEqual(links.slice(index + 1));
  });

  test('verifies link by link from the trusted one', () => {
    let last = links[1]!;
    for (const { certified } of proofFrom(links, last.key)) last = openLink(certified.raw, last);
    expect(last).toEqual(links.at(-1));
  });

  test('of a key that the section never had is refused', () => {
    const stranger = encodeG1(keyPair(31337n).publicKey);
    expect(refusal(() => proofFrom(links, stranger)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
    expect(refusal(() => proofFrom([], genesisKey)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
  });
});

test('each decision names the hash of the one before', () => {
  const parents = CHAIN.decisions.map((bytes) => decodeDecision(bytes).parent);
  expect(parents).toEqual([NO_PARENT, ...CHAIN.decisions.slice(0, -1).map(decisionHash)]);
});
