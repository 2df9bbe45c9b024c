import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import { createClient, toProblem } from '../src/index.ts';
import { collect } from './collect.ts';

const key = 'ab'.repeat(48);
const name = (digit: string) => digit.repeat(64);
const network = { network: 'test', genesisKey: key, sections: [] };

type Answer = (url: URL, init: RequestInit) => Response | Promise<Response>;

function clientOf(answer: Answer, timeoutMs = 5_000) {
  const seen: { url: URL; init: RequestInit }[] = [];
  const client = createClient('http://gateway.test/base/', {
    timeoutMs,
    headers: { 'x-from': 'test' },
    fetch: (async (url: string, init: RequestInit) => {
      seen.push({ url: new URL(url), init });
      return answer(new URL(url), init);
    }) as typeof fetch,
  });
  return { client, seen };
}

const failure = (call: Promise<unknown>): Promise<WitanError> =>
  call.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => (error instanceof WitanError ? error : Promise.reject(error)),
  );

describe('a call', () => {
  test('puts path, query and body where the route has them', async () => {
    const bundle = { payloadHash: name('0'), context: '', signedAt: '2026-01-01T00:00:00.000Z', prefix: 'root', key };
    const { client, seen } = clientOf((url) =>
      url.pathname.endsWith('chain')
        ? Response.json({ genesisKey: key, links: [], nextCursor: null })
        : Response.json({ valid: false, genesisKey: key, reason: { code: 'WITAN_ERR_CHAIN', detail: 'link 1' } }),
    );
    await client.chain({ prefix: '01', from: key, limit: 5 });
    await client.verify({ body: { ...bundle, signature: 'cd'.repeat(96), chain: [] } });
    expect(seen[0]?.url.href).toBe(`http://gateway.test/base/v1/sections/01/chain?from=${key}&limit=5`);
    expect(seen[1]?.init).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-from': 'test' },
    });
    expect(JSON.parse(String(seen[1]?.init.body))).toMatchObject(bundle);
  });

  test('keeps a hostile value inside its part of the path', async () => {
    const { client, seen } = clientOf(() => Response.json(network));
    await failure(client.node({ name: '../../v1/network?x=' }));
    expect(seen[0]?.url.pathname).toBe('/base/v1/nodes/..%2F..%2Fv1%2Fnetwork%3Fx%3D');
  });

  test('a problem document becomes its error', async () => {
    const waitingOn = [name('1'), name('2')];
    const problem = toProblem(new WitanError('WITAN_ERR_NO_QUORUM', 'two are missed', { data: { waitingOn } }), 'r-1');
    const { client } = clientOf(() =>
      Response.json(problem, { status: 503, headers: { 'content-type': 'application/problem+json' } }),
    );
    const error = await failure(client.attest({ body: { payload: '' } }));
    expect(error).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM', detail: 'two are missed' });
    expect(error.data).toEqual({ waitingOn, status: 503, requestId: 'r-1' });
  });

  test.each([
    ['a page of a proxy', () => new Response('<h1>Bad gateway</h1>', { status: 502 }), 'WITAN_ERR_UNAVAILABLE'],
    [
      'a problem of someone else',
      () => Response.json({ title: 'x' }, { status: 404, headers: { 'content-type': 'application/problem+json' } }),
      'WITAN_ERR_NOT_FOUND',
    ],
    ['an answer that is not JSON', () => new Response('{"network":'), 'WITAN_ERR_MALFORMED'],
    ['an answer of another form', () => Response.json({ ...network, genesisKey: 'AB' }), 'WITAN_ERR_MALFORMED'],
    [
      'a refused connection',
      () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
      'WITAN_ERR_UNAVAILABLE',
    ],
  ])('%s', async (_, answer, code) => {
    expect((await failure(clientOf(answer).client.network())).code).toBe(code);
  });

  test('an answer without end is not read to its end', async () => {
    const chunk = new Uint8Array(8 * 1024 * 1024);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    expect((await failure(clientOf(() => new Response(endless)).client.network())).code).toBe('WITAN_ERR_TOO_LARGE');
  });

  test('one that takes too long is a timeout, also when only its body does', async () => {
    const never = (init: RequestInit) =>
      new Promise<never>((_, reject) => init.signal?.addEventListener('abort', () => reject(init.signal?.reason)));
    const silent = clientOf((_, init) => never(init), 20);
    expect((await failure(silent.client.network())).code).toBe('WITAN_ERR_TIMEOUT');
    const stuck = clientOf((_, init) => {
      const body = new ReadableStream({
        start: (controller) => void never(init).catch((reason) => controller.error(reason)),
      });
      return new Response(body);
    }, 20);
    expect((await failure(stuck.client.network())).code).toBe('WITAN_ERR_TIMEOUT');
  });

  test("given up by the caller fails with the caller's own reason", async () => {
    const { client } = clientOf((_, init) => Promise.reject(init.signal?.reason));
    const reason = new Error('changed my mind');
    await expect(client.network({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test.each(['ftp://x', 'gateway', ''])('%j is no address of a gateway', (address) => {
    expect(() => createClient(address)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_INVALID' }));
  });
});

describe('lists', () => {
  const node = (digit: string) => ({
    name: name(digit),
    // After so many handovers; there is no end to it.
    age: 300,
    state: 'joined',
    roles: [],
    section: null,
    lastSeen: null,
    reachable: true,
  });

  test('run over all pages and keep the filter', async () => {
    const pages: Record<string, unknown> = {
      '': { nodes: [node('1'), node('2')], nextCursor: 'two' },
      two: { nodes: [node('3')], nextCursor: null },
    };
    const { client, seen } = clientOf((url) => Response.json(pages[url.searchParams.get('cursor') ?? '']));
    const nodes = await collect(client.eachNode({ role: 'adult' }));
    expect(nodes.map((each) => each.name)).toEqual([name('1'), name('2'), name('3')]);
    expect(seen.map(({ url }) => url.search)).toEqual(['?role=adult', '?role=adult&cursor=two']);
  });

  test('that lead back to the same page end', async () => {
    const { client } = clientOf(() => Response.json({ nodes: [], nextCursor: 'again' }));
    expect((await failure(collect(client.eachNode()))).code).toBe('WITAN_ERR_MALFORMED');
  });
});
