import { WitanError } from '@witan/errors';
import fc from 'fast-check';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import {
  AttestationRequest,
  convertStrings,
  formErrors,
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

  test('of any kind never becomes anything but MALFORMED', () => {
    const schemas = ROUTE_NAMES.map((name): RouteDefinition => ROUTES[name]).flatMap(({ body, query, params }) => [
      body,
      query,
      params,
    ]);
    fc.assert(
      fc.property(
        fc.constantFrom(...schemas.filter((schema) => schema !== undefined)),
        fc.anything(),
        (schema, value) => {
          if (formErrors(schema, value).length === 0) return;
          expect(refusal(() => parse(schema, value, 'input')).code).toBe('WITAN_ERR_MALFORMED');
        },
      ),
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
