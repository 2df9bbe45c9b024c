import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Bus,
  type BusEvent,
  connectNats,
  findNatsServer,
  type NatsServer,
  startNatsServer,
} from '../src/index.ts';
import { bytes, failure, natsBus, natsServer, text, until } from './support.ts';

const installed = findNatsServer() !== undefined;
const suite = describe.skipIf(!installed);

suite(installed ? 'nats' : 'nats (skipped: nats-server is not installed)', () => {
  test('the server is killed and comes back: the client recovers and its subscriptions live on', async () => {
    const server = await natsServer();
    const [a, b] = [await natsBus(server), await natsBus(server)];
    const statuses: string[] = [];
    b.onStatus((status) => statuses.push(status));
    const heard: string[] = [];
    b.subscribe('x', ({ payload, respond }) => {
      heard.push(text(payload));
      respond?.(bytes('reply'));
    });
    await b.flush();
    b.subscribe('silent', () => {});
    await b.flush();
    const waiting = failure(() => a.request('silent', bytes(''), { timeoutMs: 60_000 }));

    await server.kill();
    await until(() => a.status === 'disconnected' && b.status === 'disconnected');
    // Not after its 60 s: the reply is lost with the connection.
    expect((await waiting).code).toBe('WITAN_ERR_UNAVAILABLE');
    a.publish('x', bytes('lost'));
    expect((await failure(() => a.request('x', bytes(''), { timeoutMs: 60_000 }))).code).toBe('WITAN_ERR_UNAVAILABLE');
    expect(a.stats).toMatchObject({ dropped: 1, disconnects: 1 });
    b.subscribe('made.meanwhile', ({ payload }) => void heard.push(text(payload)));

    await natsServer({ port: server.port });
    await until(() => a.status === 'connected' && b.status === 'connected');
    await b.flush();
    expect(text(await a.request('x', bytes('after'), { timeoutMs: 5000 }))).toBe('reply');
    a.publish('made.meanwhile', bytes('too'));
    await until(() => heard.length === 2);
    expect(heard).toEqual(['after', 'too']);
    expect(statuses).toEqual(['disconnected', 'connected']);
  });

  test('the first connection is tried until the server is there, and each failure is told', async () => {
    const first = await natsServer();
    await first.stop();
    const events: BusEvent[] = [];
    const connecting = connectNats({
      servers: first.url,
      name: 'early',
      retryMs: 5,
      onEvent: (event) => events.push(event),
    });
    await until(() => events.length >= 2);
    expect(events[0]).toMatchObject({ type: 'connecting', attempt: 1, error: expect.any(Error) });
    expect(events[1]).toMatchObject({ type: 'connecting', attempt: 2 });
    await natsServer({ port: first.port });
    const bus = await connecting;
    onTestFinished(() => bus.drain());
    expect(bus.status).toBe('connected');
  });

  test('servers that were away at the first connection are there for the next', async () => {
    const away = await natsServer();
    await away.stop();
    const server = await natsServer();
    // Each asks the servers in an order of its own; all but one in a thousand of these runs have one that finds the one away.
    const servers = [away.url, server.url];
    const buses = await Promise.all(Array.from({ length: 10 }, () => natsBus(server, { servers })));
    await natsServer({ port: away.port });
    await server.kill();
    await until(() => buses.every(({ stats, status }) => stats.disconnects > 0 && status === 'connected'));
  });

  test('the first connection can be given up', async () => {
    const server = await natsServer();
    await server.stop();
    const controller = new AbortController();
    let tries = 0;
    const connecting = connectNats({
      servers: server.url,
      name: 'never',
      retryMs: 60_000,
      signal: controller.signal,
      onEvent: () => {
        tries++;
        controller.abort(new Error('stopping'));
      },
    });
    const error = await failure(() => connecting);
    expect(error).toMatchObject({ code: 'WITAN_ERR_UNAVAILABLE', cause: { message: 'stopping' } });
    expect(tries).toBe(1);
  });

  test('the connection carries its name', async () => {
    const server = await natsServer({ args: ['-m', '-1'], onLog: (line) => log.push(line) });
    await natsBus(server, { name: 'elder ab12' });
    await until(() => monitor() !== undefined);
    const response = await fetch(`http://127.0.0.1:${monitor()}/connz`);
    const { connections } = (await response.json()) as { connections: { name: string }[] };
    expect(connections.map(({ name }) => name)).toContain('elder ab12');
  });
  const log: string[] = [];
  const monitor = (): string | undefined => /monitor on [^ ]*:(\d+)/.exec(log.join('\n'))?.[1];

  test('draining while the server is away does not wait for it', async () => {
    const server = await natsServer();
    const bus = await natsBus(server);
    await server.kill();
    await until(() => bus.status === 'disconnected');
    await bus.drain();
    expect(bus.status).toBe('closed');
  });

  test('the service lives on when the server comes back', async () => {
    const server = await natsServer();
    const [a, b] = [await natsBus(server), await natsBus(server)];
    const endpoints = [
      {
        name: 'e',
        subject: 'e',
        handler: ({ respond }: { respond?: (p: Uint8Array) => void }) => respond?.(bytes('served')),
      },
    ];
    await b.announce({ name: 'elder', version: '1.0.0', endpoints });
    await server.kill();
    await natsServer({ port: server.port });
    await until(
      () =>
        a.status === 'connected' && a.stats.disconnects === 1 && b.status === 'connected' && b.stats.disconnects === 1,
    );
    await b.flush();
    expect(text(await a.request('e', bytes(''), { timeoutMs: 5000 }))).toBe('served');
    expect(text(await a.request('$SRV.PING.elder', bytes(''), { timeoutMs: 5000 }))).toContain('elder');
  });

  test('who asks has an answer sent to an inbox alone: not to where it may not say things itself, nor to the servers', async () => {
    const server = await natsServer();
    const [answering, watching] = [await natsBus(server), await natsBus(server)];
    const asked: boolean[] = [];
    const heard: string[] = [];
    answering.subscribe('x', ({ respond }) => {
      asked.push(respond === undefined);
      respond?.(bytes('answer'));
    });
    watching.subscribe('$JS.API.>', ({ subject }) => void heard.push(subject));
    watching.subscribe('decisions', ({ subject }) => void heard.push(subject));
    watching.subscribe('_INBOX.a', ({ subject }) => void heard.push(subject));
    await Promise.all([answering.flush(), watching.flush()]);
    const asking = await connect({ servers: server.url });
    asking.publish('x', '', { reply: '$JS.API.STREAM.DELETE.said' });
    asking.publish('x', '', { reply: 'decisions' });
    asking.publish('x', '', { reply: '_INBOX.a' });
    await until(() => heard.length > 0);
    expect([asked, heard]).toEqual([[true, true, false], ['_INBOX.a']]);
    await asking.close();
  });

  test('who has heard one question knows nothing of where the next is to be answered', async () => {
    const server = await natsServer();
    const [asking, answering] = [await natsBus(server), await connect({ servers: server.url })];
    const replies: string[] = [];
    answering.subscribe('x', {
      callback: (_, message) => {
        replies.push(message.reply!);
        message.respond('answer');
      },
    });
    await answering.flush();
    for (let asked = 0; asked < 20; asked++) await asking.request('x', bytes(''), { timeoutMs: 5000 });
    expect(replies.every((reply) => /^_INBOX\.[\w-]{22}$/.test(reply))).toBe(true);
    // Names of 128 random bits have nothing in common; those that are numbered begin alike.
    expect(new Set(replies.map((reply) => reply.slice('_INBOX.'.length).slice(0, 6))).size).toBe(20);
    await answering.close();
  });

  describe('permissions', () => {
    let lastServer: NatsServer | undefined;
    async function guarded(user: string, onEvent: (event: BusEvent) => void = () => {}): Promise<Bus> {
      const directory = mkdtempSync(join(tmpdir(), 'witan-bus-'));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      const config = join(directory, 'nats.conf');
      writeFileSync(
        config,
        `authorization { users = [
          { user: free, password: p }
          { user: asked, password: p, permissions: { publish: ["may.>"], subscribe: ["may.>"] } }
          { user: bound, password: p, permissions: { publish: ["may.>"], subscribe: ["may.>", "_INBOX_bound.>"] } }
        ] }`,
      );
      const server = await natsServer({ config });
      lastServer = server;
      return natsBus(server, { user, pass: 'p', inboxPrefix: `_INBOX_${user}`, onEvent });
    }

    test('what is not allowed is told, hurts nothing else, and ends a request at once', async () => {
      const events: BusEvent[] = [];
      const bus = await guarded('bound', (event) => events.push(event));
      bus.subscribe('secret', () => {});
      await until(() => events.length > 0);
      expect(events).toEqual([{ type: 'forbidden', operation: 'subscribe', subject: 'secret' }]);
      expect(bus.refused).toEqual(['secret']);
      bus.publish('secret', bytes(''));
      const refused = await failure(() => bus.request('secret', bytes(''), { timeoutMs: 60_000 }));
      expect(refused).toMatchObject({ code: 'WITAN_ERR_FORBIDDEN', data: { operation: 'publish', subject: 'secret' } });
      await until(() => events.length === 3);
      expect(events.slice(1)).toEqual(Array(2).fill({ type: 'forbidden', operation: 'publish', subject: 'secret' }));
      expect(bus.stats).toMatchObject({ forbiddenPublishes: 2, forbiddenSubscriptions: 1, requestErrors: 1 });
      bus.subscribe('may.echo', ({ payload, respond }) => respond?.(payload));
      await bus.flush();
      expect(bus.status).toBe('connected');
    });

    test('an answer to whom it may not answer is lost like any other, and no reach for what is not allowed', async () => {
      const events: BusEvent[] = [];
      const bus = await guarded('asked', (event) => events.push(event));
      bus.subscribe('may.ask', ({ respond }) => respond?.(bytes('answer')));
      await bus.flush();
      const asking = await connect({ servers: lastServer!.url, user: 'free', pass: 'p' });
      asking.publish('may.ask', '', { reply: '_INBOX.free' });
      await until(() => bus.stats.dropped === 1);
      await asking.close();
      expect(bus.stats.forbiddenPublishes).toBe(0);
      expect(events).toEqual([]);
    });

    test('who may not listen to its own inbox is told so at each request, and what it is told of does not grow', async () => {
      const subjects: string[] = [];
      const bus = await guarded('asked', (event) => void (event.type === 'forbidden' && subjects.push(event.subject)));
      for (let asked = 0; asked < 3; asked++) {
        const refused = await failure(() => bus.request('may.ask', bytes(''), { timeoutMs: 60_000 }));
        expect(refused).toMatchObject({ code: 'WITAN_ERR_FORBIDDEN', data: { operation: 'subscribe' } });
      }
      await until(() => subjects.length === 3);
      expect(subjects).toEqual(Array(3).fill('_INBOX_asked.>'));
      expect(bus.refused).toEqual(['_INBOX_asked.>']);
    });

    test('a service that may not listen where it should is told', async () => {
      const events: BusEvent[] = [];
      const bus = await guarded('bound', (event) => events.push(event));
      const endpoints = [{ name: 'e', subject: 'secret', queue: 'q', handler: () => {} }];
      await bus.announce({ name: 'elder', version: '1.0.0', endpoints });
      await until(() => events.some((event) => event.type === 'subscription-lost'));
      expect(events).toContainEqual(expect.objectContaining({ subject: '$SRV.*.elder' }));
      expect(bus.refused).toEqual(expect.arrayContaining(['$SRV.PING', '$SRV.PING.elder', 'secret']));
      expect(bus.status).toBe('connected');
    });

    test('a wrong password is tried again, for the server may not know it yet', async () => {
      const server = await natsServer({ args: ['--user', 'u', '--pass', 'right'] });
      const tried = Promise.withResolvers<BusEvent>();
      const controller = new AbortController();
      const connecting = connectNats({
        servers: server.url,
        name: 'test',
        user: 'u',
        pass: 'wrong',
        signal: controller.signal,
        onEvent: tried.resolve,
      });
      expect(await tried.promise).toMatchObject({ type: 'connecting', attempt: 1 });
      controller.abort();
      expect((await failure(() => connecting)).code).toBe('WITAN_ERR_UNAVAILABLE');
    });
  });

  test('options that can never work are an error of the configuration', async () => {
    const connecting = connectNats({
      servers: 'not a host:port:port',
      name: 'test',
      retryMs: 60_000,
      user: 'u',
      token: 't',
    });
    expect((await failure(() => connecting)).code).toBe('WITAN_ERR_CONFIG');
  });
});

/** A server that greets, answers the first ping, and then reads and says no more. */
async function stalledServer(): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(
      `INFO ${JSON.stringify({ server_id: 's', version: '2.9.10', max_payload: 1 << 20, headers: true })}\r\n`,
    );
    socket.on('data', (data) => {
      if (!data.includes('PING')) return;
      socket.write('PONG\r\n');
      socket.pause();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('a server that takes nothing costs messages and not the memory', async () => {
  const bus = await connectNats({ servers: await stalledServer(), name: 'test', maxPendingBytes: 4 << 20 });
  for (let n = 0; n < 64; n++) bus.publish('x', new Uint8Array(1 << 18));
  expect(bus.stats).toMatchObject({ published: 16, dropped: 48 });
  expect((await failure(() => bus.request('x', bytes('1'), { timeoutMs: 60_000 }))).code).toBe('WITAN_ERR_UNAVAILABLE');
});

describe('starting a server', () => {
  test.runIf(installed)('two at once have ports of their own, and end when told', async () => {
    const [first, second] = await Promise.all([natsServer(), natsServer()]);
    expect(first.port).not.toBe(second.port);
    expect(first.url).toBe(`nats://127.0.0.1:${first.port}`);
    await first.stop();
    await first.exited;
    expect(() => process.kill(first.pid, 0)).toThrow(/ESRCH/);
  });

  test.runIf(installed)('on a port that is taken is an error that shows what the server says', async () => {
    const server = await natsServer();
    const error = await failure(() => startNatsServer({ port: server.port }));
    expect(error.code).toBe('WITAN_ERR_UNAVAILABLE');
    expect(error.detail).toMatch(/address already in use/);
  });
});
