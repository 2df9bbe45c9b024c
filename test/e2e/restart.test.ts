import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually, steadily } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { isAlive, orphan } from '../support/orphans.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { useCluster } from '../support/use-cluster.ts';

const SETTLE_MS = 500;
const { cluster } = useCluster({ nodes: 5, settings: { elderCount: 9, settleMs: SETTLE_MS } });

const names = () => cluster.nodes.map((node) => node.name);
const stateOf = async () => {
  const [{ key, generation, elders }, { links }] = await Promise.all([
    cluster.section(),
    cluster.api.chain({ prefix: 'root' }),
  ]);
  return { key, generation, links, names: names(), elders: elders.map(({ name, index }) => ({ name, index })) };
};

async function attest(): Promise<void> {
  await cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
}

describe('after all processes have ended and begun again', () => {
  test.for(['SIGKILL', 'SIGTERM'] as const)(
    'by %s: same identities, same chain, usable shares, no new DKG',
    async (signal) => {
      const before = await stateOf();
      await Promise.all(cluster.processes.map((each) => each.kill(signal)));
      for (const each of cluster.processes) each.start();
      const shares = cluster.nodes.map((node) => node.usableShareMs(before.generation, 60_000));
      figure(
        `all ${cluster.processes.length} processes ended by ${signal}: last usable share after`,
        Math.max(...(await Promise.all(shares))),
      );
      await cluster.settled();
      expect(await stateOf()).toEqual(before);
      await attest();
      const isSame = async () => (await cluster.section()).generation === before.generation;
      await steadily('no further decision', isSame, { forMs: 3 * SETTLE_MS });
    },
  );
});

describe('coordinators', () => {
  test('with none at all, a session ends', async () => {
    const [coordinator] = cluster.coordinators;
    await coordinator!.kill();
    await cluster.addNode();
    expect((await cluster.settled()).elders).toHaveLength(6);
    figure('DKG of 6 without a coordinator', (await cluster.lastSession())!.durationMs!);
  });

  test('with two at once, a session ends', async () => {
    cluster.coordinators[0]!.start();
    cluster.addCoordinator();
    await Promise.all(cluster.coordinators.map((each) => each.ready()));
    await cluster.addNode();
    expect((await cluster.settled()).elders).toHaveLength(7);
    figure('DKG of 7 with two coordinators', (await cluster.lastSession())!.durationMs!);
  });
});

describe('the NATS server is killed', () => {
  const away = async () => {
    await eventually(
      'all services say that the bus is away, and are alive',
      async () => {
        const probes = await Promise.all(
          cluster.processes.map(async (each) => [await each.probe('/readyz'), await each.probe('/livez')] as const),
        );
        return probes.every(([ready, live]) => {
          const bus = ready.body.checks?.find(({ name }) => name === 'bus');
          return ready.status === 503 && bus?.ok === false && live.status === 200;
        });
      },
      { withinMs: 20_000 },
    );
  };

  test('and comes back: everything goes on', async () => {
    const before = await stateOf();
    await cluster.killNats();
    await away();
    await expect(attest()).rejects.toThrow(/WITAN_ERR_(NO_QUORUM|UNAVAILABLE)/);
    await cluster.startNats();
    const backAtMs = performance.now();
    await eventually('the section signs again', () => attest().then(() => true), { withinMs: 30_000 });
    figure('NATS server back: attestation after', performance.now() - backAtMs);
    await cluster.settled();
    expect(await stateOf()).toEqual(before);
    for (const each of cluster.processes) {
      const metrics = await each.metrics();
      expect(metrics.value('witan_bus_disconnects_total')).toBeGreaterThan(0);
      // A node goes on saying that it is alive, to nobody.
      const isOfNode = each.kind === 'elder' || each.kind === 'adult';
      if (isOfNode) expect(metrics.value('witan_bus_dropped_total')).toBeGreaterThan(0);
    }
  });

  test('in the middle of a session: the session ends', async () => {
    const node = await cluster.addNode();
    await node.elder.says({ event: 'dkg-started' }, 60_000);
    await cluster.killNats();
    await away();
    await cluster.startNats();
    const backAtMs = performance.now();
    expect((await cluster.settled()).elders).toHaveLength(8);
    figure('NATS server back: session that it interrupted is handed over after', performance.now() - backAtMs);
  });
});

test.for(['elder', 'adult'] as const)(
  'an %s that is started while the one before has its data waits for it',
  async (kind) => {
    const before = cluster.nodes[1]![kind];
    const next = cluster.service(kind, `the next ${kind}`, before.env).start();
    await next.says({ event: 'data-in-use' }, PATIENCE_MS);
    await before.kill();
    await next.ready(PATIENCE_MS);
    await next.stop();
    await before.start().ready(PATIENCE_MS);
    await cluster.settled();
    await attest();
  },
);

describe('a service of each kind', () => {
  const oneOfEach = () => {
    const home = { WITAN_DATA_DIR: join(cluster.directory, 'apart') };
    return [
      cluster.service('gateway', 'a gateway', { WITAN_HTTP_PORT: '0' }),
      cluster.service('dkg-coordinator', 'a coordinator'),
      cluster.service('elder', 'an elder', home),
      cluster.service('adult', 'an adult', home),
    ];
  };

  test('stops in order when told to, and ends with 0', async () => {
    const stopped = async (service: ServiceProcess) => {
      await service.start().ready();
      const toldAtMs = performance.now();
      const exit = await service.stop();
      return { exit, tookMs: performance.now() - toldAtMs, said: service.said({ msg: 'stopped' }).length, service };
    };
    for (const { exit, tookMs, said, service } of await Promise.all(oneOfEach().map(stopped))) {
      expect([service.name, exit]).toEqual([service.name, { code: 0, signal: null }]);
      expect(said).toBe(1);
      expect(tookMs).toBeLessThan(5000);
    }
  });

  test('ends when its parent is killed', async () => {
    for (const service of oneOfEach()) {
      const pid = await orphan(service);
      await eventually(`${service.name} is gone`, () => !isAlive(pid), { withinMs: 10_000 });
    }
  });
});
