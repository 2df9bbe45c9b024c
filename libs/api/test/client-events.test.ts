import { WitanError } from '@witan/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createClient, type WitanEvent } from '../src/index.ts';
import { collect } from './collect.ts';

const event = (number: number): WitanEvent => ({
  id: `e-${number}`,
  type: 'heartbeat',
  at: '2026-01-01T00:00:00.000Z',
  data: { node: 'ab'.repeat(32), live: number % 2 === 0, lastSeen: '2026-01-01T00:00:00.000Z' },
});
const frame = (each: WitanEvent) => `id: ${each.id}\nevent: ${each.type}\ndata: ${JSON.stringify(each)}\n\n`;

/** A stream that gives these chunks and then ends, or stays open for ever. */
function stream(chunks: readonly (string | Uint8Array)[], end: 'end' | 'open' | 'break' = 'end'): Response {
  const bytes = chunks.map((chunk) => (typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = bytes.shift();
      if (next !== undefined) controller.enqueue(next);
      else if (end === 'end') controller.close();
      else if (end === 'break') controller.error(new TypeError('terminated'));
      else return new Promise(() => {});
      return undefined;
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** A client whose connections get these answers in turn, and the `Last-Event-ID` that each was asked with. */
function clientOf(...answers: (() => Response | Promise<Response>)[]) {
  const asked: (string | null)[] = [];
  const client = createClient('http://gateway.test', {
    fetch: (async (_: string, init: RequestInit) => {
      asked.push(new Headers(init.headers).get('last-event-id'));
      const answer = answers.shift();
      if (answer === undefined) throw new TypeError('fetch failed');
      const response = await answer();
      // As fetch does: an aborted request ends its body.
      const body = response.body?.pipeThrough(new TransformStream(), { signal: init.signal as AbortSignal });
      return new Response(body ?? null, response);
    }) as typeof fetch,
  });
  return { client, asked };
}

async function take(events: AsyncIterable<WitanEvent>, count: number): Promise<string[]> {
  const ids: string[] = [];
  if (count === 0) return ids;
  for await (const each of events) {
    ids.push(each.id);
    if (ids.length === count) break;
  }
  return ids;
}

describe('the event stream', () => {
  test('is the same wherever the bytes are cut', async () => {
    const bytes = new TextEncoder().encode(`retry: 1\n\n: hi\n\n${[1, 2, 3].map(event).map(frame).join('')}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length })), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
        const { client } = clientOf(() => stream(chunks.filter((chunk) => chunk.length > 0)));
        expect(await collect(client.events({ reconnect: false }))).toEqual([1, 2, 3].map(event));
      }),
      { numRuns: 50 },
    );
  });

  test('comes back after a lost connection and resumes behind the last event', async () => {
    const { client, asked } = clientOf(
      () => stream([`retry: 1\n\n${frame(event(1))}`, frame(event(2)).slice(0, 20)], 'break'),
      () => new Response('busy', { status: 503 }),
      () => stream([frame(event(2))]),
      () => stream([frame(event(3))]),
    );
    expect(await take(client.events({ lastEventId: 'e-0' }), 3)).toEqual(['e-1', 'e-2', 'e-3']);
    expect(asked).toEqual(['e-0', 'e-1', 'e-1', 'e-2']);
  });

  test('an id without data moves the place to resume at', async () => {
    const { client, asked } = clientOf(
      () => stream(['retry: 1\nid: e-7\n\n']),
      () => stream([frame(event(8))]),
    );
    expect(await take(client.events(), 1)).toEqual(['e-8']);
    expect(asked).toEqual([null, 'e-7']);
  });

  test('a silent connection is taken for dead', async () => {
    const { client, asked } = clientOf(
      () => stream([`retry: 1\n\n${frame(event(1))}`], 'open'),
      () => stream([frame(event(2))]),
    );
    expect(await take(client.events({ idleTimeoutMs: 20 }), 2)).toEqual(['e-1', 'e-2']);
    expect(asked).toEqual([null, 'e-1']);
  });

  test('skips types of a newer gateway', async () => {
    const { client } = clientOf(() => stream(['id: e-1\nevent: election\ndata: {}\n\n', frame(event(2))]));
    expect(await take(client.events(), 1)).toEqual(['e-2']);
  });

  test.each([
    ['not JSON', 'id: 1\nevent: heartbeat\ndata: {\n\n'],
    ['another form', 'id: 1\nevent: heartbeat\ndata: {"id":"1","type":"heartbeat"}\n\n'],
  ])('refuses an event that is %s', async (_, text) => {
    const { client } = clientOf(() => stream([text]));
    await expect(take(client.events(), 1)).rejects.toMatchObject({ code: 'WITAN_ERR_MALFORMED' });
  });

  test('ends without an error when the caller gives up, also in the middle of waiting', async () => {
    const controller = new AbortController();
    const { client } = clientOf(() => stream([frame(event(1))], 'open'));
    const ids: string[] = [];
    for await (const each of client.events({ signal: controller.signal })) {
      ids.push(each.id);
      queueMicrotask(() => controller.abort());
    }
    expect(ids).toEqual(['e-1']);
  });

  test('a first connection that fails is an error', async () => {
    const { client } = clientOf();
    await expect(take(client.events(), 1)).rejects.toBeInstanceOf(WitanError);
    await expect(take(client.events(), 1)).rejects.toMatchObject({ code: 'WITAN_ERR_UNAVAILABLE' });
  });

  test('one that is refused for good is an error also later', async () => {
    const { client } = clientOf(
      () => stream([`retry: 1\n\n${frame(event(1))}`]),
      () => new Response('gone', { status: 404 }),
    );
    await expect(take(client.events(), 2)).rejects.toMatchObject({ code: 'WITAN_ERR_NOT_FOUND' });
  });
});
