import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WitanError } from '@witan/errors';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Cluster } from '../src/cluster.ts';
import { DataDir } from '../src/data-dir.ts';
import type { ProcessStatus } from '../src/supervisor.ts';

const TOY = fileURLToPath(new URL('fixtures/toy-service.ts', import.meta.url));
const HOLDER = fileURLToPath(new URL('fixtures/hold-cluster.ts', import.meta.url));
const NATS = ['/usr/sbin/nats-server', '/usr/local/bin/nats-server', '/usr/bin/nats-server'].find((path) =>
  existsSync(path),
);
const GENESIS = 'ab'.repeat(48);

let folder: string;
let data: DataDir;
let cluster: Cluster | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-cluster-'));
  data = DataDir.open(join(folder, 'data'), { fresh: false });
});

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
  data.close();
  rmSync(folder, { recursive: true, force: true });
});

function make(env: Record<string, string> = {}) {
  const seen: { status: ProcessStatus; detail: string | undefined }[] = [];
  const troubles: WitanError[] = [];
  const waiting = new Set<() => void>();
  cluster = new Cluster({
    data,
    nodes: 2,
    httpPort: 8123,
    natsServer: NATS!,
    env: { PATH: process.env.PATH, ...env },
    entry: () => TOY,
    onChange: (status, detail) => {
      seen.push({ status, detail });
      for (const check of waiting) check();
    },
    onTrouble: (error) => void troubles.push(error),
  });
  const made = cluster;
  const until = (want: () => boolean) =>
    new Promise<void>((resolve) => {
      const check = () => want() && resolve();
      waiting.add(check);
      check();
    });
  const allReady = () => until(() => made.statuses.every(({ state }) => state === 'ready'));
  return { cluster: made, seen, troubles, until, allReady };
}

const alive = (pids: readonly number[]): number[] =>
  pids.filter((pid) => {
    try {
      // A process that has ended and that nobody has waited for yet is still listed.
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });

const told = (made: Cluster, name: string) => made.statuses.find((status) => status.name === name)?.ready?.info ?? {};

describe.skipIf(NATS === undefined)('a cluster', () => {
  test('starts everything, the first node before all others, and tells each what it needs', async () => {
    const { cluster, seen, allReady } = make();
    expect(await cluster.start()).toBe('http://127.0.0.1:8123');
    await allReady();
    const order = seen.filter(({ status }) => status.state === 'ready').map(({ status }) => status.name);
    expect(order.slice(0, 2)).toEqual(['nats', 'node-0-elder']);
    expect(new Set(order)).toEqual(
      new Set(['nats', 'gateway', 'coordinator', 'node-0-elder', 'node-0-adult', 'node-1-elder', 'node-1-adult']),
    );
    expect(told(cluster, 'node-0-elder')).toMatchObject({
      WITAN_GENESIS: 'create',
      WITAN_GENESIS_WITNESSES: '0',
      WITAN_DATA_DIR: data.nodeDir(0),
      WITAN_NATS_URL: cluster.natsUrl,
      WITAN_EXIT_WITH_PARENT: '1',
    });
    expect(told(cluster, 'node-0-elder').WITAN_GENESIS_KEY).toBeUndefined();
    expect(told(cluster, 'node-1-adult')).toMatchObject({ WITAN_GENESIS: 'join', WITAN_GENESIS_KEY: GENESIS });
    expect(told(cluster, 'gateway')).toMatchObject({ WITAN_HTTP_PORT: '8123', WITAN_GENESIS_KEY: GENESIS });
    expect(data.facts.genesisKey).toBe(GENESIS);
  });

  test('binds the users of each node to the name that its elder says', async () => {
    const { cluster, allReady } = make();
    await cluster.start();
    await allReady();
    const names = ['node-0-elder', 'node-1-elder'].map((name) => told(cluster, name).node!);
    const topic = (name: string) => `"witan.local.node.${name}.elder.sign"`;
    await vi.waitFor(() => {
      const config = readFileSync(join(data.usersDir, 'users.conf'), 'utf8');
      // The gateway asks any of them, and no elder may answer for any.
      expect(config.split(topic('*'))).toHaveLength(2);
      for (const name of names) expect(config).toContain(topic(name));
    }, 10_000);
  });

  test('says that names were not bound, and binds them when a process is ready the next time', async () => {
    const { cluster, troubles, seen, until } = make();
    const blocked = join(data.usersDir, 'users.conf.draft');
    // A folder where the file's draft would be made.
    mkdirSync(blocked);
    await cluster.start();
    await vi.waitFor(() => expect(troubles).not.toHaveLength(0), 20_000);
    expect(troubles[0]!.code).toBe('WITAN_ERR_STORE');
    rmSync(blocked, { recursive: true });
    const { pid } = cluster.statuses.find(({ name }) => name === 'node-1-adult')!;
    const before = seen.length;
    process.kill(pid!, 'SIGKILL');
    await until(() => seen.slice(before).some(({ status }) => status.state === 'ready'));
    const config = readFileSync(join(data.usersDir, 'users.conf'), 'utf8');
    expect(config).toContain(`"witan.local.node.${told(cluster, 'node-0-elder').node}.elder.sign"`);
  });

  test('started again never lets the first node make a second network', async () => {
    data.remember({ genesisKey: 'cd'.repeat(48) });
    const { cluster, allReady } = make();
    await cluster.start();
    await allReady();
    expect(told(cluster, 'node-0-elder')).toMatchObject({ WITAN_GENESIS: 'join', WITAN_GENESIS_KEY: 'cd'.repeat(48) });
  });

  test('keeps settings of the person and hides those of the launcher', async () => {
    const { cluster, allReady } = make({ WITAN_LOG_LEVEL: 'debug', WITAN_NATS_SERVER: '/x', WITAN_GENESIS: 'create' });
    await cluster.start();
    await allReady();
    const info = told(cluster, 'node-1-elder');
    expect(info).toMatchObject({ WITAN_LOG_LEVEL: 'debug', WITAN_GENESIS: 'join' });
    expect(info.WITAN_NATS_SERVER).toBeUndefined();
  });

  test('keeps the backups of each elder apart', async () => {
    const { cluster, allReady } = make({ WITAN_BACKUP_DIR: '/backups' });
    await cluster.start();
    await allReady();
    const given = ['node-0-elder', 'node-1-elder'].map((name) => told(cluster, name).WITAN_BACKUP_DIR);
    expect(given).toEqual(['/backups/node-0', '/backups/node-1']);
  });

  test('stops in order and leaves no process', async () => {
    const journal = join(folder, 'journal');
    const { cluster, seen, allReady } = make({ TOY_JOURNAL: journal });
    await cluster.start();
    await allReady();
    const { pids } = cluster;
    expect(pids).toHaveLength(8);
    await cluster.stop();
    const stopped = seen.filter(({ status }) => status.state === 'stopped').map(({ status }) => status.name);
    expect(stopped.slice(0, 2)).toEqual(['gateway', 'coordinator']);
    expect(stopped.slice(2, 4).every((name) => name.endsWith('elder'))).toBe(true);
    expect(stopped.slice(4, 6).every((name) => name.endsWith('adult'))).toBe(true);
    expect(stopped[6]).toBe('nats');
    expect(readFileSync(journal, 'utf8').match(/stop/g)).toHaveLength(6);
    expect(alive(pids)).toEqual([]);
  });

  test('stopped while it starts leaves no process', async () => {
    const { cluster, until } = make();
    const start = cluster.start().catch(() => {});
    await until(() => cluster.statuses.some(({ name, state }) => name === 'node-0-elder' && state === 'starting'));
    const { pids } = cluster;
    await cluster.stop();
    await start;
    expect(cluster.statuses.every(({ state }) => state === 'stopped')).toBe(true);
    expect(alive(pids)).toEqual([]);
  });

  test('whose first node cannot start says why', async () => {
    const { cluster } = make({ TOY_EXIT: '78' });
    await expect(cluster.start()).rejects.toMatchObject({
      code: 'WITAN_ERR_UNAVAILABLE',
      detail: expect.stringContaining(
        'node-0-elder did not start: the service cannot start: WITAN_ERR_CONFIG: told to fail (',
      ),
    });
  });

  test('has its bus back on the same port when that is killed, twice in a row', async () => {
    const { cluster, until, allReady } = make();
    await cluster.start();
    await allReady();
    const { natsUrl } = cluster;
    const keeper = () => cluster.statuses.find(({ name }) => name === 'nats')!;
    process.kill(keeper().pid!, 'SIGKILL');
    // And again before it has said that it is there.
    await until(() => keeper().state === 'starting');
    process.kill(keeper().pid!, 'SIGKILL');
    await until(() => keeper().state === 'ready');
    expect(keeper().restarts).toBeGreaterThan(1);
    const socket = connect(Number(new URL(natsUrl!).port), '127.0.0.1');
    const [greeting] = await once(socket, 'data');
    socket.destroy();
    expect(String(greeting)).toMatch(/^INFO /);
  });

  test('whose launcher is killed outright ends by itself, the bus too', async () => {
    const holder: ChildProcess = fork(HOLDER, [join(folder, 'other'), TOY, NATS!], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const [pids] = (await once(holder, 'message')) as [number[]];
    expect(alive(pids)).toHaveLength(8);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await expect.poll(() => alive(pids), { timeout: 5_000, interval: 20 }).toEqual([]);
  });
});
