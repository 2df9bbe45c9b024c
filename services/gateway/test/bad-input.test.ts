import { STATUS_CODES } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { formErrors, Problem, ROUTES } from '@witan/api';
import { CODES, type WitanErrorCode } from '@witan/errors';
import { createLogger } from '@witan/observability';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fastifyLogger } from '../src/logger.ts';
import { silentObserver } from '../src/observer.ts';
import { expectNoInsides, expectProblem, fakeBackend, listen, startApp } from './harness.ts';

const json = { 'content-type': 'application/json' };
const POSTS = ['/v1/attestations', '/v1/verifications'];

describe.each(POSTS)('a body that POST %s cannot take', (url) => {
  const post = async (payload: string | Buffer, headers: Record<string, string> = json) => {
    const { app } = await startApp();
    return app.inject({ method: 'POST', url, payload, headers });
  };

  test.each(['{', '', 'payload=aGk', '{"payload":"aGk"}}', '\u0000', '{"__proto__":{"a":1}}', "{'payload':''}"])(
    'not JSON: %j is 400',
    async (body) => {
      expectProblem(await post(body), 'WITAN_ERR_MALFORMED');
    },
  );

  test('not UTF-8 is 400', async () => {
    const body = Buffer.concat([Buffer.from('{"payload":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect(expectProblem(await post(body), 'WITAN_ERR_MALFORMED').detail).toContain('UTF-8');
  });

  test.each([
    'null',
    '[]',
    '"x"',
    '7',
    '{}',
    '{"payload":7}',
    '{"payload":null}',
    '{"payload":["aGk"]}',
    '{"payload":"a+/="}',
  ])('mistyped: %s is 400 and names the place', async (body) => {
    const problem = expectProblem(await post(body), 'WITAN_ERR_MALFORMED');
    expect(problem.errors?.length).toBeGreaterThan(0);
    expect(problem.detail).toMatch(/^body/);
  });

  test('too large is 413 and names the limit', async () => {
    const limit = url === '/v1/attestations' ? ROUTES.attest.bodyLimit : ROUTES.verify.bodyLimit;
    const problem = expectProblem(await post(JSON.stringify({ payload: 'A'.repeat(limit) })), 'WITAN_ERR_TOO_LARGE');
    expect(problem.limit).toBe(limit);
  });

  test('deeply nested is refused like any other', async () => {
    const depth = 100_000;
    expectProblem(await post(`${'['.repeat(depth)}${']'.repeat(depth)}`), 'WITAN_ERR_MALFORMED');
  });

  test.each([
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'nonsense',
  ])('as %s is 415', async (type) => {
    expectProblem(await post('{"payload":""}', { 'content-type': type }), 'WITAN_ERR_UNSUPPORTED_MEDIA');
  });

  test('of no type at all is 415', async () => {
    expectProblem(await post('{"payload":""}', {}), 'WITAN_ERR_UNSUPPORTED_MEDIA');
  });

  test('missing is 400 or 415', async () => {
    const { app } = await startApp();
    const response = await app.inject({ method: 'POST', url });
    expectProblem(response, response.statusCode === 415 ? 'WITAN_ERR_UNSUPPORTED_MEDIA' : 'WITAN_ERR_MALFORMED');
  });
});

test('fields of a request that are unknown are refused: a misspelt one is not ignored', async () => {
  const { app } = await startApp();
  const payload = { payload: 'aGk', contxt: 'x' };
  expectProblem(await app.inject({ method: 'POST', url: '/v1/attestations', payload }), 'WITAN_ERR_MALFORMED');
});

test.each([{ payload: '' }, { payload: 7 }, { payload: { length: 1_000_000_000 } }])(
  'fields that are unknown are refused however many they are, and hide nothing: %j',
  async (body) => {
    const { app } = await startApp();
    const unknown = Object.fromEntries([...'abcdefgh'].map((name) => [name, 0]));
    const payload = { ...unknown, ...body };
    expectProblem(await app.inject({ method: 'POST', url: '/v1/attestations', payload }), 'WITAN_ERR_MALFORMED');
  },
);

describe('a URL that cannot be', () => {
  test.each([
    '/v1/nodes/UPPER',
    `/v1/nodes/${'A'.repeat(64)}`,
    `/v1/nodes/${'a'.repeat(200)}`,
    '/v1/sections/2',
    `/v1/sections/${'1'.repeat(257)}`,
    `/v1/sections/${'1'.repeat(299)}`,
    '/v1/sections/%00',
    '/v1/dkg/sessions/x',
    '/v1/sections/root/chain?from=xyz',
    '/v1/nodes?limit=0',
    '/v1/nodes?limit=1001',
    '/v1/nodes?limit=-1',
    '/v1/nodes?limit=ten',
    '/v1/nodes?limit=1&limit=2',
    '/v1/nodes?reachable=1',
    '/v1/nodes?role=king',
    '/v1/nodes?nonsense=1',
    '/v1/nodes?__proto__=1',
    '/v1/nodes?limit=ten&1=&2=&3=&4=&5=&6=&7=&8=&9=',
    '/v1/sections/root/chain?from=00&1=&2=&3=&4=&5=&6=&7=&8=&9=',
    `/v1/nodes?cursor=${'a'.repeat(300)}`,
    '/v1/dkg/sessions?state=sleeping',
    '/v1/events?nonsense=1',
    '/v1/nodes/%zz',
    '/%zz',
  ])('%s is 400', async (url) => {
    const { app } = await startApp();
    expectProblem(await app.inject(url), 'WITAN_ERR_MALFORMED');
  });

  test.each([
    '/v1/nodes?cursor=abc',
    '/v1/dkg/sessions?cursor=bm9kZXM6YQ',
    '/v1/sections/root/chain?cursor=bm9kZXM6YQ',
  ])('%s has the form and is no cursor of that list: 422', async (url) => {
    const { app } = await startApp();
    expectProblem(await app.inject(url), 'WITAN_ERR_INVALID');
  });

  test.each([
    '/nope',
    '/v1',
    '/v1/',
    '/v2/network',
    '/assets/nope.js',
    '/assets/../package.json',
    '/docs/static/nope.js',
    '/v1/network/',
  ])('%s is 404', async (url) => {
    const { app } = await startApp();
    expectProblem(await app.inject(url), 'WITAN_ERR_NOT_FOUND');
  });

  test('is 404 for POST as well, whatever the body', async () => {
    const { app } = await startApp();
    const response = await app.inject({
      method: 'POST',
      url: '/nope',
      payload: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    expectProblem(response, 'WITAN_ERR_NOT_FOUND');
  });
});

describe('a method that a path does not take', () => {
  test.each([
    ['DELETE', '/v1/network', 'GET, HEAD'],
    ['GET', '/v1/attestations', 'POST'],
    ['PUT', `/v1/nodes/${'a'.repeat(64)}`, 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['HEAD', '/v1/events', 'GET'],
    ['OPTIONS', '/v1/verifications', 'POST'],
    ['PATCH', '/livez', 'GET, HEAD'],
  ] as const)('%s %s is 405', async (method, url, allow) => {
    const { app } = await startApp();
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe(allow);
    if (method !== 'HEAD') expectProblem(response, 'WITAN_ERR_METHOD_NOT_ALLOWED');
  });
});

test('whatever is posted, the answer is one of the closed set and never a defect', async () => {
  const { app } = await startApp();
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.record({ payload: fc.anything(), context: fc.anything() }).map((body) => JSON.stringify(body)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...POSTS), bodies, async (url, payload) => {
      const response = await app.inject({ method: 'POST', url, payload: payload ?? '', headers: json });
      if (response.statusCode < 300) return;
      expect([400, 413, 415, 422]).toContain(response.statusCode);
      expectNoInsides(response.body);
    }),
    { numRuns: 200 },
  );
});

describe('a defect', () => {
  const broken = () => {
    const backend = fakeBackend();
    backend.network = () => {
      throw new TypeError("cannot read 'key' of undefined");
    };
    return backend;
  };

  test('is 500 without a word of what it was', async () => {
    const { app } = await startApp({}, broken());
    const response = await app.inject('/v1/network');
    expectProblem(response, 'WITAN_ERR_INTERNAL');
    expect(response.body).not.toContain('undefined');
  });

  test('is in the log with its stack, under the id that the client got', async () => {
    const lines: { err: { cause: { stack: string } } }[] = [];
    const logger = fastifyLogger(
      createLogger({
        service: 'gateway',
        write: (line) => void lines.push(JSON.parse(line) as (typeof lines)[number]),
      }),
    );
    const { app } = await startApp({ logger }, broken());
    const response = await app.inject({ url: '/v1/network', headers: { 'x-request-id': 'from-client.1' } });
    expect(response.headers['x-request-id']).toBe('from-client.1');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level: 'error', requestId: 'from-client.1', code: 'WITAN_ERR_INTERNAL' });
    expect(JSON.stringify(lines[0]?.err)).toContain('bad-input.test.ts');
  });

  test('of an answer that is not of its form does not go out', async () => {
    const backend = fakeBackend();
    const node = backend.nodes()[0];
    backend.node = () => ({ ...node, age: -1 }) as never;
    const { app } = await startApp({}, backend);
    expectProblem(await app.inject(`/v1/nodes/${'a'.repeat(64)}`), 'WITAN_ERR_INTERNAL');
  });

  test.each(['with spaces', 'x'.repeat(65), '<script>', ''])('a request id like %j is replaced', async (id) => {
    const { app } = await startApp();
    const response = await app.inject({ url: '/livez', headers: { 'x-request-id': id } });
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('on a socket', () => {
  const exchange = async (port: number, bytes: string | Buffer) => {
    const socket = connect(port, '127.0.0.1');
    socket.end(bytes);
    return text(socket);
  };

  /** A gateway on a port, what it counts, and what its service logs. */
  const observed = async () => {
    const counted: string[] = [];
    const observer = {
      ...silentObserver,
      requestDone: ({ method, route, status }: { method: string; route: string; status: number }) =>
        void counted.push(`${method} ${route} ${status}`),
    };
    const lines: Record<string, unknown>[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
    const logger = fastifyLogger(createLogger({ service: 'gateway', level: 'debug', write }));
    return { ...(await listen({ observer, logger })), counted, lines };
  };

  /** What every answer is, also one that was written without a request: a problem, safe to open, found in the log. */
  const expectRefused = (answer: string, lines: readonly Record<string, unknown>[], code: WitanErrorCode) => {
    const [head, body] = answer.split('\r\n\r\n') as [string, string];
    const [first, ...rest] = head.split('\r\n');
    const headers = Object.fromEntries(rest.map((line) => line.split(/: (.*)/, 2)));
    const { status } = CODES[code];
    expect(first).toBe(`HTTP/1.1 ${status} ${STATUS_CODES[status]}`);
    const problem = JSON.parse(body) as Problem;
    expect(problem).toMatchObject({ code, status });
    expect(formErrors(Problem, problem)).toEqual([]);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'content-length': String(Buffer.byteLength(body)),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    const requestId = headers['x-request-id'];
    expect(problem.instance).toBe(`urn:witan:request:${requestId}`);
    expect(lines.filter((line) => line.requestId === requestId)).toMatchObject([{ level: 'debug', code }]);
    expectNoInsides(answer);
  };

  test.each<[string, WitanErrorCode]>([
    ['garbage\r\n\r\n', 'WITAN_ERR_MALFORMED'],
    ['GET / HTTP/9.9\r\n\r\n', 'WITAN_ERR_MALFORMED'],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 'WITAN_ERR_HEADERS_TOO_LARGE'],
    [
      `POST /v1/verifications HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1;${'y'.repeat(40_000)}\r\n`,
      'WITAN_ERR_TOO_LARGE',
    ],
  ])('bytes that are no request get a problem, and the gateway goes on: %#', async (bytes, code) => {
    const { port, url, counted, lines } = await observed();
    expectRefused(await exchange(port, bytes), lines, code);
    expect(counted).toEqual([`other unmatched ${CODES[code].status}`]);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  test('a request that does not arrive in time is 408', async () => {
    const { app, port, counted, lines } = await observed();
    // What Node does when the time is up, which is not to be waited for.
    const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    app.server.on('connection', (socket) => socket.once('data', () => app.server.emit('clientError', late, socket)));
    expectRefused(await exchange(port, 'GET / HTTP/1.1\r\n'), lines, 'WITAN_ERR_REQUEST_TIMEOUT');
    expect(counted).toEqual(['other unmatched 408']);
  });

  test('a body shorter than its Content-Length is no request', async () => {
    const { port } = await listen();
    const head =
      'POST /v1/attestations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n';
    const answer = await exchange(port, `${head}{"payload":""}`);
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    expectNoInsides(answer);
  });

  test('a body over the limit is refused before it is read to its end', async () => {
    const { port } = await listen();
    const head =
      'POST /v1/attestations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n';
    const answer = await exchange(port, head);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});
