import { WitanError } from '@witan/errors';
import fc from 'fast-check';
import { type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import {
  AttestationRequest,
  Chain,
  convertStrings,
  formErrors,
  MAX_CHAIN_LINKS,
  NodeList,
  ProofBundle,
  parse,
  ROUTE_NAMES,
  ROUTES,
  type RouteDefinition,
} from '../src/index.ts';

const query = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    live: Type.Optional(Type.Boolean()),
    name: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** What requests are checked by; strict are those that take no unknown fields. */
const INPUTS = ROUTE_NAMES.map((name): RouteDefinition => ROUTES[name])
  .flatMap(({ body, query, params }) => [body, query, params])
  .filter((schema) => schema !== undefined) as TObject[];
const STRICT = INPUTS.filter((schema) => (schema as { additionalProperties?: unknown }).additionalProperties === false);

/** The least that a strict schema takes. */
function formOf(schema: TObject): Record<string, unknown> {
  return schema === (AttestationRequest as TObject) ? { payload: '' } : {};
}

function refusal(action: () => unknown): WitanError {
  try {
    action();
  } catch (error) {
    if (error instanceof WitanError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('strings of a URL', () => {
  test('become what the schema asks for', () => {
    expect(convertStrings(query, { limit: '20', live: 'false', name: '7' })).toEqual({
      limit: 20,
      live: false,
      name: '7',
    });
  });

  test.each(['1.5', '1e3', '0x10', '', ' 1', '1 ', '٣', '99999999999999999', 'NaN', 'true'])(
    'limit=%j stays a string and is refused',
    (limit) => {
      const converted = convertStrings(query, { limit });
      expect(converted).toEqual({ limit });
      expect(refusal(() => parse(query, converted, 'query')).code).toBe('WITAN_ERR_MALFORMED');
    },
  );

  test('given twice is refused', () => {
    expect(formErrors(query, convertStrings(query, { limit: ['1', '2'] }))).not.toEqual([]);
  });

  test('every safe integer comes through as itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1 }), (limit) => {
        expect(parse(query, convertStrings(query, { limit: String(limit) }), 'query')).toEqual({ limit });
      }),
    );
  });
});

describe('what is not of the form', () => {
  test('is named by its place, in words', () => {
    const error = refusal(() => parse(AttestationRequest, { payload: '+/+/' }, 'body'));
    expect(error.code).toBe('WITAN_ERR_MALFORMED');
    expect(error.detail).toBe('body.payload: is not of the form: Bytes in base64url without padding');
    expect(error.data).toEqual({
      errors: [{ path: '/payload', message: 'is not of the form: Bytes in base64url without padding' }],
    });
  });

  test('names the fields that it does not know', () => {
    expect(refusal(() => parse(AttestationRequest, { payload: '', contxt: 'x' }, 'body')).detail).toBe(
      'body: unknown: contxt',
    );
  });

  test('is not echoed at length', () => {
    const nodes = Array.from({ length: 5000 }, () => ({ name: 'x'.repeat(100) }));
    const error = refusal(() => parse(NodeList, { nodes, nextCursor: null }, 'answer'));
    expect(JSON.stringify(error.data).length).toBeLessThan(2000);
  });

  test('is explained without a look into a list that is too long, and none of it is kept of any other', () => {
    const list = Type.Array(Type.Object({ tags: Type.Array(Type.Integer(), { maxItems: 3 }) }), { maxItems: 1000 });
    const form = Type.Object({ list });
    let looked = 0;
    const long = new Proxy(new Array<number>(1001).fill(0), {
      get: (items, at) => {
        if (/^\d/.test(String(at))) looked++;
        return Reflect.get(items, at);
      },
    });
    expect(formErrors(form, { list: long })).toEqual([
      { path: '/list', message: 'must not have more than 1000 items' },
    ]);
    // The check itself stops at the first bad one.
    expect(looked).toBeLessThan(10);
    expect(formErrors(form, { list: [{ tags: [1] }, { tags: ['', '', '', ''] }, {}] })).toEqual([
      { path: '/list/1/tags', message: 'must not have more than 3 items' },
    ]);
    expect(formErrors(form, { list: [{ tags: [1, ''] }, {}] })).toEqual([
      { path: '/list/0/tags/1', message: 'must be integer' },
    ]);
  });

  test('is not matched against a pattern when it is too long for one', () => {
    for (const letter of ['A', '!', 'é']) {
      expect(formErrors(AttestationRequest, { payload: letter.repeat(10_000_000) })).toEqual([
        { path: '/payload', message: 'must not have more than 2097152 characters' },
      ]);
    }
  });

  test('costs no more to explain than its size, also where a list has no bound', () => {
    const links = new Array<number>(1_000_000).fill(0);
    const before = process.memoryUsage().heapUsed;
    expect(formErrors(Chain, { genesisKey: '', links, nextCursor: null })).toHaveLength(2);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50 * 1024 * 1024);
  });

  test.each([1, 7, 8, 9, 100])('with %i unknown fields is refused, whatever the others hold', (count) => {
    const unknown = Object.fromEntries(Array.from({ length: count }, (_, nth) => [`x${nth}`, nth]));
    for (const schema of STRICT) {
      const names = Object.keys(schema.properties);
      const mistyped = Object.fromEntries(names.map((name) => [name, [{}]]));
      const [first] = formErrors(schema, { ...unknown, ...formOf(schema) });
      expect(first?.message).toMatch(/^unknown: x0/);
      expect(formErrors(schema, { ...unknown, ...mistyped })).not.toEqual([]);
    }
  });

  test('shows four unknown names, and none of them at length', () => {
    const value = Object.fromEntries([...'abcdef'].map((letter) => [letter.repeat(1_000_000), 0]));
    const [error] = formErrors(AttestationRequest, { payload: '', ...value });
    expect(error?.message).toBe(`unknown: ${[...'abcd'].map((letter) => letter.repeat(64)).join(', ')}`);
  });

  test('is what the check says it is, and nothing else: an explanation may be missing or long', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'payload', 'limit', 'state'));
    const extra = fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 20, noNullPrototype: false });
    const value = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }), fc.anything());
    fc.assert(
      fc.property(fc.constantFrom(...STRICT), extra, fc.array(value, { maxLength: 8 }), (schema, others, held) => {
        const own = Object.keys(schema.properties).flatMap((name, at) => (at in held ? [[name, held[at]]] : []));
        for (const input of [
          { ...others, ...Object.fromEntries(own) },
          { ...others, ...formOf(schema) },
        ]) {
          expect(formErrors(schema, input).length === 0).toBe(Compile(schema).Check(input));
        }
      }),
    );
  });

  test('of any kind never becomes anything but MALFORMED', () => {
    fc.assert(
      fc.property(fc.constantFrom(...INPUTS), fc.anything(), (schema, value) => {
        expect(formErrors(schema, value).length === 0).toBe(Compile(schema).Check(value));
        if (formErrors(schema, value).length === 0) return;
        expect(refusal(() => parse(schema, value, 'input')).code).toBe('WITAN_ERR_MALFORMED');
      }),
    );
  });
});

describe('the forms of values', () => {
  test('payload bytes: base64url without padding, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const payload = Buffer.from(bytes).toString('base64url');
        expect(formErrors(AttestationRequest, { payload })).toEqual([]);
        if (bytes.length % 3 !== 0) expect(formErrors(AttestationRequest, { payload: `${payload}=` })).not.toEqual([]);
      }),
    );
  });

  test('a bundle may have any number of links; how many are checked for others is bounded', () => {
    const hash = 'ab'.repeat(32);
    const key = 'ab'.repeat(48);
    const names = { key, parentKey: key, signature: key + key, prefix: 'root', reason: 'handover' };
    const link = (index: number) => ({ index, ...names, generation: index, view: 0, decision: 'AAAA' });
    const bundle = (links: number) => ({
      ...{ payloadHash: hash, context: '', signedAt: '2026-01-01T00:00:00.000Z', prefix: 'root', key },
      ...{ signature: key + key, chain: Array.from({ length: links }, (_, index) => link(index)) },
    });
    expect(formErrors(ROUTES.attest.response, bundle(12_000))).toEqual([]);
    expect(formErrors(ROUTES.verify.body, bundle(MAX_CHAIN_LINKS))).toEqual([]);
    expect(formErrors(ROUTES.verify.body, bundle(MAX_CHAIN_LINKS + 1))).toHaveLength(1);
    expect(formErrors(ProofBundle, bundle(0))).toHaveLength(1);
  });

  test.each([
    '2026-02-30T00:00:00.000Z',
    '2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00.000+00:00',
    '2026-01-01',
    1,
    null,
  ])('a signed time is toISOString() and nothing else: %j is refused', (signedAt) => {
    const paths = formErrors(ProofBundle, { signedAt }).map(({ path }) => path);
    expect(paths).toContain('/signedAt');
  });

  test.each([
    [
      '/v1/sections/{prefix}',
      'prefix',
      ['root', '0', '1010', '1'.repeat(256)],
      ['', '2', 'Root', '1'.repeat(257), '0x', 'root1'],
    ],
    ['/v1/nodes/{name}', 'name', ['a0'.repeat(32)], ['A0'.repeat(32), 'a0'.repeat(31), 'g0'.repeat(32), '']],
  ])('%s', (path, field, good, bad) => {
    const route = ROUTE_NAMES.map((name): RouteDefinition => ROUTES[name]).find((candidate) => candidate.path === path);
    const params = route?.params;
    if (params === undefined) throw new Error('no such route');
    for (const value of good) expect(formErrors(params, { [field]: value })).toEqual([]);
    for (const value of bad) expect(formErrors(params, { [field]: value })).not.toEqual([]);
  });
});
