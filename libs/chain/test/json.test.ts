import { type LinkJson, linkFromJson, linkToJson, prefixName, verifyChainJson } from '@witan/chain';
import { describe, expect, test } from 'vitest';
import { makeChain, refusal } from './made.ts';

const { genesisKey, links, raws } = makeChain(2);
const json = links.map(linkToJson);
const other = makeChain(2, 5000n).links.map(linkToJson);

function changed(index: number, change: Partial<Record<keyof LinkJson, unknown>>): LinkJson[] {
  return json.map((link, at) => (at === index ? ({ ...link, ...change } as LinkJson) : link));
}

describe('a chain in JSON', () => {
  test('is the same chain after its way through text', () => {
    const read = JSON.parse(JSON.stringify(json)) as LinkJson[];
    expect(verifyChainJson(genesisKey, read)).toEqual(links);
    expect(read.map(linkFromJson)).toEqual(raws);
  });

  test('shows what was signed', () => {
    expect(json[1]).toMatchObject({ index: 1, prefix: 'root', generation: 2, reason: 'handover', view: 0 });
    expect(json[1]!.parentKey).toBe(json[0]!.key);
    expect(json[0]!.key).toBe(Buffer.from(genesisKey).toString('hex'));
  });

  test('calls the empty prefix root', () => {
    expect(['', '0', '101'].map(prefixName)).toEqual(['root', '0', '101']);
  });

  test('is refused when empty, or of another genesis', () => {
    expect(refusal(() => verifyChainJson(genesisKey, [])).code).toBe('WITAN_ERR_CHAIN');
    expect(refusal(() => verifyChainJson(genesisKey, other)).code).toBe('WITAN_ERR_UNTRUSTED_KEY');
  });
});

describe.each([0, 1, 2])('link %i', (index) => {
  test.each([
    ['index', 7],
    ['key', other[1]!.key],
    ['parentKey', other[1]!.key],
    ['signature', other[1]!.signature],
    ['prefix', '0'],
    ['generation', 77],
    ['reason', index === 0 ? 'handover' : 'genesis'],
    ['view', 1],
    ['decision', other[2]!.decision],
  ] as [keyof LinkJson, unknown][])('with another %s is noticed, and named', (field, value) => {
    const error = refusal(() => verifyChainJson(genesisKey, changed(index, { [field]: value })));
    expect(error).toMatchObject({ code: 'WITAN_ERR_CHAIN', data: { index } });
    expect(error.detail).toContain(`link ${index}: `);
  });

  test.each([
    ['a decision that is not base64url', { decision: `${json[index]!.decision}=` }],
    ['a decision in base64 with its other letters', { decision: '+/+/' }],
    ['no decision', { decision: undefined }],
    ['a signature in upper case', { signature: json[index]!.signature.toUpperCase() }],
    ['a signature of another length', { signature: 'abcd' }],
    ['no signature', { signature: undefined }],
    ['a view that is no number', { view: '0' }],
    ['a view below zero', { view: -1 }],
  ])('with %s is malformed, and named', (_, change) => {
    const error = refusal(() => verifyChainJson(genesisKey, changed(index, change)));
    expect(error).toMatchObject({ code: 'WITAN_ERR_MALFORMED', data: { index } });
    expect(error.detail).toContain(`link ${index}: `);
  });

  test.each(['index', 'key', 'parentKey', 'prefix', 'generation', 'reason'] as const)(
    'without its %s is noticed',
    (field) => {
      const error = refusal(() => verifyChainJson(genesisKey, changed(index, { [field]: undefined })));
      expect(error).toMatchObject({
        code: 'WITAN_ERR_CHAIN',
        detail: `link ${index}: ${field} is not what was signed`,
      });
    },
  );
});
