import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { CODES, problemType, type WitanErrorCode } from '@witan/errors';
import type { Exposition, Logger } from '@witan/observability';
import { Connections } from './connections.ts';
import { type ListenTarget, listen } from './listen.ts';
import type { Readiness } from './probes.ts';
import type { ServerTls } from './server-tls.ts';

export interface MetricsServerOptions extends ListenTarget {
  /** @param accept what the scraper accepts, as HTTP says it */
  readonly expose: (accept?: string) => Promise<Exposition>;
  readonly readiness: () => Readiness;
  readonly log: Logger;
  /** HTTPS instead of HTTP. */
  readonly tls?: ServerTls | undefined;
}

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5_000;
/** How often Node looks for requests that take too long. */
const LOOK_MS = 1_000;
const MAX_CONNECTIONS = 64;

/** Serves `/metrics`, `/livez` and `/readyz` and nothing else. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const routes: Readonly<Record<string, (response: ServerResponse, accept?: string) => Promise<void> | void>> = {
    '/metrics': async (response, accept) => {
      const { contentType, body } = await options.expose(accept);
      send(response, 200, contentType, body);
    },
    // Alive is whoever answers: a process that waits for its section to heal must not be killed for it.
    '/livez': (response) => sendJson(response, 200, { status: 'alive' }),
    '/readyz': (response) => {
      const readiness = options.readiness();
      sendJson(response, readiness.status === 'ready' ? 200 : 503, readiness);
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    try {
      if (route === undefined) sendProblem(response, 'WITAN_ERR_NOT_FOUND');
      else if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        sendProblem(response, 'WITAN_ERR_METHOD_NOT_ALLOWED');
      } else await route(response, request.headers.accept);
    } catch (error) {
      options.log.error({ err: error, path }, 'metrics port: a request failed');
      if (!response.headersSent) sendProblem(response, 'WITAN_ERR_INTERNAL');
    }
  };
  const timeouts = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_MS,
  };
  const { tls } = options;
  const { server, endFollowing } = tls === undefined ? plain(timeouts, answer) : secure(timeouts, answer, tls);
  new Connections(server, MAX_CONNECTIONS);
  const url = await listen(server, options, tls === undefined ? 'http' : 'https');
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        endFollowing();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

function plain(timeouts: object, answer: Answer) {
  return { server: createServer(timeouts, answer), endFollowing: () => {} };
}

function secure(timeouts: object, answer: Answer, tls: ServerTls) {
  const server = createTlsServer({ ...timeouts, ...tls.material }, answer);
  return { server, endFollowing: tls.follow(server) };
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
}

function sendProblem(response: ServerResponse, code: WitanErrorCode): void {
  const { status, title, help } = CODES[code];
  // A body that came with the request is not read: the connection is of no more use.
  response.setHeader('connection', 'close');
  const problem = { type: problemType(code), title, status, code, detail: title, help };
  send(response, status, 'application/problem+json', JSON.stringify(problem));
}
