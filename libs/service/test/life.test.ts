import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { get, TOY, ToyProcess } from './toy/process.ts';

vi.setConfig({ testTimeout: 30_000 }); // Processes on a busy machine.

const NODE = 'ab'.repeat(32);

describe('a healthy service', () => {
  test('starts, says so, answers, and stops in order', async () => {
    await using toy = new ToyProcess({ WITAN_TOY_KEY: 'c0ffee00', WITAN_TOY_KEE: '1' });
    const url = await toy.ready();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(`${url}/livez`)).toMatchObject({ status: 200, body: '{"status":"alive"}\n' });
    const ready = await get(`${url}/readyz`);
    expect(ready).toMatchObject({ status: 200, type: 'application/json; charset=utf-8' });
    expect(JSON.parse(ready.body)).toEqual({
      status: 'ready',
      service: 'toy',
      checks: [
        { name: 'up', ok: true },
        { name: 'bus', ok: true, detail: 'connected' },
        { name: 'share', ok: true },
      ],
    });
    const metrics = await get(`${url}/metrics`);
    expect(metrics.type).toContain('text/plain');
    expect(metrics.body).toContain('witan_toy_events_total 3');
    expect(metrics.body).toContain('witan_bus_connected 1');
    expect(metrics.body).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(metrics.body).toContain(`witan_build_info{service="toy",version="1.2.3",runtime="${process.version}"} 1`);

    expect(toy.messages).toEqual([
      { type: 'ready', service: 'toy', pid: toy.child.pid, metrics: url, info: { address: 'nowhere' } },
    ]);
    toy.signal('SIGTERM');
    const { code, stdout, stderr } = await toy.exited;
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).not.toContain('c0ffee00');
    expect(toy.lines.map(({ msg }) => msg)).toEqual([
      'WITAN_TOY_KEE: no such setting; did you mean WITAN_TOY_KEY?',
      'starting',
      'ready',
      'stopping',
      'toy stops',
      'stopped',
    ]);
    expect(toy.lines.slice(1).every(({ node }) => node === NODE)).toBe(true);
    expect(toy.lines[4]).toMatchObject({ bus: 'connected', aborted: true });
    await expect(get(`${url}/livez`)).rejects.toThrow();
  });

  test('the metrics port answers nothing else', async () => {
    await using toy = new ToyProcess();
    const url = await toy.ready();
    const missing = await get(`${url}/`);
    expect(missing).toMatchObject({ status: 404, type: 'application/problem+json' });
    const code = 'WITAN_ERR_NOT_FOUND';
    expect(JSON.parse(missing.body)).toMatchObject({
      type: 'urn:witan:error:not-found',
      code,
      help: expect.any(String),
    });
    expect((await get(`${url}/metrics?name=x`)).status).toBe(200);
    expect((await get(`${url}/constructor`)).status).toBe(404);
    const post = await get(`${url}/readyz`, { method: 'POST', body: 'x'.repeat(1_000_000) }).catch(() => undefined);
    if (post) expect(JSON.parse(post.body)).toMatchObject({ status: 405, code: 'WITAN_ERR_METHOD_NOT_ALLOWED' });
    expect((await get(`${url}/livez`, { method: 'HEAD' })).body).toBe('');
  });

  test('the metrics port answers probes, however many connections are held open there', async () => {
    await using toy = new ToyProcess();
    const { hostname, port } = new URL(await toy.ready());
    const held = Array.from({ length: 200 }, () => connect(Number(port), hostname).on('error', () => {}));
    try {
      await Promise.all(held.map((socket) => once(socket, 'connect')));
      expect(await get(`http://${hostname}:${port}/livez`)).toMatchObject({ status: 200 });
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  test('the metrics port can be off', async () => {
    await using toy = new ToyProcess({ WITAN_METRICS_PORT: 'off' });
    expect(await toy.ready()).toBeUndefined();
    toy.signal('SIGINT');
    expect((await toy.exited).code).toBe(0);
  });

  test('help and version are told without starting', async () => {
    await using help = new ToyProcess({}, ['--help']);
    expect(await help.exited).toMatchObject({ code: 0, stdout: expect.stringContaining('--nats-url, WITAN_NATS_URL') });
    await using version = new ToyProcess({}, ['--version']);
    expect(await version.exited).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  });
});

describe('readiness', () => {
  test('names the check that fails', async () => {
    await using toy = new ToyProcess();
    const url = await toy.ready();
    await toy.tell('sicken');
    const { status, body } = await get(`${url}/readyz`);
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      status: 'not-ready',
      checks: [{ ok: true }, { ok: true }, { name: 'share', ok: false, detail: 'no usable share' }],
    });
    expect((await get(`${url}/livez`)).status).toBe(200);
  });

  test('a check that throws is one that fails', async () => {
    await using toy = new ToyProcess({ TOY_READY: 'throws' });
    const { status, body } = await get(`${await toy.ready()}/readyz`);
    expect(status).toBe(503);
    expect(body).toContain('{"name":"checks","ok":false,"detail":"WITAN_ERR_TIMEOUT"}');
  });

  test('a service that starts is alive and not ready, and can be stopped', async () => {
    await using toy = new ToyProcess({ TOY_START: 'slow', WITAN_LOG_LEVEL: 'debug' });
    const url = (await toy.line(({ metrics }) => metrics !== undefined)).metrics as string;
    await toy.line(({ msg }) => msg === 'starting');
    expect((await get(`${url}/livez`)).status).toBe(200);
    const { status, body } = await get(`${url}/readyz`);
    expect(status).toBe(503);
    expect(body).toContain('{"name":"up","ok":false,"detail":"starting"}');
    toy.signal('SIGTERM');
    expect((await toy.exited).code).toBe(0);
    const said = toy.lines.map(({ msg }) => msg);
    expect(said).not.toContain('ready');
    expect(said.slice(-2)).toEqual(['toy stops', 'stopped']);
  });
});

describe('a service that cannot start', () => {
  test('wrong configuration: every wrong setting is named, nothing is started', async () => {
    await using toy = new ToyProcess({
      WITAN_METRICS_PORT: '99999',
      WITAN_NATS_URL: 'localhost',
      WITAN_TOY_KEY: 'c0ffee0000',
    });
    const { code, stdout, stderr } = await toy.exited;
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr.split('\n').map((line) => line.trim())).toEqual([
      'witan-toy: WITAN_ERR_CONFIG: Wrong configuration. The detail names the setting and what it accepts.',
      expect.stringContaining('WITAN_NATS_URL="localhost" (environment): accepts URLs'),
      'WITAN_METRICS_PORT="99999" (environment): accepts a port from 1 to 65535, 0 for any free one, or off',
      'WITAN_TOY_KEY (environment; 10 characters, not shown): accepts 8 lower-case hex digits',
      '',
    ]);
  });

  test('a port in use is named with its setting', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as { port: number };
      await using toy = new ToyProcess({ WITAN_METRICS_PORT: String(port) });
      const { code, stderr } = await toy.exited;
      expect(code).toBe(78);
      expect(stderr).toContain(`WITAN_METRICS_PORT=${port}: another process listens on 127.0.0.1:${port}`);
    } finally {
      other.close();
    }
  });

  test('an address that this machine does not have', async () => {
    await using toy = new ToyProcess({ WITAN_METRICS_HOST: '192.0.2.1' });
    const { code, stderr } = await toy.exited;
    expect(code).toBe(78);
    expect(stderr).toContain('WITAN_METRICS_HOST=192.0.2.1: this machine has no such address');
  });

  test('one line says what is wrong and what to do; the exit code is that of the error', async () => {
    await using toy = new ToyProcess({ TOY_START_ERROR: 'coded' });
    const { code, stderr } = await toy.exited;
    expect(code).toBe(75);
    expect(stderr).toBe(
      'witan-toy: WITAN_ERR_LOCKED: /data is in use by process 42. Another process uses this data directory. Stop it, or choose another directory.\n',
    );
    const fatal = toy.lines.find(({ level }) => level === 'fatal');
    expect(fatal).toMatchObject({ err: { code: 'WITAN_ERR_LOCKED', detail: '/data is in use by process 42' } });
  });

  test('a defect has a stack only for those who debug', async () => {
    await using toy = new ToyProcess({ TOY_START_ERROR: 'defect' });
    await using debugged = new ToyProcess({ TOY_START_ERROR: 'defect', WITAN_DEBUG: '1' });
    const quiet = await toy.exited;
    expect(quiet.code).toBe(70);
    expect(quiet.stderr).toContain('WITAN_ERR_INTERNAL: x is not a function');
    expect(quiet.stderr).not.toContain('toy.ts');
    expect((await debugged.exited).stderr).toContain('toy.ts');
  });
});

describe('the end', () => {
  test('a stop that takes too long is cut, and the step named', async () => {
    await using toy = new ToyProcess({ TOY_STOP: 'hangs', WITAN_STOP_TIMEOUT_MS: '200' });
    await toy.ready();
    toy.signal('SIGTERM');
    expect((await toy.exited).code).toBe(5);
    expect(toy.lines.at(-1)).toMatchObject({ level: 'error', step: 'service', stopTimeoutMs: 200 });
  });

  test('a second signal ends it at once', async () => {
    await using toy = new ToyProcess({ TOY_STOP: 'hangs' });
    await toy.ready();
    toy.signal('SIGTERM');
    await toy.line(({ msg }) => msg === 'toy stops');
    toy.signal('SIGINT');
    expect((await toy.exited).code).toBe(130);
  });

  test('a stop that fails goes on with the rest, and is reported', async () => {
    await using toy = new ToyProcess({ TOY_STOP: 'throws' });
    await toy.ready();
    toy.signal('SIGTERM');
    expect((await toy.exited).code).toBe(70);
    expect(toy.lines.slice(-2)).toMatchObject([
      { level: 'error', step: 'service', err: { message: 'cannot stop' } },
      { msg: 'stopped' },
    ]);
  });

  test('a service that cannot go on stops in order, with the code of the error', async () => {
    await using toy = new ToyProcess();
    await toy.ready();
    await toy.tell('fail');
    expect((await toy.exited).code).toBe(74);
    expect(toy.lines.map(({ msg }) => msg).slice(-4)).toEqual([
      'the service cannot go on',
      'stopping',
      'toy stops',
      'stopped',
    ]);
  });

  test.each([
    ['throw', 'thrown outside of everything'],
    ['reject', 'rejected and not awaited'],
  ])('what nobody catches (%s) is logged with its stack and ends the process', async (message, text) => {
    await using toy = new ToyProcess();
    await toy.ready();
    await toy.tell(message);
    expect((await toy.exited).code).toBe(70);
    expect(toy.lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'unexpected error',
      err: { message: text, stack: expect.stringContaining('toy.ts') },
    });
  });

  test('a collector that does not answer does not hold it up for long', async () => {
    const collector = createServer(() => {}); // Takes connections and says nothing.
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = collector.address() as { port: number };
      await using toy = new ToyProcess({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
      await toy.ready();
      await toy.tell('span');
      toy.signal('SIGTERM');
      expect((await toy.exited).code).toBe(0);
    } finally {
      collector.close();
    }
  });
});

const FULL = '/dev/full';

describe.skipIf(!existsSync(FULL))('a service whose output finds no room', () => {
  const withoutRoom = async (env: Record<string, string>, act: (toy: ChildProcess) => unknown) => {
    const full = openSync(FULL, 'a');
    const toy = spawn(process.execPath, [TOY, '--log-format=json'], {
      stdio: ['ignore', full, full, 'ipc'],
      env: { PATH: process.env.PATH, ...env },
      // Whatever holds it up does not outlive the test.
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    closeSync(full);
    const exited = once(toy, 'exit');
    try {
      await act(toy);
      return (await exited) as [number | null, NodeJS.Signals | null];
    } finally {
      toy.kill('SIGKILL');
    }
  };
  const whenReady = (act: (toy: ChildProcess) => unknown) => async (toy: ChildProcess) => {
    expect((await once(toy, 'message'))[0]).toMatchObject({ type: 'ready' });
    act(toy);
  };

  test('starts, and stops in order', async () => {
    const stop = whenReady((toy) => toy.kill('SIGTERM'));
    expect(await withoutRoom({}, stop)).toEqual([0, null]);
  });

  test.each([
    ['cannot go on', 'fail', 74],
    ['has a defect', 'throw', 70],
  ])('ends with its own code when it %s', async (_, message, code) => {
    expect(
      await withoutRoom(
        {},
        whenReady((toy) => toy.send(message)),
      ),
    ).toEqual([code, null]);
  });

  test('ends with its own code when it cannot start', async () => {
    expect(await withoutRoom({ TOY_START_ERROR: 'coded' }, () => {})).toEqual([75, null]);
  });
});
