import { isWitanError, type WitanError } from '@witan/errors';
import { onTestFinished } from 'vitest';
import { type Bus, connectNats, type NatsOptions, type NatsServer, startNatsServer } from '../src/index.ts';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);

/** What a body throws, or a promise rejects with: it must be one of ours. */
export async function failure(body: () => unknown): Promise<WitanError> {
  try {
    await body();
  } catch (error) {
    if (isWitanError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Resolves as soon as `done()`; looks again at every turn of the event loop. */
export async function until(done: () => boolean, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!done()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A server and a client that are gone after the test. */
export async function natsServer(options: Parameters<typeof startNatsServer>[0] = {}): Promise<NatsServer> {
  const server = await startNatsServer(options);
  onTestFinished(() => server.kill());
  return server;
}

export async function natsBus(server: NatsServer, options: Partial<NatsOptions> = {}): Promise<Bus> {
  const bus = await connectNats({ servers: server.url, name: 'test', retryMs: 20, ...options });
  onTestFinished(() => bus.drain());
  return bus;
}
