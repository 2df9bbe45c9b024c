import { Validator } from '@seriousme/openapi-schema-validator';
import { CODES, type WitanErrorCode } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { COMMON_ERRORS, openApiDocument, ROUTE_NAMES, ROUTES, type RouteDefinition } from '../src/index.ts';

type Json = Record<string, unknown>;

const document = JSON.parse(JSON.stringify(openApiDocument('1.2.3'))) as ReturnType<typeof openApiDocument>;
const operationOf = (route: RouteDefinition) => document.paths[route.path]?.[route.method.toLowerCase()] as Json;

/** Every object anywhere in `value`. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  yield value as Json;
  for (const part of Object.values(value)) yield* objectsIn(part);
}

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as never);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  test('has every route and no other', () => {
    const listed = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const defined = ROUTE_NAMES.map((name) => `${ROUTES[name].method} ${ROUTES[name].path}`);
    expect(listed.sort()).toEqual(defined.sort());
  });

  test('names each operation once', () => {
    const ids = ROUTE_NAMES.map((name) => operationOf(ROUTES[name]).operationId);
    expect(ids).toEqual(ROUTE_NAMES);
  });

  test('every reference leads to a component and every component is used', () => {
    const references = [...objectsIn(document)].map(({ $ref }) => $ref).filter((ref) => typeof ref === 'string');
    const names = new Set(references.map((reference) => reference.replace('#/components/schemas/', '')));
    expect([...names].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });

  test('a title is in the components alone: nothing that has a name is written out twice', () => {
    for (const item of objectsIn(document.paths)) {
      if (item.type !== undefined) expect(item.title).toBeUndefined();
    }
  });

  test.each(ROUTE_NAMES)('%s: lists exactly the errors that it may answer with', (name) => {
    const route: RouteDefinition = ROUTES[name];
    const responses = operationOf(route).responses as Record<string, { content?: Record<string, { schema: Json }> }>;
    const listed = Object.entries(responses).flatMap(([status, response]) => {
      const schema = response.content?.['application/problem+json']?.schema as
        | { allOf: [Json, { properties: { code: { enum: WitanErrorCode[] } } }] }
        | undefined;
      const codes = schema?.allOf[1].properties.code.enum ?? [];
      for (const code of codes) expect(String(CODES[code].status)).toBe(status);
      return codes;
    });
    expect(listed.sort()).toEqual([...new Set([...COMMON_ERRORS, ...route.errors])].sort());
    expect(Object.keys(responses)).toContain(String(route.status));
  });

  test.each(ROUTE_NAMES)('%s: describes each part of its path', (name) => {
    const route: RouteDefinition = ROUTES[name];
    const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, part]) => part);
    const parameters = (operationOf(route).parameters ?? []) as { in: string; name: string; required: boolean }[];
    const described = parameters.filter((parameter) => parameter.in === 'path');
    expect(described.map((parameter) => parameter.name)).toEqual(inPath);
    expect(described.every((parameter) => parameter.required)).toBe(true);
  });

  test('a route that takes a body says how large', () => {
    for (const name of ROUTE_NAMES) {
      const route: RouteDefinition = ROUTES[name];
      expect(route.bodyLimit !== undefined).toBe(route.body !== undefined);
      if (route.body) expect(route.errors).toContain('WITAN_ERR_TOO_LARGE');
    }
  });
});
