import { WitanError } from '@witan/errors';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type Bus,
  type BusEvent,
  type BusMessage,
  connectNats,
  findNatsServer,
  MemoryHub,
  type NatsServer,
  startNatsServer,
} from '../src/index.ts';
import { bytes, failure, text, until } from './support.ts';

interface Implementation {
  readonly name: string;
  readonly available: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  connect(clientId: string, onEvent: (event: BusEvent) => void, echo?: boolean): Promise<Bus>;
}

let hub = new MemoryHub();
let server: NatsServer;

const IMPLEMENTATIONS: Implementation[] = [
  {
    name: 'memory',
    available: true,
    start: async () => {
      hub = new MemoryHub();
    },
    stop: async () => {},
    connect: async (clientId, onEvent, echo = true) => hub.connect(clientId, { onEvent, echo }),
  },
  {
    name: findNatsServer() === undefined ? 'nats (skipped: nats-server is not installed)' : 'nats',
    available: findNatsServer() !== undefined,
    start: async () => {
      server = await startNatsServer();
    },
    stop: () => server.stop(),
    connect: (clientId, onEvent, echo = true) => connectNats({ servers: server.url, name: clientId, onEvent, echo }),
  },
];

for (const implementation of IMPLEMENTATIONS) {
  describe.skipIf(!implementation.available)(`bus: ${implementation.name}`, () => {
    let a: Bus;
    let b: Bus;
    const events: BusEvent[] = [];
    let clients = 0;

    beforeAll(() => implementation.start());
    afterAll(() => implementation.stop());

    const connect = async (): Promise<Bus> => {
      const bus = await implementation.connect(`client-${clients++}`, (event) => events.push(event));
      onTestFinished(() => bus.drain());
      return bus;
    };

    beforeEach(async () => {
      events.length = 0;
      a = await connect();
      b = await connect();
    });

    /** Subscribes and waits until the other side knows. */
    async function listen(bus: Bus, subject: string, queue?: string): Promise<string[]> {
      const heard: string[] = [];
      bus.subscribe(
        subject,
        (message) => void heard.push(`${message.subject}: ${text(message.payload)}`),
        queue === undefined ? {} : { queue },
      );
      await bus.flush();
      return heard;
    }

    describe('publish and subscribe', () => {
      test('all who listen hear it, in order, the sender too', async () => {
        const heardByA = await listen(a, 's.x');
        const heardByB = await listen(b, 's.x');
        for (const n of ['1', '2', '3']) a.publish('s.x', bytes(n));
        await until(() => heardByA.length === 3 && heardByB.length === 3);
        expect(heardByB).toEqual(['s.x: 1', 's.x: 2', 's.x: 3']);
        expect(heardByA).toEqual(heardByB);
      });

      test('one that wants no echo hears the others and not itself, in a queue neither', async () => {
        const quiet = await implementation.connect(`client-${clients++}`, () => {}, false);
        onTestFinished(() => quiet.drain());
        const heard = await listen(quiet, 'e.x');
        const inQueue = await listen(quiet, 'e.x', 'q');
        const other = await listen(b, 'e.x', 'q');
        quiet.publish('e.x', bytes('own'));
        await until(() => other.length === 1);
        a.publish('e.x', bytes('of another'));
        await until(() => heard.length === 1 && inQueue.length + other.length === 2);
        expect(heard).toEqual(['e.x: of another']);
        expect(inQueue).not.toContain('e.x: own');
      });

      test.each([
        ['w.*', ['w.a', 'w.b']],
        ['w.>', ['w.a', 'w.a.b', 'w.b', 'w.b.b.b']],
        ['w.*.b', ['w.a.b']],
        ['*.a', ['w.a', 'x.a']],
        ['w.a', ['w.a']],
        ['w', ['w']],
        ['>', ['w', 'w.a', 'w.a.b', 'w.b', 'w.b.b.b', 'x.a']],
      ])('the pattern %s', async (pattern, expected) => {
        const heard = await listen(b, pattern);
        const end = await listen(b, 'end.of.test');
        for (const subject of ['w', 'w.a', 'w.a.b', 'w.b', 'w.b.b.b', 'x.a']) a.publish(subject, bytes('m'));
        a.publish('end.of.test', bytes('m'));
        await until(() => end.length === 1 && heard.length >= expected.length);
        const expectedLines = [
          ...expected.map((subject) => `${subject}: m`),
          ...(pattern === '>' ? ['end.of.test: m'] : []),
        ];
        expect(heard.sort()).toEqual(expectedLines.sort());
      });

      test('within a queue, one of its members gets each message, and all who are outside it get all', async () => {
        const c = await connect();
        const members = [await listen(a, 'q.*', 'workers'), await listen(b, 'q.*', 'workers')];
        const outside = await listen(c, 'q.*');
        const otherQueue = await listen(c, 'q.*', 'others');
        for (let n = 0; n < 60; n++) a.publish('q.x', bytes(String(n)));
        await until(() => outside.length === 60 && otherQueue.length === 60 && members.flat().length === 60);
        expect(new Set(members.flat()).size).toBe(60);
        for (const heard of members) expect(heard.length).toBeGreaterThan(0);
      });

      test('an ended subscription hears nothing more', async () => {
        const heard: string[] = [];
        const subscription = b.subscribe('u.x', (message) => void heard.push(text(message.payload)));
        const others = await listen(b, 'u.x');
        a.publish('u.x', bytes('1'));
        await until(() => others.length === 1);
        subscription.unsubscribe();
        await b.flush();
        a.publish('u.x', bytes('2'));
        await until(() => others.length === 2);
        expect(heard).toEqual(['1']);
      });

      test('carries any bytes, none, and headers', async () => {
        const heard: BusMessage[] = [];
        b.subscribe('h.x', (message) => void heard.push(message));
        await b.flush();
        const all = Uint8Array.from({ length: 256 }, (_, i) => i);
        a.publish('h.x', all, { traceparent: '00-abc', 'X-Other': 'späße' });
        a.publish('h.x', new Uint8Array(0));
        await until(() => heard.length === 2);
        expect(heard[0]!.payload).toEqual(all);
        expect(heard[0]!.headers).toEqual({ traceparent: '00-abc', 'X-Other': 'späße' });
        expect(heard[1]).toEqual({ subject: 'h.x', payload: new Uint8Array(0), headers: undefined });
      });

      test('each receiver has bytes of its own', async () => {
        const seen: string[] = [];
        for (const bus of [a, b]) {
          bus.subscribe('own.x', (message) => {
            seen.push(text(message.payload));
            message.payload.fill(0);
          });
          await bus.flush();
        }
        const payload = bytes('mine');
        a.publish('own.x', payload);
        await until(() => seen.length === 2);
        expect(seen).toEqual(['mine', 'mine']);
        expect(payload).toEqual(bytes('mine'));
      });
    });

    describe('request and reply', () => {
      test('gives back the reply', async () => {
        b.subscribe('r.echo', ({ payload, respond }) => respond?.(bytes(`echo ${text(payload)}`)));
        await b.flush();
        expect(text(await a.request('r.echo', bytes('hello'), { timeoutMs: 5000 }))).toBe('echo hello');
      });

      test('gives many at once each their own', async () => {
        b.subscribe('r.many', async ({ payload, respond }) => {
          await new Promise((resolve) => setTimeout(resolve, Number(text(payload)) % 7));
          respond?.(payload);
        });
        await b.flush();
        const all = Array.from({ length: 50 }, (_, n) => bytes(String(n)));
        expect(await Promise.all(all.map((n) => a.request('r.many', n, { timeoutMs: 5000 })))).toEqual(all);
      });

      test('counts the first of several replies', async () => {
        for (const bus of [a, b]) {
          bus.subscribe('r.two', ({ respond }) => {
            respond?.(bytes('reply'));
            respond?.(bytes('reply'));
          });
          await bus.flush();
        }
        expect(text(await a.request('r.two', bytes(''), { timeoutMs: 5000 }))).toBe('reply');
      });

      test('a message that is no request has nothing to respond to', async () => {
        const heard: BusMessage[] = [];
        b.subscribe('r.none', (message) => void heard.push(message));
        await b.flush();
        a.publish('r.none', bytes(''));
        await until(() => heard.length === 1);
        expect(heard[0]!.respond).toBeUndefined();
      });

      test('nobody there is known at once', async () => {
        const error = await failure(() => a.request('r.nobody', bytes(''), { timeoutMs: 60_000 }));
        expect(error.code).toBe('WITAN_ERR_UNAVAILABLE');
        expect(error.detail).toContain('r.nobody');
      });

      test('no reply in time is a timeout', async () => {
        await listen(b, 'r.silent');
        const error = await failure(() => a.request('r.silent', bytes(''), { timeoutMs: 30 }));
        expect(error.code).toBe('WITAN_ERR_TIMEOUT');
        expect(error.data).toEqual({ subject: 'r.silent', timeoutMs: 30 });
      });

      test('a handler that fails, at once or later, says so with its code, and is counted', async () => {
        b.subscribe('r.fails', () => {
          throw new WitanError('WITAN_ERR_STORE', 'the disk, and a detail that is not for others');
        });
        b.subscribe('r.rejects', async () => {
          throw new Error('a defect');
        });
        await b.flush();
        const first = await failure(() => a.request('r.fails', bytes(''), { timeoutMs: 5000 }));
        const second = await failure(() => a.request('r.rejects', bytes(''), { timeoutMs: 5000 }));
        expect(first.code).toBe('WITAN_ERR_STORE');
        expect(first.detail).not.toContain('not for others');
        expect(second.code).toBe('WITAN_ERR_INTERNAL');
        expect(b.stats.handlerErrors).toBe(2);
        expect(a.stats.requestErrors).toBe(2);
        expect(events.filter((event) => event.type === 'handler-error').map(({ subject }) => subject)).toEqual([
          'r.fails',
          'r.rejects',
        ]);
      });

      test('a handler that refuses a request, at once or later, tells why, and has not failed', async () => {
        b.subscribe('r.refuses', () => {
          throw new WitanError('WITAN_ERR_MALFORMED', 'bad bytes');
        });
        b.subscribe('r.refuses-later', async () => {
          throw new WitanError('WITAN_ERR_WRONG_SESSION', 'not here');
        });
        await b.flush();
        const first = await failure(() => a.request('r.refuses', bytes(''), { timeoutMs: 5000 }));
        const second = await failure(() => a.request('r.refuses-later', bytes(''), { timeoutMs: 5000 }));
        expect([first.code, second.code]).toEqual(['WITAN_ERR_MALFORMED', 'WITAN_ERR_WRONG_SESSION']);
        expect(b.stats.handlerErrors).toBe(0);
        expect(a.stats.requestErrors).toBe(2);
        expect(events.filter((event) => event.type === 'handler-error')).toEqual([]);
        // With nobody to tell, it is this side's concern.
        a.publish('r.refuses', bytes(''));
        await until(() => b.stats.handlerErrors === 1);
      });

      test('can be ended by its caller', async () => {
        await listen(b, 'r.ended');
        const controller = new AbortController();
        const request = a.request('r.ended', bytes(''), { timeoutMs: 60_000, signal: controller.signal });
        controller.abort(new Error('shutting down'));
        const error = await failure(() => request);
        expect(error.code).toBe('WITAN_ERR_UNAVAILABLE');
        expect(error.cause).toMatchObject({ message: 'shutting down' });
        const again = a.request('r.ended', bytes(''), { timeoutMs: 60_000, signal: controller.signal });
        expect((await failure(() => again)).code).toBe('WITAN_ERR_UNAVAILABLE');
      });

      test('ask answers by a call, and never before it returns', async () => {
        b.subscribe('r.ask', ({ payload, respond }) => respond?.(payload));
        await b.flush();
        const results: unknown[] = [];
        a.ask('r.ask', bytes('1'), { timeoutMs: 5000 }, (result) => results.push(result));
        a.ask('r.nobody', bytes('2'), { timeoutMs: 5000 }, (result) => results.push(result));
        a.ask('r.*', bytes('3'), { timeoutMs: 5000 }, (result) => results.push(result));
        expect(results).toEqual([]);
        await until(() => results.length === 3);
        expect(results).toContainEqual({ ok: true, bytes: bytes('1') });
        expect(results).toContainEqual({ ok: false, error: 'WITAN_ERR_UNAVAILABLE' });
        expect(results).toContainEqual({ ok: false, error: 'WITAN_ERR_INVALID' });
      });
    });

    describe('bounds', () => {
      test('knows the largest payload, and takes it', async () => {
        expect(a.maxPayload).toBe(1 << 20);
        const sizes: number[] = [];
        b.subscribe('m.x', ({ payload }) => void sizes.push(payload.length));
        await b.flush();
        a.publish('m.x', new Uint8Array(a.maxPayload));
        await until(() => sizes.length === 1);
        expect(sizes).toEqual([a.maxPayload]);
      });

      test('refuses a larger one, as message, as request and as reply, and stays connected', async () => {
        const large = new Uint8Array(a.maxPayload + 1);
        const replies: string[] = [];
        b.subscribe('m.large', async ({ respond }) => {
          replies.push((await failure(() => respond?.(large))).code);
          respond?.(bytes('small'));
        });
        await b.flush();
        const error = await failure(() => a.publish('m.large', large));
        expect(error).toMatchObject({ code: 'WITAN_ERR_TOO_LARGE', data: { limit: a.maxPayload } });
        expect((await failure(() => a.request('m.large', large, { timeoutMs: 5000 }))).code).toBe(
          'WITAN_ERR_TOO_LARGE',
        );
        expect(text(await a.request('m.large', bytes(''), { timeoutMs: 5000 }))).toBe('small');
        expect(replies).toEqual(['WITAN_ERR_TOO_LARGE']);
        expect([a.status, b.status]).toEqual(['connected', 'connected']);
      });

      test.each(['', 'a b', 'a..b', '.a', 'a.', 'a.*', 'a.>', 'a\r\nPUB b 0', 'a\tb', 'ü'])(
        'refuses to publish to %j',
        async (subject) => {
          expect((await failure(() => a.publish(subject, bytes('')))).code).toBe('WITAN_ERR_INVALID');
          expect((await failure(() => a.request(subject, bytes(''), { timeoutMs: 1 }))).code).toBe('WITAN_ERR_INVALID');
        },
      );

      test.each(['', 'a b', 'a..b', 'a.>.b', 'a>', '*a', 'a\r\nSUB > 1'])(
        'refuses to subscribe to %j',
        async (subject) => {
          expect((await failure(() => a.subscribe(subject, () => {}))).code).toBe('WITAN_ERR_INVALID');
        },
      );

      test('refuses a queue and headers that could break out of their line', async () => {
        expect((await failure(() => a.subscribe('x', () => {}, { queue: 'a b' }))).code).toBe('WITAN_ERR_INVALID');
        for (const headers of [{ 'a b': 'x' }, { 'a:b': 'x' }, { '': 'x' }, { a: 'x\r\ny: z' }]) {
          expect((await failure(() => a.publish('x', bytes(''), headers))).code).toBe('WITAN_ERR_INVALID');
        }
      });

      test('a handler that throws loses its message only', async () => {
        const heard: string[] = [];
        b.subscribe('e.x', ({ payload }) => {
          if (text(payload) === 'bad') throw new Error('cannot take that');
          heard.push(text(payload));
        });
        await b.flush();
        for (const what of ['1', 'bad', '2', 'bad', '3']) a.publish('e.x', bytes(what));
        await until(() => heard.length === 3);
        expect(heard).toEqual(['1', '2', '3']);
        expect(b.stats.handlerErrors).toBe(2);
        expect(b.status).toBe('connected');
      });

      test('a handler that falls behind loses messages, is noticed once, and recovers', async () => {
        const open: (() => void)[] = [];
        b.subscribe('slow.x', () => new Promise<void>((resolve) => open.push(resolve)), { maxInFlight: 4 });
        const others = await listen(b, 'slow.x');
        for (let n = 0; n < 10; n++) a.publish('slow.x', bytes(String(n)));
        await until(() => others.length === 10);
        expect(open).toHaveLength(4);
        expect(b.stats).toMatchObject({ dropped: 6, slowConsumers: 1 });
        expect(events).toContainEqual({ type: 'slow-consumer', subject: 'slow.x', inFlight: 4 });
        for (const finish of open) finish();
        await b.flush();
        a.publish('slow.x', bytes('again'));
        await until(() => open.length === 5);
        open[4]!();
        expect((await failure(() => a.request('slow.nobody', bytes(''), { timeoutMs: 100 }))).code).toBe(
          'WITAN_ERR_UNAVAILABLE',
        );
      });

      test('a request to a handler that has fallen behind is refused', async () => {
        const open: (() => void)[] = [];
        b.subscribe('slow.r', () => new Promise<void>((resolve) => open.push(resolve)), { maxInFlight: 1 });
        await b.flush();
        a.publish('slow.r', bytes(''));
        await until(() => open.length === 1);
        const error = await failure(() => a.request('slow.r', bytes(''), { timeoutMs: 5000 }));
        expect(error.code).toBe('WITAN_ERR_UNAVAILABLE');
        open[0]!();
      });
    });

    describe('life', () => {
      test('counts what it does', async () => {
        b.subscribe('c.x', ({ respond }) => respond?.(bytes('four')));
        await b.flush();
        a.publish('c.x', bytes('two'));
        await a.request('c.x', bytes('three'), { timeoutMs: 5000 });
        expect(a.stats).toMatchObject({ published: 2, publishedBytes: 8, requests: 1, requestErrors: 0 });
        expect(b.stats).toMatchObject({ received: 2, receivedBytes: 8, published: 1, publishedBytes: 4 });
      });

      test('drain handles what has arrived, then closes, and says so', async () => {
        const heard: string[] = [];
        const statuses: string[] = [];
        b.onStatus((status) => statuses.push(status));
        const ended = b.onStatus(() => statuses.push('never'));
        ended();
        b.subscribe('d.x', ({ payload, respond }) => {
          heard.push(text(payload));
          respond?.(bytes('handled'));
        });
        await b.flush();
        const reply = a.request('d.x', bytes('last'), { timeoutMs: 5000 });
        await a.flush();
        await b.drain();
        await b.drain();
        expect(heard).toEqual(['last']);
        expect(text(await reply)).toBe('handled');
        expect(statuses).toEqual(['draining', 'closed']);
        expect(b.status).toBe('closed');
      });

      test('after that it takes nothing, and says so without throwing where a loss is normal', async () => {
        await b.drain();
        b.publish('d.y', bytes(''));
        expect(b.stats.dropped).toBe(1);
        expect((await failure(() => b.subscribe('d.y', () => {}))).code).toBe('WITAN_ERR_UNAVAILABLE');
        expect((await failure(() => b.request('d.y', bytes(''), { timeoutMs: 1000 }))).code).toBe(
          'WITAN_ERR_UNAVAILABLE',
        );
      });

      test('draining ends the requests that wait', async () => {
        await listen(b, 'd.silent');
        const request = a.request('d.silent', bytes(''), { timeoutMs: 60_000 });
        const ended = failure(() => request);
        await a.drain();
        expect((await ended).code).toBe('WITAN_ERR_UNAVAILABLE');
      });
    });

    describe('services protocol', () => {
      const description = {
        name: 'elder',
        version: '1.2.3',
        description: 'votes and signs',
        metadata: { node: 'ab12' },
      };

      async function ask(subject: string): Promise<Record<string, unknown>> {
        return JSON.parse(text(await a.request(subject, bytes(''), { timeoutMs: 5000 }))) as Record<string, unknown>;
      }

      test('answers PING and INFO: for all, by name, by instance', async () => {
        const endpoints = [{ name: 'sign', subject: 'n.sign', handler: () => {} }];
        const service = await b.announce({ ...description, endpoints });
        await b.flush();
        const identity = { name: 'elder', id: service.id, version: '1.2.3', metadata: { node: 'ab12' } };
        for (const target of ['', '.elder', `.elder.${service.id}`]) {
          expect(await ask(`$SRV.PING${target}`)).toEqual({ type: 'io.nats.micro.v1.ping_response', ...identity });
          expect(await ask(`$SRV.INFO${target}`)).toEqual({
            type: 'io.nats.micro.v1.info_response',
            ...identity,
            description: 'votes and signs',
            endpoints: [expect.objectContaining({ name: 'sign', subject: 'n.sign', queue_group: '' })],
          });
        }
      });

      test('serves its endpoints and tells their statistics', async () => {
        await b.announce({
          ...description,
          endpoints: [
            {
              name: 'sign',
              subject: 'n.sign2',
              queue: 'signers',
              handler: ({ payload, respond }) => {
                if (text(payload) === 'bad') throw new WitanError('WITAN_ERR_INVALID', 'bad');
                respond?.(bytes(`signed ${text(payload)}`));
              },
            },
            {
              name: 'later',
              subject: 'n.later',
              handler: async () => {
                throw new WitanError('WITAN_ERR_NOT_FOUND', 'not there');
              },
            },
          ],
        });
        await b.flush();
        expect(text(await a.request('n.sign2', bytes('this'), { timeoutMs: 5000 }))).toBe('signed this');
        expect((await failure(() => a.request('n.sign2', bytes('bad'), { timeoutMs: 5000 }))).code).toBe(
          'WITAN_ERR_INVALID',
        );
        expect((await failure(() => a.request('n.later', bytes(''), { timeoutMs: 5000 }))).code).toBe(
          'WITAN_ERR_NOT_FOUND',
        );
        expect(b.stats.handlerErrors).toBe(0);
        const stats = await ask('$SRV.STATS.elder');
        expect(stats).toMatchObject({
          type: 'io.nats.micro.v1.stats_response',
          name: 'elder',
          started: expect.any(String),
        });
        expect(stats.endpoints).toMatchObject([
          { name: 'sign', queue_group: 'signers', num_requests: 2, num_errors: 1, last_error: 'WITAN_ERR_INVALID' },
          { name: 'later', num_requests: 1 },
        ]);
      });

      test('is gone when it is stopped', async () => {
        const endpoints = [{ name: 'sign', subject: 'n.gone', handler: () => {} }];
        const service = await b.announce({ ...description, name: 'short', endpoints });
        await b.flush();
        await service.stop();
        await b.flush();
        for (const subject of ['$SRV.PING.short', 'n.gone']) {
          expect((await failure(() => ask(subject))).code).toBe('WITAN_ERR_UNAVAILABLE');
        }
        expect(events.filter((event) => event.type === 'subscription-lost')).toEqual([]);
      });

      test('refuses endpoints on subjects that are none', async () => {
        const endpoints = [{ name: 'sign', subject: 'a b', handler: () => {} }];
        expect((await failure(() => b.announce({ ...description, endpoints }))).code).toBe('WITAN_ERR_INVALID');
      });
    });
  });
}
