import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Network, type Node, PHASES, type Section, type Session, toProblem, type WitanEvent } from '@witan/api';
import { WitanError, type WitanErrorCode } from '@witan/errors';

const AT = '2026-01-02T03:04:05.000Z';
const KEY = 'a'.repeat(96);
const name = (index: number): string => `${index}`.repeat(64);

/** Of seven, where five are needed. */
export function sectionWith(usable: number): Section {
  return {
    prefix: 'root',
    key: KEY,
    generation: 9,
    chainLength: 3,
    threshold: 5,
    elders: Array.from({ length: 7 }, (_, index) => ({
      name: name(index),
      index,
      age: 5,
      publicKeyShare: KEY,
      live: index < usable,
      usableShare: index < usable,
    })),
    members: [],
    signature: null,
  };
}

export function sessionThat(state: Session['state']): Session {
  const hasEnded = state === 'done' || state === 'failed';
  return {
    id: 'd'.repeat(64),
    prefix: 'root',
    generation: 8,
    attempt: 0,
    state,
    phase: 'contribution',
    participants: [0, 1, 2].map((index) => ({ name: name(index), index })),
    threshold: 3,
    waitingOn: hasEnded ? [] : [name(2)],
    blame: [],
    phases: PHASES.map((phase) => ({
      name: phase,
      startedAt: null,
      endedAt: null,
      durationMs: null,
      expected: 3,
      received: 0,
      closeView: null,
      messages: [],
      close: null,
    })),
    antiEntropy: { requests: 0, messagesRecovered: 0 },
    repairs: [],
    resultKey: state === 'done' ? KEY : null,
    startedAt: AT,
    endedAt: hasEnded ? AT : null,
    durationMs: hasEnded ? 0 : null,
  };
}

function nodeOf(index: number): Node {
  const section = 'root';
  return { name: name(index), age: 5, state: 'joined', roles: ['elder'], section, lastSeen: AT, reachable: true };
}

/** A gateway whose section and session are what the test says. */
export class StubGateway {
  section = sectionWith(7);
  session = sessionThat('running');
  /** So many of the next questions about sessions are refused: it is too busy, or as `refusal` says. */
  refusals = 0;
  refusal: WitanErrorCode = 'WITAN_ERR_RATE_LIMITED';
  /** The bundle that it has for whatever is to be signed. */
  bundle: object | undefined;
  /** What the chain route answers. */
  links: readonly object[] = [];
  /** What becomes of the texts in an answer before it is sent. */
  tell: (text: string) => string = (text) => text;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  #listener = Promise.withResolvers<void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url!, this.url);
      if (pathname === '/v1/events') return this.#stream(response);
      if (pathname.startsWith('/v1/dkg/') && this.refusals > 0) {
        this.refusals--;
        const problem = toProblem(new WitanError(this.refusal, 'not now'), 'x');
        response.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
        return;
      }
      const body = this.#answer(pathname);
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? {}, (_, value) => (typeof value === 'string' ? this.tell(value) : value)));
    });
  }

  static async start(): Promise<StubGateway> {
    const stub = new StubGateway();
    stub.#server.listen(0, '127.0.0.1');
    await once(stub.#server, 'listening');
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves as soon as somebody follows the events. */
  get followed(): Promise<void> {
    return this.#listener.promise;
  }

  send(event: WitanEvent): void {
    const data = JSON.stringify(event, (_, value) => (typeof value === 'string' ? this.tell(value) : value));
    const text = `id: ${event.id}\nevent: ${event.type}\ndata: ${data}\n\n`;
    for (const stream of this.#streams) stream.write(text);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
    this.#listener.resolve();
  }

  #answer(path: string): Network | Section | Session | object | undefined {
    const { key, generation, chainLength } = this.section;
    switch (path) {
      case '/v1/network': {
        const section = { prefix: 'root', key, generation, chainLength, elders: 7, members: 0 };
        return { network: 'stub', genesisKey: KEY, sections: [section] } satisfies Network;
      }
      case '/v1/sections/root':
        return this.section;
      case '/v1/sections/root/chain':
        return { genesisKey: KEY, links: this.links, nextCursor: null };
      case '/v1/nodes':
        return { nodes: [nodeOf(0), nodeOf(1)], nextCursor: null };
      case `/v1/nodes/${name(0)}`:
        return nodeOf(0);
      case '/v1/dkg/sessions':
        return { sessions: [this.session], nextCursor: null };
      case `/v1/dkg/sessions/${this.session.id}`:
        return this.session;
      case '/v1/attestations':
        return this.bundle;
      default:
        return undefined;
    }
  }
}
