import {
  type BodyOf,
  type ChainLink,
  type JsonRouteName,
  MAX_PAYLOAD_BYTES,
  type Node,
  type ParamsOf,
  type ProofBundle,
  type QueryOf,
  type ResponseOf,
  type RouteName,
  type Routes,
  type Session,
} from '@witan/api';
import { WitanError } from '@witan/errors';
import type { Backend } from './backend.ts';
import { paginate } from './paging.ts';

export interface HandlerInput<K extends RouteName> {
  readonly params: ParamsOf<Routes[K]>;
  readonly query: QueryOf<Routes[K]>;
  readonly body: BodyOf<Routes[K]>;
}

export type Handlers = {
  readonly [K in JsonRouteName]: (input: HandlerInput<K>) => ResponseOf<Routes[K]> | Promise<ResponseOf<Routes[K]>>;
};

/** What each route does, with no HTTP in it. `input` has the form that the route's schemas say. */
export function createHandlers(backend: Backend, document: ResponseOf<Routes['openapi']>): Handlers {
  return {
    livez: () => ({ status: 'ok', checks: [] }),
    async readyz() {
      const checks = [...(await backend.checks())];
      const failing = checks.filter((check) => !check.ok);
      if (failing.length === 0) return { status: 'ok', checks };
      const detail = failing.map(({ name, detail }) => (detail ? `${name} (${detail})` : name)).join(', ');
      throw new WitanError('WITAN_ERR_NOT_READY', `Failing: ${detail}`, { data: { checks } });
    },
    network: () => backend.network(),
    section: ({ params }) => backend.section(params.prefix),
    async chain({ params, query }) {
      const { genesisKey, links } = await backend.chain(params.prefix, query.from);
      const page = paginate([...links], query, { list: 'chain', key: linkKey, defaultLimit: 1000 });
      return { genesisKey, links: page.items, nextCursor: page.nextCursor };
    },
    async nodes({ query }) {
      const nodes = (await backend.nodes()).filter((node) => matchesNode(node, query));
      nodes.sort((a, b) => compare(a.name, b.name));
      const page = paginate(nodes, query, { list: 'nodes', key: (node) => node.name, defaultLimit: 100 });
      return { nodes: page.items, nextCursor: page.nextCursor };
    },
    node: ({ params }) => backend.node(params.name),
    async sessions({ query }) {
      const sessions = (await backend.sessions()).filter((session) => matchesSession(session, query));
      sessions.sort((a, b) => compare(sessionKey(a), sessionKey(b)));
      const page = paginate(sessions, query, { list: 'sessions', key: sessionKey, defaultLimit: 20 });
      return { sessions: page.items, nextCursor: page.nextCursor };
    },
    session: ({ params }) => backend.session(params.id),
    attest: ({ body }) => backend.attest({ payload: decodePayload(body.payload), context: body.context ?? '' }),
    async verify({ body }) {
      const { payload, ...bundle } = body;
      return backend.verify(bundle satisfies ProofBundle, payload === undefined ? undefined : decodePayload(payload));
    },
    openapi: () => document,
  };
}

function decodePayload(payload: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(payload, 'base64url'));
  if (bytes.length > MAX_PAYLOAD_BYTES) {
    throw new WitanError('WITAN_ERR_TOO_LARGE', `payload: ${bytes.length} bytes, at most ${MAX_PAYLOAD_BYTES}`, {
      data: { limit: MAX_PAYLOAD_BYTES },
    });
  }
  return bytes;
}

function matchesNode(node: Node, query: HandlerInput<'nodes'>['query']): boolean {
  return (
    (query.prefix === undefined || node.section === query.prefix) &&
    (query.state === undefined || node.state === query.state) &&
    (query.role === undefined || node.roles.includes(query.role)) &&
    (query.reachable === undefined || node.reachable === query.reachable)
  );
}

function matchesSession(session: Session, query: HandlerInput<'sessions'>['query']): boolean {
  return (
    (query.prefix === undefined || session.prefix === query.prefix) &&
    (query.state === undefined || session.state === query.state)
  );
}

const linkKey = (link: ChainLink): string => String(link.index).padStart(12, '0');

/** Ascending in it is newest first: each session has a generation of its own, as each is a decision. */
const LAST_GENERATION = 0xffff_ffff;
const sessionKey = ({ generation, attempt, id }: Session): string =>
  [LAST_GENERATION - generation, LAST_GENERATION - attempt].map((part) => String(part).padStart(10, '0')).join(' ') +
  id;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
