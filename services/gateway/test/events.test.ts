import { connect } from 'node:net';
import { createClient, type WitanEvent } from '@witan/api';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpObserver, StreamEnd } from '../src/observer.ts';
import type { StreamOptions } from '../src/streams.ts';
import type { FakeBackend } from './fake-backend.ts';
import { expectProblem, listen } from './harness.ts';

class StreamCounts implements HttpObserver {
  opened = 0;
  refused = 0;
  requests = 0;
  readonly closed: StreamEnd[] = [];
  requestDone(): void {
    this.requests += 1;
  }
  streamOpened(): void {
    this.opened += 1;
  }
  streamClosed(reason: StreamEnd): void {
    this.closed.push(reason);
  }
  streamRefused(): void {
    this.refused += 1;
  }
}

async function start(streams: Partial<StreamOptions> = {}) {
  const observer = new StreamCounts();
  const started = await listen({ observer, trustedProxies: 1, streams: { retryMs: 1, ...streams } });
  return { ...started, observer, client: createClient(started.url) };
}

function beat(backend: FakeBackend, live: boolean): WitanEvent {
  const { world } = backend;
  world.setReachable(world.names[8] as string, live, world.now());
  const events: WitanEvent[] = [];
  const last = world.events.position.replace(/\d+$/, (number) => String(Number(number) - 1));
  world.events.subscribe(last, (event) => events.push(event))();
  return events[0] as WitanEvent;
}

/** An event of 13 kB. */
function sendLarge(backend: FakeBackend): void {
  const waitingOn = Array.from({ length: 200 }, () => backend.world.names[0] as string);
  const data = { session: 'ab'.repeat(32), phase: 'commitment', waitingOn } as const;
  backend.events.append({ type: 'dkg.stalled', at: new Date(0).toISOString(), data });
}

/** Reads a stream as text, for what the client does not show. */
async function open(url: string, headers: Record<string, string> = {}, query = '') {
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(`${url}/v1/events${query}`, { headers, signal: controller.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    response,
    /** What came since the last time, up to the chunk that completes `pattern`. */
    async readUntil(pattern: RegExp): Promise<string> {
      while (!pattern.test(text)) {
        const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) throw new Error(`the stream ended after ${JSON.stringify(text)}`);
        text += value;
      }
      const read = text;
      text = '';
      return read;
    },
    /** Everything, once the other side has ended it. */
    async rest(): Promise<string> {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) return text;
        text += value;
      }
    },
    leave: () => controller.abort(),
  };
}

describe('the event stream', () => {
  test('says what it is, and where it begins before anything has happened', async () => {
    const { url, backend } = await start();
    const stream = await open(url);
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(stream.response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await stream.readUntil(/\n\n/)).toBe(`retry: 1\nid: ${backend.events.position}\n\n`);
  });

  test('gives an event to every client, with its id and type on the wire', async () => {
    const { url, backend } = await start();
    const streams = await Promise.all([open(url), open(url)]);
    await Promise.all(streams.map((stream) => stream.readUntil(/\n\n/)));
    const event = beat(backend, false);
    for (const stream of streams) {
      const text = await stream.readUntil(/data: .*\n\n/);
      expect(text).toContain(`id: ${event.id}\nevent: heartbeat\ndata: ${JSON.stringify(event)}\n\n`);
    }
  });

  test.each([
    ['Last-Event-ID', (url: string, id: string) => open(url, { 'last-event-id': id })],
    ['?lastEventId', (url: string, id: string) => open(url, {}, `?lastEventId=${id}`)],
    [
      'the header when both are there',
      (url: string, id: string) => open(url, { 'last-event-id': id }, '?lastEventId=old-1'),
    ],
  ])('resumes behind %s', async (_, resume) => {
    const { url, backend } = await start();
    const first = beat(backend, false);
    const missed = [beat(backend, true), beat(backend, false)];
    const stream = await resume(url, first.id);
    const text = await stream.readUntil(new RegExp(`id: ${missed[1]?.id}\n`));
    expect(text).not.toContain(`id: ${first.id}\n`);
    expect(text.indexOf(`id: ${missed[0]?.id}\n`)).toBeLessThan(text.indexOf(`id: ${missed[1]?.id}\n`));
  });

  test('with an id from elsewhere begins with a reset', async () => {
    const { client } = await start();
    for await (const event of client.events({ lastEventId: 'other-7' })) {
      expect(event).toMatchObject({ type: 'reset', data: { reason: 'unknown-id' } });
      break;
    }
  });

  test('of a reconnecting client gives each event once, over any number of lost connections', async () => {
    const { app, client, backend } = await start();
    const sent: string[] = [];
    const seen: string[] = [];
    const events = client.events({ lastEventId: backend.events.position });
    for (let round = 0; round < 6; round += 1) {
      sent.push(beat(backend, round % 2 === 0).id);
      if (round % 2 === 1) sent.push(beat(backend, round % 2 === 0).id);
      while (seen.length < sent.length) seen.push((await events.next()).value?.id as string);
      app.server.closeAllConnections();
    }
    await events.return(undefined);
    expect(seen).toEqual(sent);
  });

  test('that has nothing to say sends a comment', async () => {
    const { url } = await start({ heartbeatMs: 5 });
    const stream = await open(url);
    expect(await stream.readUntil(/(: \n\n){3}/)).not.toContain('data:');
  });

  test('beyond the bound is refused with 429, and admitted again when one has left', async () => {
    const { app, url, observer } = await start({ maxStreams: 2 });
    const [first] = [await open(url), await open(url)];
    const refused = await app.inject('/v1/events');
    expect(refused.headers['retry-after']).toBe('1');
    expect(expectProblem(refused, 'WITAN_ERR_RATE_LIMITED').limit).toBe(2);
    expect(observer).toMatchObject({ refused: 1, requests: 1 });
    first?.leave();
    await vi.waitFor(() => expect(observer.closed).toEqual(['client-left']));
    expect((await open(url)).response.status).toBe(200);
  });

  test('of one address leave room for others', async () => {
    const { app, url, observer } = await start({ maxStreams: 3, maxStreamsPerClient: 2 });
    const [first] = [await open(url), await open(url)];
    const refused = await app.inject('/v1/events');
    expect(expectProblem(refused, 'WITAN_ERR_RATE_LIMITED')).toMatchObject({
      limit: 2,
      detail: 'This address has 2 event streams open already.',
    });
    expect((await open(url, { 'x-forwarded-for': '192.0.2.7' })).response.status).toBe(200);
    first?.leave();
    await vi.waitFor(() => expect(observer.closed).toEqual(['client-left']));
    expect((await open(url)).response.status).toBe(200);
  });

  test('of addresses of which one client has as many as it likes are those of one', async () => {
    const { app, url } = await start({ maxStreamsPerClient: 2 });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    for (const address of ['2001:db8::1', '2001:db8::ffff:2']) await open(url, from(address));
    const refused = await app.inject({ url: '/v1/events', headers: from('2001:db8:0:0:1::') });
    expectProblem(refused, 'WITAN_ERR_RATE_LIMITED');
    expect((await open(url, from('2001:db8:0:1::1'))).response.status).toBe(200);
    // Of IPv4, however it is written.
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1']) await open(url, from(address));
    expectProblem(await app.inject({ url: '/v1/events', headers: from('192.0.2.1') }), 'WITAN_ERR_RATE_LIMITED');
  });

  test('cuts off a client that does not read, and keeps the others', async () => {
    const { port, url, backend, observer } = await start({ maxBufferedBytes: 64 * 1024 });
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
    await vi.waitFor(() => expect(observer.opened).toBe(1));
    const reader = await open(url);
    await vi.waitFor(() => expect(observer.opened).toBe(2));

    // The kernel takes some megabytes on its own account before anything waits here.
    let sent = 0;
    while (observer.closed.length === 0 && sent < 20_000) {
      for (let event = 0; event < 2; event += 1) {
        sendLarge(backend);
        sent += 1;
      }
      await reader.readUntil(new RegExp(`id: ${backend.events.position}\n`));
    }
    expect(observer.closed).toEqual(['too-slow']);
    const last = beat(backend, false);
    expect(await reader.readUntil(new RegExp(`id: ${last.id}\n`))).toContain('heartbeat');
  }, 30_000);

  test('ends when the gateway stops, which does not wait for its clients', async () => {
    const { app, url, observer } = await start();
    const streams = await Promise.all([open(url), open(url)]);
    await app.close();
    for (const stream of streams) await stream.rest();
    expect(observer).toMatchObject({ closed: ['shutdown', 'shutdown'], requests: 0 });
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });

  test('ends also for a client that does not read', async () => {
    const { app, port, backend, observer } = await start({ maxBufferedBytes: 1e9 });
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write('GET /v1/events HTTP/1.1\r\nhost: x\r\n\r\n');
    await vi.waitFor(() => expect(observer.opened).toBe(1));
    for (let event = 0; event < 1_500; event += 1) sendLarge(backend);
    expect(observer.closed).toEqual([]);
    await app.close();
    expect(observer.closed).toEqual(['shutdown']);
  });

  test('is counted as a stream and not as a request that took that long', async () => {
    const { url, observer } = await start();
    const stream = await open(url);
    stream.leave();
    await vi.waitFor(() => expect(observer.closed).toEqual(['client-left']));
    expect(observer).toMatchObject({ opened: 1, requests: 0 });
  });
});
