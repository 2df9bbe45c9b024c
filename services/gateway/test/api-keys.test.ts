import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, ROUTE_NAMES, ROUTES, type RouteDefinition } from '@witan/api';
import type { Logger } from '@witan/observability';
import type { InjectOptions } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { ApiKeys } from '../src/api-keys.ts';
import { expectProblem, listen, startApp } from './harness.ts';

const newKey = () => randomBytes(32).toString('base64url');
const line = (name: string, key: string) => `${name} ${createHash('sha256').update(key).digest('hex')}\n`;

function keysOf(content: string) {
  const folder = mkdtempSync(join(tmpdir(), 'witan-keys-'));
  const file = join(folder, 'keys');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lines: { level: string; fields: unknown }[] = [];
  const say = (level: string) => (fields: unknown) => void lines.push({ level, fields });
  writeFileSync(file, content);
  const keys = new ApiKeys(file, { info: say('info'), error: say('error') } as unknown as Logger);
  onTestFinished(() => keys.close());
  return { keys, file, lines };
}

const attest = (authorization?: string): InjectOptions => ({
  method: 'POST',
  url: '/v1/attestations',
  payload: { payload: '' },
  ...(authorization !== undefined && { headers: { authorization } }),
});

test('what changes something wants a key, and nothing else does', async () => {
  const key = newKey();
  const { app, backend } = await startApp({ apiKeys: keysOf(line('release', key)).keys });
  for (const wrong of [undefined, '', key, `Basic ${key}`, `Bearer ${newKey()}`, `Bearer ${key}x`, `Bearer ${key} x`]) {
    const response = await app.inject(attest(wrong));
    expectProblem(response, 'WITAN_ERR_UNAUTHENTICATED');
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="witan"');
    expect(response.body).not.toContain(key);
  }
  expect((await app.inject(attest(`Bearer ${key}`))).statusCode).toBe(201);
  expect((await app.inject(attest(`bearer  ${key}`))).statusCode).toBe(201);

  const needing = ROUTE_NAMES.filter((name) => (ROUTES[name] as RouteDefinition).needsKey);
  expect(needing).toEqual(['attest']);
  const { prefix } = await backend.section('root');
  for (const url of ['/v1/network', `/v1/sections/${prefix}`, '/v1/nodes', '/v1/dkg/sessions', '/openapi.json']) {
    expect((await app.inject(url)).statusCode).toBe(200);
  }
});

test('nothing of a body is read before the key is, and wrong keys count for the rate limit', async () => {
  const { app } = await startApp({
    apiKeys: keysOf('').keys,
    rateLimit: { max: 2, windowMs: 60_000 },
  });
  const garbage = { ...attest(`Bearer ${newKey()}`), payload: 'not json', headers: { 'content-type': 'text/plain' } };
  expectProblem(await app.inject(garbage), 'WITAN_ERR_UNAUTHENTICATED');
  await app.inject(attest());
  expectProblem(await app.inject(attest()), 'WITAN_ERR_RATE_LIMITED');
});

test('without keys anybody may', async () => {
  const { app } = await startApp();
  expect((await app.inject(attest())).statusCode).toBe(201);
});

test('a client shows its key', async () => {
  const key = newKey();
  const { url } = await listen({ apiKeys: keysOf(line('ci', key)).keys });
  const body = { payload: '' };
  await expect(createClient(url).attest({ body })).rejects.toMatchObject({ code: 'WITAN_ERR_UNAUTHENTICATED' });
  const client = createClient(url, { headers: { authorization: `Bearer ${key}` } });
  expect((await client.attest({ body })).prefix).toBe('root');
});

test('the file is looked at again: keys come and go, and a file that is wrong changes nothing', async () => {
  const [first, second] = [newKey(), newKey()];
  const { keys, file, lines } = keysOf(`# of the release\n${line('first', first)}`);
  expect([keys.holderOf(first), keys.holderOf(second)]).toEqual(['first', undefined]);
  writeFileSync(file, line('second', second));
  await expect.poll(() => keys.holderOf(first), { timeout: 10_000 }).toBeUndefined();
  expect(keys.holderOf(second)).toBe('second');
  expect(lines).toEqual([{ level: 'info', fields: { event: 'api-keys', count: 1 } }]);

  writeFileSync(file, `${line('second', second)}third ${first}\n`);
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
  expect(lines[1]).toMatchObject({
    level: 'error',
    fields: {
      event: 'api-keys',
      err: { code: 'WITAN_ERR_CONFIG', detail: expect.stringMatching(/, line 2: accepts/) },
    },
  });
  expect(String((lines[1]!.fields as { err: unknown }).err)).not.toContain(first);
  expect(keys.holderOf(second)).toBe('second');
});

test.each([
  ['release', /line 1: accepts a name and 64 lower-case hex digits/],
  [`\nrelease ${'g'.repeat(64)}`, /line 2/],
  [`a name with spaces ${'0'.repeat(64)}`, /line 1/],
  ['#'.repeat((1 << 20) + 1), /is larger than 1048576 bytes/],
])('a file with %.20j is refused at start', (content, why) => {
  expect(() => keysOf(content)).toThrow(why);
  expect(() => keysOf(content)).toThrow(/WITAN_ERR_CONFIG: WITAN_API_KEYS_FILE: /);
});

test('a file that is not there is refused at start', () => {
  expect(() => new ApiKeys('/nowhere/keys', {} as Logger)).toThrow(/\/nowhere\/keys cannot be read: ENOENT/);
});
