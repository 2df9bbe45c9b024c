import { PROBLEM_MEDIA_TYPE, type Problem } from '@witan/api';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { silentObserver } from '../src/observer.ts';
import { expectProblem, listen, startApp } from './harness.ts';
import { Wire } from './wire.ts';

const rateLimit = { max: 3, windowMs: 60_000 };
const TOO_LONG = `/v1/sections/${'1'.repeat(301)}`;

/** What a gateway counts. */
function counting() {
  const counted: string[] = [];
  const requestDone = (done: { method: string; route: string; status: number }) =>
    void counted.push(`${done.method} ${done.route} ${done.status}`);
  return { counted, observer: { ...silentObserver, requestDone } };
}

/** What a connection is answered to a head, and what is counted of it. */
async function ask(head: string) {
  const { counted, observer } = counting();
  const { port } = await listen({ observer });
  const wire = new Wire(port);
  wire.socket.write(head);
  const answer = await wire.answer();
  await vi.waitUntil(() => counted.length > 0);
  return { ...answer, counted };
}

describe('a request without a Host', () => {
  test('is answered with a problem like any other, and counted', async () => {
    const { status, head, body, counted } = await ask('GET /v1/network HTTP/1.1\r\n\r\n');
    expect(status).toBe(400);
    expect(head).toContain(PROBLEM_MEDIA_TYPE);
    expect(head).toContain('x-content-type-options: nosniff');
    const problem = JSON.parse(body) as Problem;
    expect(problem).toMatchObject({ code: 'WITAN_ERR_MALFORMED', detail: 'The request has no Host.' });
    expect(head).toContain(`x-request-id: ${problem.instance.replace('urn:witan:request:', '')}`);
    expect(counted).toEqual(['GET unmatched 400']);
  });

  test('is one like others of HTTP/1.0, which has none', async () => {
    const { status, counted } = await ask('GET /v1/network HTTP/1.0\r\n\r\n');
    expect({ status, counted }).toEqual({ status: 200, counted: ['GET /v1/network 200'] });
  });
});

test('a request that expects something is answered as if it did not', async () => {
  const { status, counted } = await ask('GET /v1/network HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\n\r\n');
  expect({ status, counted }).toEqual({ status: 200, counted: ['GET /v1/network 200'] });
});

describe('a URL that cannot be', () => {
  test.each(['/%zz', '/v1/nodes/%ff', TOO_LONG])('is counted: %#', async (url) => {
    const { status, body, counted } = await ask(`GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(status).toBe(400);
    expect((JSON.parse(body) as Problem).code).toBe('WITAN_ERR_MALFORMED');
    expect(counted).toEqual(['GET unmatched 400']);
  });

  test('or that can: each is answered by a problem or by what is there, and counted once', async () => {
    const { counted, observer } = counting();
    const { app } = await startApp({ observer });
    const part = fc.string({ unit: fc.constantFrom('%', 'z', '2', 'F', 'e', '/', '?', '#', ';', ':', '*', '.') });
    const path = fc.tuple(fc.constantFrom('/', '/v1/nodes/', '/v1/sections/', '/assets/'), part);
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom('GET', 'POST', 'DELETE'), async (parts, method) => {
        counted.length = 0;
        const response = await app.inject({ method, url: parts.join('') });
        expect(counted).toHaveLength(1);
        if (response.statusCode >= 400) expectProblem(response, (response.json() as Problem).code);
      }),
      { numRuns: 300 },
    );
  });

  test.each(['/%zz', TOO_LONG])('is one of those that an address may make: %#', async (url) => {
    const { app } = await startApp({ rateLimit, trustedProxies: 1 });
    const from = (client: string) => app.inject({ url, headers: { 'x-forwarded-for': client } });
    for (let request = 0; request < 3; request += 1) expectProblem(await from('10.0.0.1'), 'WITAN_ERR_MALFORMED');
    expectProblem(await from('10.0.0.1'), 'WITAN_ERR_RATE_LIMITED');
    expectProblem(await from('10.0.0.2'), 'WITAN_ERR_MALFORMED');
    const good = await app.inject({ url: '/v1/network', headers: { 'x-forwarded-for': '10.0.0.1' } });
    expectProblem(good, 'WITAN_ERR_RATE_LIMITED');
  });
});

test('requests without a Host are among those that an address may make', async () => {
  const { port } = await listen({ rateLimit });
  const statuses: number[] = [];
  for (let request = 0; request < 4; request += 1) {
    const wire = new Wire(port);
    wire.socket.write('GET /v1/network HTTP/1.1\r\n\r\n');
    statuses.push((await wire.answer()).status);
  }
  expect(statuses).toEqual([400, 400, 400, 429]);
});
