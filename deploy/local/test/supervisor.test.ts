import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ProcessSpec, type ProcessStatus, SupervisedProcess } from '../src/supervisor.ts';

const TOY = fileURLToPath(new URL('fixtures/toy-service.ts', import.meta.url));
const QUICK = { firstMs: 5, maxMs: 40, steadyMs: 60_000 };

let folder: string;
let processes: SupervisedProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-supervisor-'));
  processes = [];
});

afterEach(async () => {
  await Promise.all(processes.map((process) => process.stop(200)));
  rmSync(folder, { recursive: true, force: true });
});

/** A toy under supervision, the statuses that it went through, and a way to wait for one. */
function toy(env: Record<string, string> | ((start: number) => Record<string, string>) = {}) {
  const seen: ProcessStatus[] = [];
  const waiting = new Set<{ want: (status: ProcessStatus) => boolean; resolve: (status: ProcessStatus) => void }>();
  let starts = 0;
  const spec: ProcessSpec = {
    name: 'toy',
    command: process.execPath,
    logFile: join(folder, 'logs', 'toy.log'),
    lifeline: 'channel',
    launch: (previous) => ({
      args: [TOY],
      env: {
        PATH: process.env.PATH ?? '',
        WITAN_METRICS_PORT: previous?.metrics?.split(':').at(-1) ?? '0',
        ...(typeof env === 'function' ? env(starts++) : env),
      },
    }),
  };
  const supervised = new SupervisedProcess(
    spec,
    (status) => {
      seen.push(status);
      for (const each of waiting) if (each.want(status)) each.resolve(status);
    },
    QUICK,
  );
  processes.push(supervised);
  const until = (want: (status: ProcessStatus) => boolean) =>
    new Promise<ProcessStatus>((resolve) => waiting.add({ want, resolve }));
  return { supervised, seen, until };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a supervised process', () => {
  test('is ready when it says so, and stops when asked', async () => {
    const { supervised, seen } = toy();
    const ready = await supervised.start();
    const { pid } = supervised.status;
    expect(ready.metrics).toBe('http://127.0.0.1:9999');
    await supervised.stop(2_000);
    expect(seen.map(({ state }) => state)).toEqual(['starting', 'ready', 'stopping', 'stopped']);
    expect(isAlive(pid!)).toBe(false);
    expect(supervised.status).toMatchObject({ lastEnd: 'exit code 0', restarts: 0, pid: undefined });
  });

  test('that is killed is started again and keeps its port', async () => {
    const { supervised, until } = toy();
    await supervised.start();
    const first = supervised.status.pid!;
    const again = until(({ state, restarts }) => state === 'ready' && restarts === 1);
    process.kill(first, 'SIGKILL');
    const status = await again;
    expect(status.lastEnd).toBe('killed by SIGKILL');
    expect(status.pid).not.toBe(first);
    expect(status.ready?.info.WITAN_METRICS_PORT).toBe('9999');
  });

  test('that ends again and again is started later each time, up to the bound', async () => {
    const { supervised, until, seen } = toy((start) => (start < 4 ? { TOY_EXIT: '1' } : {}));
    const started = performance.now();
    const [ready] = await Promise.all([supervised.start(), until(({ state }) => state === 'ready')]);
    // 5 + 10 + 20 + 40 ms of backoff lie between the five starts.
    expect(performance.now() - started).toBeGreaterThanOrEqual(75);
    expect(supervised.status.restarts).toBe(4);
    expect(ready.info.WITAN_METRICS_PORT).toBe('0');
    expect(seen.filter(({ state }) => state === 'restarting')).toHaveLength(4);
  });

  test('with a wrong configuration is not started again', async () => {
    const { supervised } = toy({ TOY_EXIT: '78' });
    await expect(supervised.start()).rejects.toMatchObject({
      code: 'WITAN_ERR_UNAVAILABLE',
      detail: 'toy ended with exit code 78',
    });
    expect(supervised.status).toMatchObject({ state: 'failed', restarts: 0 });
  });

  test('whose kept port is refused gets a new one', async () => {
    const { supervised, until } = toy((start) => (start === 1 ? { TOY_EXIT: '78' } : {}));
    await supervised.start();
    const again = until(({ state, restarts }) => state === 'ready' && restarts === 2);
    process.kill(supervised.status.pid!, 'SIGKILL');
    expect((await again).ready?.info.WITAN_METRICS_PORT).toBe('0');
  });

  test('that does not stop in time is killed', async () => {
    const { supervised } = toy({ TOY_STUBBORN: '1' });
    await supervised.start();
    const { pid } = supervised.status;
    await supervised.stop(50);
    expect(supervised.status.lastEnd).toBe('killed by SIGKILL');
    expect(isAlive(pid!)).toBe(false);
  });

  test('that is not there fails with the reason', async () => {
    const spec: ProcessSpec = {
      name: 'ghost',
      command: join(folder, 'no-such-program'),
      logFile: join(folder, 'ghost.log'),
      lifeline: 'channel',
      launch: () => ({ args: [], env: {} }),
    };
    const ghost = new SupervisedProcess(spec, () => {}, QUICK);
    await expect(ghost.start()).rejects.toMatchObject({ code: 'WITAN_ERR_UNAVAILABLE' });
    expect(ghost.status.lastEnd).toContain('ENOENT');
  });

  test('for which there is no log is tried again until there is, and keeps its port', async () => {
    const { supervised, until } = toy();
    await supervised.start();
    const logs = join(folder, 'logs');
    rmSync(logs, { recursive: true });
    // Where the folder of the log would be made again.
    writeFileSync(logs, '');
    const refused = until(({ state, restarts }) => state === 'restarting' && restarts === 2);
    process.kill(supervised.status.pid!, 'SIGKILL');
    expect((await refused).lastEnd).toContain(logs);
    const again = until(({ state }) => state === 'ready');
    rmSync(logs);
    expect((await again).ready?.info.WITAN_METRICS_PORT).toBe('9999');
  });

  test('whose start fails at first is ready all the same, and does not hold up others', async () => {
    const { supervised } = toy((start) => {
      if (start === 0) throw new Error('not yet');
      return {};
    });
    const ready = supervised.start();
    await supervised.settled();
    expect(supervised.status).toMatchObject({ state: 'restarting', lastEnd: 'not yet' });
    expect((await ready).info.WITAN_METRICS_PORT).toBe('0');
  });

  test('that never started is stopped at once', async () => {
    const { supervised } = toy();
    await supervised.stop(10_000);
    expect(supervised.status.state).toBe('stopped');
  });

  test('that waits for its restart is stopped at once, and stays so', async () => {
    const { supervised, until, seen } = toy({ TOY_EXIT_AFTER_READY: '1' });
    const restarting = until(({ state }) => state === 'restarting');
    await supervised.start();
    await restarting;
    await supervised.stop(10_000);
    const before = seen.length;
    await new Promise((resolve) => setTimeout(resolve, 3 * QUICK.maxMs));
    expect(seen).toHaveLength(before);
    expect(supervised.status.state).toBe('stopped');
  });

  test('writes to its log', async () => {
    const { supervised } = toy({ TOY_EXIT: '78' });
    await supervised.start().catch(() => {});
    expect(readFileSync(join(folder, 'logs', 'toy.log'), 'utf8')).toContain('told to fail');
  });
});
