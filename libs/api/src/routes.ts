import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from './route.ts';
import {
  AttestationRequest,
  MAX_CHAIN_LINKS,
  MAX_PAYLOAD_BYTES,
  ProofBundle,
  VerificationRequest,
  VerificationResult,
} from './schemas/attestation.ts';
import { Session, SessionList, SessionState } from './schemas/dkg.ts';
import { Event } from './schemas/event.ts';
import { Node, NodeList, NodeRole, NodeState } from './schemas/node.ts';
import { NodeName, PageQuery, Prefix, PublicKey, SessionId } from './schemas/primitives.ts';
import { Health } from './schemas/problem.ts';
import { Chain, Network, Section } from './schemas/section.ts';

const strict = { additionalProperties: false } as const;

/** Room for a payload of the largest size in base64url, its context and the JSON around them. */
const ATTESTATION_BODY_LIMIT = Math.ceil((MAX_PAYLOAD_BYTES * 4) / 3) + 4096;
/** Of a handover to seven elders, as JSON with or without indentation. One to more of them is longer, and fewer fit. */
const LINK_LENGTH = 1600;
/** Room for the payload and for as many links as are taken. */
const VERIFICATION_BODY_LIMIT = ATTESTATION_BODY_LIMIT + MAX_CHAIN_LINKS * LINK_LENGTH;

export const ROUTES = {
  livez: defineRoute({
    method: 'GET',
    path: '/livez',
    tag: 'Health',
    summary: 'Is the process alive?',
    description: 'Answers as long as the event loop turns. Says nothing about the section or the bus.',
    status: 200,
    response: Health,
    errors: [],
  }),
  readyz: defineRoute({
    method: 'GET',
    path: '/readyz',
    tag: 'Health',
    summary: 'Can it serve now?',
    description: 'Runs every check; when one fails the answer is 503 with `checks`, which name it.',
    status: 200,
    response: Health,
    errors: ['WITAN_ERR_NOT_READY'],
  }),
  network: defineRoute({
    method: 'GET',
    path: '/v1/network',
    tag: 'Network',
    summary: 'The network and its sections',
    description: 'The genesis key, from which everything else verifies, and one line for each section.',
    status: 200,
    response: Network,
    errors: ['WITAN_ERR_NOT_READY'],
    etag: true,
  }),
  section: defineRoute({
    method: 'GET',
    path: '/v1/sections/{prefix}',
    tag: 'Network',
    summary: 'A section: key, elders, members',
    description: 'The section authority provider with what the gateway knows of the liveness of each elder.',
    params: Type.Object({ prefix: Prefix }),
    status: 200,
    response: Section,
    errors: ['WITAN_ERR_NOT_FOUND', 'WITAN_ERR_NOT_READY'],
    etag: true,
  }),
  chain: defineRoute({
    method: 'GET',
    path: '/v1/sections/{prefix}/chain',
    tag: 'Network',
    summary: 'The section chain, or the proof from one key to the current one',
    description:
      'Each link holds the exact bytes that were decided, so that it verifies offline. With `from`, only the links after that key.',
    params: Type.Object({ prefix: Prefix }),
    query: Type.Object({ from: Type.Optional(PublicKey), ...PageQuery }, strict),
    status: 200,
    response: Chain,
    errors: ['WITAN_ERR_NOT_FOUND', 'WITAN_ERR_UNTRUSTED_KEY', 'WITAN_ERR_INVALID', 'WITAN_ERR_NOT_READY'],
    etag: true,
  }),
  nodes: defineRoute({
    method: 'GET',
    path: '/v1/nodes',
    tag: 'Nodes',
    summary: 'All nodes',
    description: 'Sorted by name.',
    query: Type.Object(
      {
        prefix: Type.Optional(Prefix),
        state: Type.Optional(NodeState),
        role: Type.Optional(NodeRole),
        reachable: Type.Optional(Type.Boolean()),
        ...PageQuery,
      },
      strict,
    ),
    status: 200,
    response: NodeList,
    errors: ['WITAN_ERR_INVALID', 'WITAN_ERR_NOT_READY'],
  }),
  node: defineRoute({
    method: 'GET',
    path: '/v1/nodes/{name}',
    tag: 'Nodes',
    summary: 'One node',
    description: 'By its full name.',
    params: Type.Object({ name: NodeName }),
    status: 200,
    response: Node,
    errors: ['WITAN_ERR_NOT_FOUND', 'WITAN_ERR_NOT_READY'],
  }),
  sessions: defineRoute({
    method: 'GET',
    path: '/v1/dkg/sessions',
    tag: 'DKG',
    summary: 'DKG sessions',
    description: 'Newest first. 20 a page unless `limit` says otherwise.',
    query: Type.Object({ prefix: Type.Optional(Prefix), state: Type.Optional(SessionState), ...PageQuery }, strict),
    status: 200,
    response: SessionList,
    errors: ['WITAN_ERR_INVALID', 'WITAN_ERR_NOT_READY'],
  }),
  session: defineRoute({
    method: 'GET',
    path: '/v1/dkg/sessions/{id}',
    tag: 'DKG',
    summary: 'One DKG session',
    description: 'Its phases with who sent what when, closes, repairs and blame.',
    params: Type.Object({ id: SessionId }),
    status: 200,
    response: Session,
    errors: ['WITAN_ERR_NOT_FOUND', 'WITAN_ERR_NOT_READY'],
  }),
  attest: defineRoute({
    method: 'POST',
    path: '/v1/attestations',
    tag: 'Attestations',
    summary: 'Have the section sign a payload',
    description:
      'Asks the elders for signature shares, combines and checks them. The bundle verifies offline from the genesis key alone. ' +
      `The payload is at most ${MAX_PAYLOAD_BYTES} bytes. A gateway that was given API keys wants one of them here. Without a usable quorum the answer is 503 with \`waitingOn\`, and \`refusals\` where elders say why they do not sign.`,
    body: AttestationRequest,
    status: 201,
    response: ProofBundle,
    errors: [
      'WITAN_ERR_UNAUTHENTICATED',
      'WITAN_ERR_TOO_LARGE',
      'WITAN_ERR_UNSUPPORTED_MEDIA',
      'WITAN_ERR_NO_QUORUM',
      'WITAN_ERR_NOT_READY',
    ],
    needsKey: true,
    bodyLimit: ATTESTATION_BODY_LIMIT,
  }),
  verify: defineRoute({
    method: 'POST',
    path: '/v1/verifications',
    tag: 'Attestations',
    summary: 'Check a proof bundle',
    description:
      'The answer is 200 whether the bundle holds or not: `valid` says so and `reason` says why not. 400 is for what is no bundle at all. ' +
      'Trust no gateway with this in earnest: `witan verify` does the same offline.',
    body: VerificationRequest,
    status: 200,
    response: VerificationResult,
    errors: ['WITAN_ERR_TOO_LARGE', 'WITAN_ERR_UNSUPPORTED_MEDIA', 'WITAN_ERR_NOT_READY'],
    bodyLimit: VERIFICATION_BODY_LIMIT,
  }),
  events: defineRoute({
    method: 'GET',
    path: '/v1/events',
    tag: 'Events',
    summary: 'What happens, as it happens',
    description:
      'Server-sent events. `Last-Event-ID` (or `lastEventId`, for a first connection) resumes after that event as far back as the gateway ' +
      'remembers; beyond that the first event is a `reset`. A comment line is sent when nothing happens, so that a dead connection is noticed. ' +
      'A client that reads too slowly is cut off and may resume.',
    query: Type.Object({ lastEventId: Type.Optional(Type.String({ maxLength: 128 })) }, strict),
    headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 128 })) }),
    status: 200,
    produces: 'text/event-stream',
    response: Event,
    errors: ['WITAN_ERR_NOT_READY'],
  }),
  openapi: defineRoute({
    method: 'GET',
    path: '/openapi.json',
    tag: 'Document',
    summary: 'This document',
    description: 'OpenAPI 3.1, made from the schemas that the routes are checked by. `/docs` shows it.',
    status: 200,
    response: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
    errors: [],
    etag: true,
  }),
} as const satisfies Record<string, RouteDefinition>;

export type Routes = typeof ROUTES;
export type RouteName = keyof Routes;
export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];
/** Routes that answer with one JSON document; `events` streams. */
export type JsonRouteName = Exclude<RouteName, 'events'>;
