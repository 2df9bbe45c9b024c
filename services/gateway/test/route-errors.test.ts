import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { MAX_PAYLOAD_BYTES, ROUTE_NAMES, ROUTES, type RouteName } from '@witan/api';
import { Identity, sha256 } from '@witan/crypto';
import type { WitanErrorCode } from '@witan/errors';
import { VirtualClock } from '@witan/runtime';
import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { LiveBackend } from '../src/backend-live/live-backend.ts';
import { expectProblem, fakeBackend, startApp } from './harness.ts';

const NAME = 'a'.repeat(64);
const base64 = (length: number) => Buffer.alloc(length).toString('base64url');
const post = (url: string, payload: object): InjectOptions => ({ method: 'POST', url, payload });
const asText = (url: string): InjectOptions => ({
  method: 'POST',
  url,
  payload: 'x',
  headers: { 'content-type': 'text/plain' },
});

/** Before it has heard of a section. */
function unreadyBackend(): LiveBackend {
  const clock = new VirtualClock();
  return new LiveBackend({
    network: 'nowhere',
    prefix: '',
    genesisKey: undefined,
    identity: Identity.fromSeed(sha256(new Uint8Array(1))),
    transport: { publish() {}, subscribe() {}, request() {}, serve() {} },
    clock,
    wallClock: () => clock.now(),
    connected: () => true,
  });
}

const bundle = async () => fakeBackend().attest({ payload: new Uint8Array(1), context: '' });

/** How each error that a route lists beside those of all routes comes about. What needs a socket is below. */
const CASES: Readonly<Record<Exclude<RouteName, 'events'>, Partial<Record<WitanErrorCode, string | (() => unknown)>>>> =
  {
    livez: {},
    readyz: { WITAN_ERR_NOT_READY: '/readyz' },
    network: { WITAN_ERR_NOT_READY: '/v1/network' },
    section: { WITAN_ERR_NOT_READY: '/v1/sections/root', WITAN_ERR_NOT_FOUND: '/v1/sections/01' },
    chain: {
      WITAN_ERR_NOT_READY: '/v1/sections/root/chain',
      WITAN_ERR_NOT_FOUND: '/v1/sections/01/chain',
      WITAN_ERR_UNTRUSTED_KEY: `/v1/sections/root/chain?from=${'0'.repeat(96)}`,
      WITAN_ERR_INVALID: '/v1/sections/root/chain?cursor=abc',
    },
    nodes: { WITAN_ERR_NOT_READY: '/v1/nodes', WITAN_ERR_INVALID: '/v1/nodes?cursor=abc' },
    node: { WITAN_ERR_NOT_READY: `/v1/nodes/${NAME}`, WITAN_ERR_NOT_FOUND: `/v1/nodes/${NAME}` },
    sessions: { WITAN_ERR_NOT_READY: '/v1/dkg/sessions', WITAN_ERR_INVALID: '/v1/dkg/sessions?cursor=abc' },
    session: { WITAN_ERR_NOT_READY: `/v1/dkg/sessions/${NAME}`, WITAN_ERR_NOT_FOUND: `/v1/dkg/sessions/${NAME}` },
    attest: {
      WITAN_ERR_UNAUTHENTICATED: () => post('/v1/attestations', { payload: '' }),
      WITAN_ERR_NOT_READY: () => post('/v1/attestations', { payload: '' }),
      WITAN_ERR_NO_QUORUM: () => post('/v1/attestations', { payload: '' }),
      WITAN_ERR_TOO_LARGE: () => post('/v1/attestations', { payload: base64(MAX_PAYLOAD_BYTES + 1) }),
      WITAN_ERR_UNSUPPORTED_MEDIA: () => asText('/v1/attestations'),
    },
    verify: {
      WITAN_ERR_NOT_READY: async () => post('/v1/verifications', await bundle()),
      WITAN_ERR_TOO_LARGE: () => post('/v1/verifications', { payload: 'A'.repeat(ROUTES.verify.bodyLimit) }),
      WITAN_ERR_UNSUPPORTED_MEDIA: () => asText('/v1/verifications'),
    },
    openapi: {},
  };

describe('the errors that the API document lists of a route', () => {
  const routes = ROUTE_NAMES.filter((name) => name !== 'events');

  test.each(routes)('%s: are those that there is a way to', (name) => {
    expect(Object.keys(CASES[name]).sort()).toEqual([...ROUTES[name].errors].sort());
  });

  const cases = routes.flatMap((name) =>
    Object.entries(CASES[name]).map(([code, how]) => ({ name, code: code as WitanErrorCode, how })),
  );
  test.each(cases)('$name answers with $code', async ({ code, how }) => {
    const fake = fakeBackend();
    fake.quorum = code !== 'WITAN_ERR_NO_QUORUM';
    const options = code === 'WITAN_ERR_UNAUTHENTICATED' ? { apiKeys: { holderOf: () => undefined } } : {};
    const { app } = await startApp(options, code === 'WITAN_ERR_NOT_READY' ? unreadyBackend() : fake);
    const asked = typeof how === 'string' ? how : ((await how()) as InjectOptions);
    expectProblem(await app.inject(asked), code);
  });

  test('events, which is refused while the gateway stops', async () => {
    expect(ROUTES.events.errors).toEqual(['WITAN_ERR_NOT_READY']);
    const { app } = await startApp();
    const stopping = new Promise<void>((resolve) => app.addHook('preClose', async () => resolve()));
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(port), '127.0.0.1');
    // A request that has begun to arrive is still answered.
    socket.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /v1/events HTTP/1.1\r\n');
    await once(socket, 'data');
    const closed = app.close();
    await stopping;
    socket.write('host: x\r\n\r\n');
    expect(await text(socket)).toContain('"code":"WITAN_ERR_NOT_READY"');
    await closed;
  });
});
