import { connectNats, findNatsServer, MemoryHub, startNatsServer } from '@witan/bus';
import { WitanError } from '@witan/errors';
import { RecordingMeter } from '@witan/observability';
import { describe, expect, test, vi } from 'vitest';
import { instrumentBus } from '../src/instrumented-bus.ts';
import { get, ToyProcess } from './toy/process.ts';

vi.setConfig({ testTimeout: 30_000 }); // Processes on a busy machine.

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

describe('the measured bus', () => {
  const make = () => {
    const meter = new RecordingMeter();
    return { meter, bus: instrumentBus(new MemoryHub().connect('a'), meter) };
  };
  const DURATION = 'witan_bus_request_duration_seconds';
  const ERRORS = 'witan_bus_request_errors_total';

  test('requests are timed, by promise and by callback', async () => {
    const { meter, bus } = make();
    bus.subscribe('echo', ({ payload, respond }) => respond?.(payload));
    expect(text(await bus.request('echo', bytes('x'), { timeoutMs: 1000 }))).toBe('x');
    const result = await new Promise((resolve) => bus.ask('echo', bytes('y'), { timeoutMs: 1000 }, resolve));
    expect(result).toMatchObject({ ok: true });
    expect(meter.observations(DURATION)).toHaveLength(2);
    expect(meter.value('witan_bus_messages_total', { direction: 'in' })).toBeGreaterThanOrEqual(2);
    expect(meter.value('witan_bus_connected')).toBe(1);
    await bus.drain();
    expect(meter.value('witan_bus_connected')).toBe(0);
  });

  test('errors are counted by their code and passed on', async () => {
    const { meter, bus } = make();
    bus.subscribe('fails', () => {
      throw new WitanError('WITAN_ERR_STORE', 'EIO');
    });
    const options = { timeoutMs: 1000 };
    await expect(bus.request('nobody', bytes(''), options)).rejects.toThrow('WITAN_ERR_UNAVAILABLE');
    await expect(bus.request('fails', bytes(''), options)).rejects.toThrow('WITAN_ERR_STORE');
    const result = await new Promise((resolve) => bus.ask('fails', bytes(''), options, resolve));
    expect(result).toEqual({ ok: false, error: 'WITAN_ERR_STORE' });
    expect(meter.value(ERRORS, { code: 'WITAN_ERR_UNAVAILABLE' })).toBe(1);
    expect(meter.value(ERRORS, { code: 'WITAN_ERR_STORE' })).toBe(2);
    expect(meter.value('witan_bus_handler_errors_total')).toBe(2);
    expect(meter.observations(DURATION)).toEqual([]);
  });

  test('endpoints of an announced service work', async () => {
    const { bus } = make();
    const handler = ({ respond }: { respond?: (payload: Uint8Array) => void }) => respond?.(bytes('pong'));
    const endpoints = [{ name: 'ping', subject: 'ping', handler }];
    await bus.announce({ name: 'toy', version: '1.0.0', endpoints });
    expect(text(await bus.request('ping', bytes(''), { timeoutMs: 1000 }))).toBe('pong');
  });
});

describe.skipIf(findNatsServer() === undefined)('over NATS (needs nats-server: apt-get install nats-server)', () => {
  test('is announced, waits for a server, and is not ready while there is none', async () => {
    const first = await startNatsServer();
    const { port } = first;
    await first.stop();
    await using toy = new ToyProcess({ TOY_NATS: '1', WITAN_NATS_URL: first.url, WITAN_LOG_LEVEL: 'debug' });
    const url = (await toy.line(({ metrics }) => metrics !== undefined)).metrics as string;
    await toy.line(({ msg }) => msg === 'bus: no connection yet');
    const { status, body } = await get(`${url}/readyz`);
    expect(status).toBe(503);
    const detail = 'no connection yet: WITAN_ERR_UNAVAILABLE';
    expect(JSON.parse(body).checks).toEqual([
      { name: 'up', ok: false, detail: 'starting' },
      { name: 'bus', ok: false, detail },
    ]);
    expect((await get(`${url}/metrics`)).body).toMatch(/^witan_bus_connected 0$/m);

    const second = await startNatsServer({ port });
    try {
      await toy.ready();
      expect((await get(`${url}/readyz`)).status).toBe(200);
      expect((await get(`${url}/metrics`)).body).toMatch(/^witan_bus_connected 1$/m);
      const client = await connectNats({ servers: second.url, name: 'test' });
      const info = JSON.parse(text(await client.request('$SRV.INFO.witan-toy', bytes(''), { timeoutMs: 2000 })));
      expect(info).toMatchObject({ name: 'witan-toy', version: '1.2.3', metadata: { address: 'nowhere' } });
      await client.drain();
    } finally {
      await second.kill();
    }
    await expect.poll(async () => (await get(`${url}/readyz`)).status, { timeout: 15_000 }).toBe(503);
    expect((await get(`${url}/readyz`)).body).toContain('{"name":"bus","ok":false,"detail":"disconnected"}');
    expect((await get(`${url}/metrics`)).body).toContain('witan_bus_connected 0');
    toy.signal('SIGTERM');
    expect((await toy.exited).code).toBe(0);
  });

  test('can be stopped while it waits for a server', async () => {
    await using toy = new ToyProcess({ TOY_NATS: '1', WITAN_NATS_URL: 'nats://127.0.0.1:1' });
    await toy.line(({ msg }) => msg === 'bus: no connection yet');
    toy.signal('SIGTERM');
    const { code, stderr } = await toy.exited;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
