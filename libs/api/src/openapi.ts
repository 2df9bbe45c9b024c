import { CODES, type WitanErrorCode } from '@witan/errors';
import type { TObject, TSchema } from 'typebox';
import { PROBLEM_MEDIA_TYPE } from './problem.ts';
import { COMMON_ERRORS, type RouteDefinition, type Tag } from './route.ts';
import { ROUTE_NAMES, ROUTES } from './routes.ts';
import { Problem } from './schemas/problem.ts';

type Json = Record<string, unknown>;

export interface OpenApiDocument extends Json {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Json>>;
  readonly components: { readonly schemas: Record<string, Json>; readonly securitySchemes: Record<string, Json> };
}

const TAGS: Readonly<Record<Tag, string>> = {
  Health: 'For probes.',
  Network: 'Sections, their keys and how these are linked to the first one.',
  Nodes: 'Who is there.',
  DKG: 'Distributed key generation, as it happens and as it went.',
  Attestations: 'Statements signed by a section.',
  Events: 'What happens, as it happens.',
  Document: 'What you are reading.',
};

const API_KEY = { type: 'http', scheme: 'bearer', description: 'An API key of the gateway.' };

/** The OpenAPI 3.1 document of all routes. A schema with a title becomes a component, everywhere else it is a reference to that. */
export function openApiDocument(version: string): OpenApiDocument {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of ROUTE_NAMES) {
    const route: RouteDefinition = ROUTES[name];
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(name, route, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Witan gateway',
      version,
      summary: 'A section of nodes that governs itself',
      description:
        'Keys, names, hashes and signatures are lower-case hex; payload bytes are base64url without padding; times are RFC 3339. ' +
        'Lists are paged: give `nextCursor` as `cursor`. What is not of the form that a schema describes is 400 `WITAN_ERR_MALFORMED`; ' +
        'what has the form and breaks a rule is 422 `WITAN_ERR_INVALID` or a code of its own.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: components.schemas, securitySchemes: { apiKey: API_KEY } },
  };
}

function operation(name: string, route: RouteDefinition, components: Components): Json {
  const parameters = [
    ...parametersOf('path', route.params, components),
    ...parametersOf('query', route.query, components),
    ...parametersOf('header', route.headers, components),
  ];
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    description: route.description,
    // Without one where the gateway was given none.
    security: route.needsKey ? [{ apiKey: [] }, {}] : [],
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && {
      requestBody: { required: true, content: { 'application/json': { schema: components.reference(route.body) } } },
    }),
    responses: {
      [route.status]: success(route, components),
      ...(route.etag && { 304: { description: 'Not changed since the ETag in `If-None-Match`' } }),
      ...problems([...COMMON_ERRORS, ...route.errors], components),
    },
  };
}

function success(route: RouteDefinition, components: Components): Json {
  const mediaType = route.produces ?? 'application/json';
  return {
    description: route.summary,
    ...(route.etag && { headers: { ETag: { schema: { type: 'string' } } } }),
    content: { [mediaType]: { schema: components.reference(route.response) } },
  };
}

function parametersOf(place: 'path' | 'query' | 'header', schema: TObject | undefined, components: Components): Json[] {
  if (schema === undefined) return [];
  const required = new Set<string>(schema.required ?? []);
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.has(name),
    schema: components.reference(property as TSchema),
  }));
}

/** One response a status, whose `code` is one of those that the route may answer with there. */
function problems(codes: readonly WitanErrorCode[], components: Components): Json {
  const byStatus = Map.groupBy(new Set(codes), (code) => CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `${CODES[code].title} (\`${code}\`)`).join('; '),
        ...(status === 401 && {
          headers: { 'WWW-Authenticate': { description: 'Bearer', schema: { type: 'string' } } },
        }),
        ...([429, 503].includes(status) && {
          headers: { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } } },
        }),
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: { allOf: [components.reference(Problem), { properties: { code: { enum: group } } }] },
          },
        },
      },
    ]),
  );
}

/** Collects the titled schemas while references to them are handed out. */
class Components {
  readonly schemas: Record<string, Json> = {};

  reference(schema: TSchema): Json {
    const plain = schema as unknown as Json;
    const title = plain.title;
    if (typeof title !== 'string') return this.#inline(plain);
    const known = this.schemas[title];
    if (known === undefined) {
      this.schemas[title] = {}; // claimed before its parts are visited
      this.schemas[title] = this.#inline(plain);
    }
    const reference = { $ref: `#/components/schemas/${title}` };
    const ownWords = known !== undefined && plain.description !== known.description;
    return ownWords ? { ...reference, description: plain.description } : reference;
  }

  #inline(schema: Json): Json {
    return Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, this.#keyword(keyword, value)]),
    );
  }

  #keyword(keyword: string, value: unknown): unknown {
    if (keyword === 'properties') {
      return Object.fromEntries(
        Object.entries(value as Json).map(([name, schema]) => [name, this.reference(schema as TSchema)]),
      );
    }
    if (keyword === 'anyOf' || keyword === 'allOf' || keyword === 'oneOf')
      return (value as TSchema[]).map((schema) => this.reference(schema));
    if (keyword === 'items') return this.reference(value as TSchema);
    return value;
  }
}
