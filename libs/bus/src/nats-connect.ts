import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { errorCode, WitanError } from '@witan/errors';
import type { Bus } from './bus.ts';
import { unavailable } from './failures.ts';
import { NatsBus } from './nats-bus.ts';
import { isConfigurationError } from './nats-failures.ts';
import { connectionOptions, MAX_FIRST_RETRY_MS, NATS_DEFAULTS, type NatsOptions } from './nats-options.ts';

/**
 * Connects to NATS, trying until it succeeds: in a cluster that starts, the server is often the last to come. Each
 * try that fails is a `connecting` event. Once connected, it reconnects for ever by itself.
 *
 * @throws WITAN_ERR_CONFIG for options that can never work, WITAN_ERR_UNAVAILABLE when `signal` ends the tries
 */
export async function connectNats(options: NatsOptions): Promise<Bus> {
  for (let attempt = 1; ; attempt++) {
    if (options.signal?.aborted === true) throw givenUp(options);
    try {
      return new NatsBus(await connectOnce(options), options);
    } catch (error) {
      if (errorCode(error) === 'WITAN_ERR_CONFIG') throw error;
      if (isConfigurationError(error)) {
        throw new WitanError('WITAN_ERR_CONFIG', `NATS: ${(error as Error).message}`, { cause: error });
      }
      const retryMs = waitMs(options, attempt);
      options.onEvent?.({ type: 'connecting', attempt, retryMs, error });
      // An abort ends the sleep early; the loop sees it.
      await sleep(retryMs, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {});
    }
  }
}

async function connectOnce(options: NatsOptions): Promise<NatsConnection> {
  const connection = await connect(connectionOptions(options));
  if (options.signal?.aborted !== true) return connection;
  await connection.close();
  throw givenUp(options);
}

/** Doubles from try to try up to a bound, with as much again of jitter. */
function waitMs(options: NatsOptions, attempt: number): number {
  const shortest = options.retryMs ?? NATS_DEFAULTS.retryMs;
  const wait = Math.min(MAX_FIRST_RETRY_MS, shortest * 2 ** Math.min(attempt - 1, 10));
  return Math.round(wait * (1 + Math.random()));
}

function givenUp(options: NatsOptions): WitanError {
  return unavailable(`gave up connecting to NATS at ${options.servers}`, options.signal?.reason);
}
