import { formErrors, ROUTE_NAMES, ROUTES, type RouteDefinition, routerPath } from '@witan/api';
import { describe, expect, test } from 'vitest';
import { expectProblem, fakeBackend, startApp } from './harness.ts';

describe('every route of the contract', () => {
  test.each(ROUTE_NAMES)('%s is there', async (name) => {
    const { app } = await startApp();
    expect(app.hasRoute({ method: ROUTES[name].method, url: routerPath(ROUTES[name].path) })).toBe(true);
  });

  test.each(ROUTE_NAMES.filter((name) => name !== 'events' && ROUTES[name].method === 'GET'))(
    '%s: what is sent has the form of the schema, without a rewrite on the way',
    async (name) => {
      const { app, backend } = await startApp({ checkResponses: false });
      const route: RouteDefinition = ROUTES[name];
      const values: Record<string, string> = {
        prefix: 'root',
        name: backend.world.names[0] as string,
        id: backend.sessions()[0]?.id as string,
      };
      const url = route.path.replace(/\{(\w+)\}/g, (_, field: string) => values[field] as string);
      const response = await app.inject(url);
      expect(response.statusCode).toBe(route.status);
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(formErrors(route.response, response.json())).toEqual([]);
    },
  );
});

describe('the network and its section', () => {
  test('agree with each other', async () => {
    const { app } = await startApp();
    const network = (await app.inject('/v1/network')).json();
    const section = (await app.inject('/v1/sections/root')).json();
    const chain = (await app.inject('/v1/sections/root/chain')).json();
    const [summary] = network.sections;
    expect(summary).toMatchObject({ prefix: 'root', key: section.key, generation: section.generation });
    expect(summary.elders).toBe(section.elders.length);
    expect(summary.members).toBe(section.members.length);
    expect(summary.chainLength).toBe(chain.links.length);
    expect(chain.genesisKey).toBe(network.genesisKey);
    expect(chain.links.at(-1)).toMatchObject({ key: section.key, signature: section.signature });
  });

  test('the chain from a key holds what came after it, from the last key nothing', async () => {
    const { app, backend } = await startApp();
    const { links } = backend.world;
    const after = async (key: string | undefined) =>
      (await app.inject(`/v1/sections/root/chain?from=${key}`)).json().links;
    expect(await after(links[1]?.key)).toEqual(links.slice(2));
    expect(await after(backend.world.key)).toEqual([]);
    expectProblem(await app.inject(`/v1/sections/root/chain?from=${'00'.repeat(48)}`), 'WITAN_ERR_UNTRUSTED_KEY');
  });

  test('pages of the chain put together are the chain', async () => {
    const { app, backend } = await startApp();
    const first = (await app.inject('/v1/sections/root/chain?limit=3')).json();
    const second = (await app.inject(`/v1/sections/root/chain?limit=3&cursor=${first.nextCursor}`)).json();
    expect([...first.links, ...second.links]).toEqual(backend.world.links);
    expect(second.nextCursor).toBeNull();
  });

  test('a section that does not exist is 404', async () => {
    const { app } = await startApp();
    expectProblem(await app.inject('/v1/sections/0110'), 'WITAN_ERR_NOT_FOUND');
    expectProblem(await app.inject('/v1/sections/0110/chain'), 'WITAN_ERR_NOT_FOUND');
  });

  test('is sent again only when it has changed', async () => {
    const { app, backend } = await startApp();
    const first = await app.inject('/v1/sections/root');
    const ask = (tag: string) => app.inject({ url: '/v1/sections/root', headers: { 'if-none-match': tag } });
    const { etag } = first.headers;
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await ask(String(tag));
      expect(again.statusCode).toBe(304);
      expect(again.body).toBe('');
      expect(again.headers.etag).toBe(etag);
    }
    backend.world.setReachable(backend.world.names[1] as string, false, backend.world.now());
    const changed = await ask(String(etag));
    expect(changed.statusCode).toBe(200);
    expect(changed.headers.etag).not.toBe(etag);
  });
});

describe('nodes', () => {
  const list = async (query: string) => {
    const { app } = await startApp();
    return (await app.inject(`/v1/nodes${query}`)).json().nodes as {
      name: string;
      roles: string[];
      reachable: boolean;
    }[];
  };

  test('are listed by name', async () => {
    const names = (await list('')).map(({ name }) => name);
    expect(names).toHaveLength(9);
    expect(names).toEqual([...names].sort());
  });

  test('can be asked for by role, state, section and liveness', async () => {
    expect(await list('?role=elder')).toHaveLength(7);
    const gone = await list('?reachable=false');
    expect(gone).toHaveLength(3);
    expect(gone.every(({ reachable }) => !reachable)).toBe(true);
    expect(await list('?state=left')).toEqual([]);
    expect(await list('?prefix=1')).toEqual([]);
    expect(await list('?prefix=root&state=joined&role=adult&reachable=true')).toHaveLength(6);
  });

  test('one of them, or 404', async () => {
    const { app, backend } = await startApp();
    const name = backend.world.names[4] as string;
    expect((await app.inject(`/v1/nodes/${name}`)).json()).toMatchObject({ name, age: 10, section: 'root' });
    expectProblem(await app.inject(`/v1/nodes/${'0'.repeat(64)}`), 'WITAN_ERR_NOT_FOUND');
  });
});

describe('DKG sessions', () => {
  test('are listed newest first, page by page, also while new ones start', async () => {
    const { app, backend } = await startApp();
    const expected = backend.sessions().map(({ id }) => id);
    expected.reverse();
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const page = (await app.inject(`/v1/dkg/sessions?limit=2${cursor}`)).json();
      expect(page.sessions.length).toBeLessThanOrEqual(2);
      seen.push(...page.sessions.map(({ id }: { id: string }) => id));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
      backend.world.startSession({ attempt: seen.length, participants: backend.world.names }, backend.world.now());
    }
    expect(seen).toEqual(expected);
  });

  test('can be asked for by state', async () => {
    const { app } = await startApp();
    for (const state of ['running', 'stalled', 'done', 'failed']) {
      const { sessions } = (await app.inject(`/v1/dkg/sessions?state=${state}`)).json();
      expect(sessions.length).toBeGreaterThan(0);
      expect(sessions.every((session: { state: string }) => session.state === state)).toBe(true);
    }
    expect((await app.inject('/v1/dkg/sessions?prefix=0')).json().sessions).toEqual([]);
  });

  test('one of them, or 404', async () => {
    const { app, backend } = await startApp();
    const stalled = backend.sessions().find(({ state }) => state === 'stalled');
    expect((await app.inject(`/v1/dkg/sessions/${stalled?.id}`)).json()).toEqual(stalled);
    expectProblem(await app.inject(`/v1/dkg/sessions/${'0'.repeat(64)}`), 'WITAN_ERR_NOT_FOUND');
  });
});

describe('health', () => {
  test('alive also when nothing works', async () => {
    const backend = fakeBackend();
    backend.checks = () => {
      throw new Error('broken');
    };
    const { app } = await startApp({}, backend);
    expect((await app.inject('/livez')).json()).toEqual({ status: 'ok', checks: [] });
  });

  test('ready, or 503 that names the failing check and shows the others', async () => {
    const { app, backend } = await startApp();
    expect((await app.inject('/readyz')).json()).toMatchObject({
      status: 'ok',
      checks: [{ name: 'bus', ok: true }, {}],
    });
    backend.failing.add('bus');
    const response = await app.inject('/readyz');
    const problem = expectProblem(response, 'WITAN_ERR_NOT_READY');
    expect(problem.detail).toContain('bus (switched off)');
    expect(problem.checks).toEqual([
      { name: 'bus', ok: false, detail: 'switched off' },
      { name: 'section', ok: true },
    ]);
    expect(response.headers['retry-after']).toBe('1');
  });
});

describe('the API document', () => {
  test('is served and shown, from here alone', async () => {
    const { app } = await startApp({ version: '9.8.7' });
    const document = (await app.inject('/openapi.json')).json();
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '9.8.7' } });
    expect((await app.inject('/docs/json')).json()).toEqual(document);
    const page = await app.inject('/docs');
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const assets = [...page.body.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, path]) => path as string);
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const url = new URL(asset, 'http://here/docs');
      expect(url.host).toBe('here');
      expect((await app.inject(url.pathname)).statusCode).toBe(200);
    }
  });
});
