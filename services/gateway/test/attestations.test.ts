import { MAX_CHAIN_LINKS, MAX_PAYLOAD_BYTES, type ProofBundle, ROUTES } from '@witan/api';
import { encodeDecision, type Link, linkToJson } from '@witan/chain';
import { WitanError } from '@witan/errors';
import type { FastifyInstance } from 'fastify';
import { describe, expect, test } from 'vitest';
import { expectProblem, fakeBackend, startApp } from './harness.ts';

const attest = (app: FastifyInstance, payload: unknown) =>
  app.inject({ method: 'POST', url: '/v1/attestations', payload: payload as object });
const verify = (app: FastifyInstance, payload: object) =>
  app.inject({ method: 'POST', url: '/v1/verifications', payload });
const encode = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64url');

describe('an attestation', () => {
  test('is a bundle that verifies, also with its payload', async () => {
    const { app } = await startApp();
    const response = await attest(app, { payload: encode('hello'), context: 'greeting' });
    expect(response.statusCode).toBe(201);
    const bundle = response.json() as ProofBundle;
    expect(bundle.context).toBe('greeting');
    expect(bundle.chain.at(-1)?.key).toBe(bundle.key);
    expect((await verify(app, bundle)).json()).toMatchObject({ valid: true, reason: null });
    expect((await verify(app, { ...bundle, payload: encode('hello') })).json()).toMatchObject({ valid: true });
    expect((await verify(app, { ...bundle, payload: encode('other') })).json()).toMatchObject({
      valid: false,
      reason: { code: 'WITAN_ERR_SIGNATURE' },
    });
  });

  test('gives the backend the bytes, and an empty context when there is none', async () => {
    const backend = fakeBackend();
    const seen: unknown[] = [];
    const original = backend.attest.bind(backend);
    backend.attest = (input) => {
      seen.push(input);
      return original(input);
    };
    const { app } = await startApp({}, backend);
    await attest(app, { payload: encode(new Uint8Array([0, 255, 128])) });
    expect(seen).toEqual([{ payload: new Uint8Array([0, 255, 128]), context: '' }]);
  });

  test('of the largest payload works, of one byte more is 413', async () => {
    const { app } = await startApp();
    expect((await attest(app, { payload: encode(new Uint8Array(MAX_PAYLOAD_BYTES)) })).statusCode).toBe(201);
    const problem = expectProblem(
      await attest(app, { payload: encode(new Uint8Array(MAX_PAYLOAD_BYTES + 1)) }),
      'WITAN_ERR_TOO_LARGE',
    );
    expect(problem.limit).toBe(MAX_PAYLOAD_BYTES);
  });

  test('without a quorum is 503 and says whom it waits for', async () => {
    const { app, backend } = await startApp();
    const { world } = backend;
    for (const name of world.elders) world.setReachable(name, name === world.elders[0], world.now());
    const response = await attest(app, { payload: '' });
    const problem = expectProblem(response, 'WITAN_ERR_NO_QUORUM');
    expect(response.statusCode).toBe(503);
    expect(problem.waitingOn).toEqual(world.elders.slice(1).sort());
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  });

  test('that elders refuse to sign says who does, and why', async () => {
    const backend = fakeBackend();
    const [name] = backend.world.elders as [string];
    const data = { waitingOn: [name], refusals: [{ name, code: 'WITAN_ERR_CLOCK' }] };
    backend.attest = () => Promise.reject(new WitanError('WITAN_ERR_NO_QUORUM', 'too few', { data }));
    const { app } = await startApp({}, backend);
    expect(expectProblem(await attest(app, { payload: '' }), 'WITAN_ERR_NO_QUORUM')).toMatchObject(data);
  });
});

describe('a verification', () => {
  test('has room for the longest chain that it takes, of a section of seven, and for the largest payload', async () => {
    const bytes = (length: number) => new Uint8Array(length).fill(255);
    const seven = (length: number) => Array.from({ length: 7 }, () => bytes(length));
    const handover = {
      session: bytes(32),
      key: bytes(48),
      threshold: 5,
      elders: seven(32),
      publicKeyShares: seven(48),
    };
    const generation = 2 * MAX_CHAIN_LINKS;
    const decision = { network: bytes(8), prefix: '', generation, parent: bytes(32) };
    const action = { type: 'handover', ...handover } as const;
    const certified = { decision: { ...decision, action }, view: 9, signature: bytes(96) };
    const link = linkToJson({
      ...{ index: MAX_CHAIN_LINKS, key: bytes(48), parentKey: bytes(48), reason: 'handover' },
      certified: { ...certified, bytes: encodeDecision(certified.decision) },
    } as unknown as Link);
    const { app } = await startApp();
    const bundle = (await attest(app, { payload: '', context: 'x'.repeat(256) })).json() as ProofBundle;
    const payload = encode(new Uint8Array(MAX_PAYLOAD_BYTES));
    const largest = { ...bundle, payload, chain: new Array(MAX_CHAIN_LINKS).fill(link) };
    const body = JSON.stringify(largest, undefined, 2);
    expect(body.length).toBeGreaterThan(0.9 * ROUTES.verify.bodyLimit);
    const headers = { 'content-type': 'application/json' };
    const response = await app.inject({ method: 'POST', url: '/v1/verifications', payload: body, headers });
    expect(response.json()).toMatchObject({ valid: false, reason: { code: 'WITAN_ERR_CHAIN' } });
    const longer = { ...bundle, chain: [...largest.chain, link] };
    expect(expectProblem(await verify(app, longer), 'WITAN_ERR_MALFORMED').errors).toEqual([
      { path: '/chain', message: `must not have more than ${MAX_CHAIN_LINKS} items` },
    ]);
  });

  test.each([
    [
      'another payload hash',
      (bundle: ProofBundle) => ({ ...bundle, payloadHash: '0'.repeat(64) }),
      'WITAN_ERR_SIGNATURE',
    ],
    ['another context', (bundle: ProofBundle) => ({ ...bundle, context: 'other' }), 'WITAN_ERR_SIGNATURE'],
    [
      'a cut chain',
      (bundle: ProofBundle) => ({ ...bundle, chain: bundle.chain.slice(0, -1) }),
      'WITAN_ERR_UNTRUSTED_KEY',
    ],
    [
      'a chain with a hole',
      (bundle: ProofBundle) => ({ ...bundle, chain: bundle.chain.toSpliced(1, 1) }),
      'WITAN_ERR_CHAIN',
    ],
  ])('of a bundle with %s says no and why', async (_, change, code) => {
    const { app } = await startApp();
    const bundle = (await attest(app, { payload: encode('x') })).json() as ProofBundle;
    const response = await verify(app, change(bundle));
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ valid: false, reason: { code } });
  });

  test('takes fields that a newer gateway has added', async () => {
    const { app } = await startApp();
    const bundle = (await attest(app, { payload: encode('x') })).json() as ProofBundle;
    expect((await verify(app, { ...bundle, note: 'new' })).json()).toMatchObject({ valid: true });
  });

  test.each([
    ['no fields', {}],
    ['an empty chain', { chain: [] }],
    ['a signature of another length', { signature: 'ab' }],
  ])('of something with %s is 400: that is no bundle', async (_, change) => {
    const { app } = await startApp();
    const bundle = (await attest(app, { payload: encode('x') })).json() as ProofBundle;
    const body = Object.keys(change).length === 0 ? {} : { ...bundle, ...change };
    expectProblem(await verify(app, body), 'WITAN_ERR_MALFORMED');
  });

  test('over the limit of its route is 413', async () => {
    const { app } = await startApp();
    const response = await verify(app, { payload: 'A'.repeat(ROUTES.verify.bodyLimit) });
    expect(expectProblem(response, 'WITAN_ERR_TOO_LARGE').limit).toBe(ROUTES.verify.bodyLimit);
  });
});
