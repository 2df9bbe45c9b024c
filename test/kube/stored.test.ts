import { fileURLToPath } from 'node:url';
import { type Bus, connectNats } from '@witan/bus';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { isReady, kubectl, Namespace, whyNoCluster } from '../support/kube.ts';
import { forwarded } from '../support/port-forward.ts';
import { deploy, remove } from './deploy.ts';
import { namesOf, patience } from './network.ts';

const why = whyNoCluster();
if (why) console.error(`NOT RUN, what NATS servers keep: ${why}`);

const STORED = fileURLToPath(new URL('stored', import.meta.url));
const SERVERS = 3;
const API_MS = 10_000;

interface Answer {
  readonly error?: { readonly description: string };
  readonly config?: { readonly num_replicas: number; readonly storage: string };
  readonly message?: { readonly data: string };
}

describe.skipIf(why)('NATS servers with volumes', () => {
  const nats = new Namespace('witan-stored');
  let isOurs = false;
  const servers = () => nats.pods();
  const areReady = async () => {
    const pods = await servers();
    return pods.length === SERVERS && pods.every(isReady);
  };

  /** As a client of `server`. */
  const asClient = <T>(server: string, use: (bus: Bus) => Promise<T>): Promise<T> =>
    forwarded(nats.name, server, [4222], async (local) => {
      const bus = await connectNats({ servers: `127.0.0.1:${local.get(4222)}`, name: 'who keeps a stream' });
      try {
        return await use(bus);
      } finally {
        await bus.drain();
      }
    });

  async function asked(bus: Bus, verb: string, request: object): Promise<Answer> {
    const body = Buffer.from(JSON.stringify(request));
    const answer = await bus.request(`$JS.API.${verb}`, body, { timeoutMs: API_MS });
    const { error, ...rest } = JSON.parse(Buffer.from(answer).toString()) as Answer;
    if (error) throw new Error(error.description);
    return rest;
  }

  beforeAll(async () => {
    await kubectl('create', 'namespace', nats.name);
    isOurs = true;
    await deploy(STORED);
    await eventually('three servers are ready', areReady, patience);
  });

  afterAll(async () => {
    // One that was there already is left alone.
    if (!isOurs) return;
    await remove(STORED);
    await kubectl('delete', 'namespace', nats.name, '--ignore-not-found', '--wait=false');
  });

  test('have what a stream of three replicas holds when all of them have been killed', async () => {
    const stream = { name: 'said', subjects: ['said.>'], storage: 'file', num_replicas: SERVERS };
    const { config } = await asClient('nats-0', async (bus) => {
      const made = await eventually('the stream is made', () => asked(bus, 'STREAM.CREATE.said', stream), patience);
      // With an answer when it is stored.
      await bus.request('said.once', Buffer.from('hello'), { timeoutMs: API_MS });
      return made;
    });
    expect(config).toMatchObject({ num_replicas: SERVERS, storage: 'file' });
    const before = new Set((await servers()).map(({ metadata }) => metadata.uid));
    await nats.kill(...namesOf(await servers()));
    await eventually(
      'three others are ready',
      async () => (await areReady()) && (await servers()).every(({ metadata }) => !before.has(metadata.uid)),
      patience,
    );
    const read = () => asClient('nats-1', (bus) => asked(bus, 'STREAM.MSG.GET.said', { last_by_subj: 'said.once' }));
    const { message } = await eventually('the message is read', read, patience);
    expect(Buffer.from(message!.data, 'base64').toString()).toBe('hello');
  });

  test('send their clients away one by one before they end', async () => {
    const log = nats.kubectl('logs', '--follow', '--tail=1', 'nats-2');
    await forwarded(nats.name, 'nats-2', [4222], async (local) => {
      const { bus, left } = await leaving(`127.0.0.1:${local.get(4222)}`);
      await nats.kubectl('delete', 'pod', 'nats-2', '--wait=false');
      await left;
      await bus.drain();
    });
    const said = await log;
    expect(said).toMatch(/Entering lame duck mode.*Closing existing clients/s);
    // By itself, before its time was up.
    expect(said).toContain('Server Exiting');
    await eventually('it is back', areReady, patience);
  });
});

/** A client, and when the server has ended its connection. */
async function leaving(servers: string): Promise<{ readonly bus: Bus; readonly left: Promise<void> }> {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const bus = await connectNats({
    servers,
    name: 'who is sent away',
    onEvent: (event) => {
      if (event.type === 'status' && event.status === 'disconnected') resolve();
    },
  });
  return { bus, left };
}
