import type { IncomingMessage } from 'node:http';
import { createLogger } from '@witan/observability';
import { describe, expect, test } from 'vitest';
import { fastifyLogger } from '../src/logger.ts';
import type { HttpObserver } from '../src/observer.ts';
import { expectProblem, listen, startApp } from './harness.ts';

const rateLimit = { max: 3, windowMs: 60_000 };

describe('the rate limit', () => {
  test('answers 429 with Retry-After, also to who asks for what does not exist', async () => {
    for (const url of ['/v1/network', '/nope']) {
      const { app } = await startApp({ rateLimit });
      for (let request = 0; request < 3; request += 1) expect((await app.inject(url)).statusCode).toBeLessThan(429);
      const response = await app.inject(url);
      expect(response.statusCode).toBe(429);
      expect(expectProblem(response, 'WITAN_ERR_RATE_LIMITED')).toMatchObject({ limit: 3 });
      const wait = Number(response.headers['retry-after']);
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(60);
    }
  });

  test('is one for all routes together, and for each address its own', async () => {
    const { app } = await startApp({ rateLimit });
    for (const url of ['/v1/network', '/v1/nodes', '/v1/sections/root']) await app.inject(url);
    expect((await app.inject('/v1/dkg/sessions')).statusCode).toBe(429);
    expect((await app.inject({ url: '/v1/network', remoteAddress: '10.0.0.9' })).statusCode).toBe(200);
  });

  test('remembers so many addresses and no more, of which that goes that asked longest ago', async () => {
    const { app } = await startApp({ rateLimit: { max: 1, windowMs: 60_000, addresses: 20 } });
    const ask = async (host: number) => {
      const remoteAddress = `10.0.${host >> 8}.${host & 0xff}`;
      return (await app.inject({ url: '/v1/network', remoteAddress })).statusCode;
    };
    const hosts = Array.from({ length: 20 }, (_, host) => host);
    for (const host of hosts) expect(await ask(host)).toBe(200);
    for (const host of hosts) expect(await ask(host)).toBe(429);
    for (let host = 20; host < 39; host += 1) expect(await ask(host)).toBe(200);
    expect([await ask(19), await ask(18), await ask(0)]).toEqual([429, 200, 200]);
  });

  test('counts nothing for a client that has gone, whose connection has no address any more', async () => {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const logger = fastifyLogger(createLogger({ service: 'gateway', level: 'info', write }));
    const { app, url } = await listen({ rateLimit, logger });
    const goes = ({ socket }: IncomingMessage) => Object.defineProperty(socket, 'remoteAddress', { value: undefined });
    app.server.prependListener('request', goes);
    for (const path of ['/v1/network', '/nope', '/livez']) {
      await expect(fetch(url + path)).rejects.toThrow('fetch failed');
    }
    app.server.off('request', goes);
    const answers = [1, 2, 3, 4].map(() => fetch(`${url}/v1/network`));
    expect((await Promise.all(answers)).map(({ status }) => status).sort()).toEqual([200, 200, 200, 429]);
    expect(lines).toEqual([]);
  });

  test('does not hold for probes', async () => {
    const { app } = await startApp({ rateLimit });
    for (let request = 0; request < 10; request += 1) {
      expect((await app.inject('/livez')).statusCode).toBe(200);
      expect((await app.inject('/readyz')).statusCode).toBe(200);
    }
    expect((await app.inject('/v1/network')).statusCode).toBe(200);
  });

  test('is off when not asked for', async () => {
    const { app } = await startApp();
    const responses = await Promise.all(Array.from({ length: 200 }, () => app.inject('/v1/network')));
    expect(responses.every(({ statusCode }) => statusCode === 200)).toBe(true);
  });
});

describe('the observer', () => {
  test('is told of every request by the template of its route', async () => {
    const seen: Parameters<HttpObserver['requestDone']>[0][] = [];
    const silent = () => {};
    const observer = {
      requestDone: (done: (typeof seen)[number]) => seen.push(done),
      streamOpened: silent,
      streamClosed: silent,
      streamRefused: silent,
    };
    const { app, backend } = await startApp({ observer });
    await app.inject(`/v1/nodes/${backend.world.names[0]}`);
    await app.inject('/v1/nodes/bad');
    await app.inject({ method: 'POST', url: '/v1/attestations', payload: { payload: '' } });
    await app.inject('/wp-login.php');
    await app.inject({ method: 'DELETE', url: '/v1/network' });
    expect(seen.map(({ method, route, status }) => `${method} ${route} ${status}`)).toEqual([
      'GET /v1/nodes/:name 200',
      'GET /v1/nodes/:name 400',
      'POST /v1/attestations 201',
      'GET unmatched 404',
      'DELETE unmatched 405',
    ]);
    expect(seen.every(({ seconds }) => seconds >= 0 && seconds < 60)).toBe(true);
  });
});

describe('headers', () => {
  test.each(['/livez', '/v1/network', '/nope', '/v1/nodes/bad', '/', '/docs', '/assets/vendor/preact.js', '/%zz'])(
    '%s is safe to open, cannot be framed and is for no other origin',
    async (url) => {
      const { app } = await startApp();
      const { headers } = await app.inject({ url, headers: { origin: 'https://elsewhere.example' } });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(headers.server).toBeUndefined();
      expect(headers['x-powered-by']).toBeUndefined();
    },
  );

  test('answers about now are not kept', async () => {
    const { app } = await startApp();
    for (const url of ['/v1/nodes', '/readyz', '/nope']) {
      expect((await app.inject(url)).headers['cache-control']).toBe('no-store');
    }
  });
});

test('a start may take as long as it takes: on a busy machine none that is given up would ever end', async () => {
  const { app } = await startApp();
  expect(app.initialConfig.pluginTimeout).toBe(0);
});
