import { createClient } from '@witan/api';
import { WitanError } from '@witan/errors';
import { describe, expect, test } from 'vitest';
import type { FakeBackend } from './fake-backend.ts';
import { listen } from './harness.ts';

async function start() {
  const { url, backend } = await listen();
  return { client: createClient(url), backend: backend as FakeBackend };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('the client with a gateway on a socket', () => {
  test('reads what is there', async () => {
    const { client, backend } = await start();
    const { world } = backend;
    expect(await client.livez()).toEqual({ status: 'ok', checks: [] });
    expect(await client.readyz()).toMatchObject({ status: 'ok' });
    expect((await client.network()).genesisKey).toBe(world.genesisKey);
    expect(await client.section({ prefix: 'root' })).toEqual(backend.section('root'));
    expect((await client.chain({ prefix: 'root', from: world.genesisKey })).links).toEqual(world.links.slice(1));
    expect((await client.node({ name: world.names[0] as string })).age).toBe(14);
    expect((await client.sessions({ state: 'stalled' })).sessions).toHaveLength(1);
    expect((await client.openapi()).openapi).toBe('3.1.0');
  });

  test('runs over pages', async () => {
    const { client, backend } = await start();
    expect(await collect(client.eachNode({ limit: 2 }))).toHaveLength(9);
    expect(await collect(client.eachLink({ prefix: 'root', limit: 2 }))).toEqual(backend.world.links);
    const ids = (await collect(client.eachSession({ limit: 1 }))).map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set(backend.sessions().map(({ id }) => id)));
  });

  test('has something attested and checked', async () => {
    const { client } = await start();
    const payload = Buffer.from('hello').toString('base64url');
    const bundle = await client.attest({ body: { payload, context: 'test' } });
    expect(await client.verify({ body: { ...bundle, payload } })).toMatchObject({ valid: true });
    const forged = { ...bundle, signature: '00'.repeat(96) };
    expect(await client.verify({ body: forged })).toMatchObject({
      valid: false,
      reason: { code: 'WITAN_ERR_SIGNATURE' },
    });
  });

  test('throws the error that the gateway meant, with what it carried', async () => {
    const { client, backend } = await start();
    backend.quorum = false;
    const { world } = backend;
    const missed = world.elders.filter((name) => !world.isReachable(name)).sort();
    expect(missed.length).toBeGreaterThan(0);
    const error = await client.attest({ body: { payload: '' } }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WitanError);
    expect(error).toMatchObject({ code: 'WITAN_ERR_NO_QUORUM', data: { status: 503, waitingOn: missed } });
    await expect(client.node({ name: 'x' })).rejects.toMatchObject({ code: 'WITAN_ERR_MALFORMED' });
    await expect(client.section({ prefix: '1' })).rejects.toMatchObject({ code: 'WITAN_ERR_NOT_FOUND' });
    backend.failing.add('bus');
    await expect(client.readyz()).rejects.toMatchObject({
      code: 'WITAN_ERR_NOT_READY',
      data: { checks: [{ ok: false }, { ok: true }] },
    });
  });

  test('follows a whole session as it happens', async () => {
    const { client, backend } = await start();
    const types: string[] = [];
    const ticking = setInterval(() => backend.tick(), 1);
    try {
      for await (const event of client.events()) {
        types.push(event.type);
        if (event.type === 'handover') break;
      }
    } finally {
      clearInterval(ticking);
    }
    expect(types).toEqual(
      expect.arrayContaining(['dkg.message', 'dkg.closed', 'dkg.phase', 'dkg.done', 'decision', 'handover']),
    );
  });
});
