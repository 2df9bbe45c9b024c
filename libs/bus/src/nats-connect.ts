import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import type { WitanError } from '@witan/errors';
import { readTls } from '@witan/tls';
import type { Bus } from './bus.ts';
import { unavailable } from './failures.ts';
import { NatsBus } from './nats-bus.ts';
import { Diagnosis, tryToConnect } from './nats-diagnosis.ts';
import { untilNextTry } from './nats-dial.ts';
import { connectFailure } from './nats-failures.ts';
import { connectionOptions, MAX_FIRST_RETRY_MS, NATS_DEFAULTS, type NatsOptions } from './nats-options.ts';

/**
 * Connects to NATS, trying until it succeeds: in a cluster that starts, the server is often the last to come. Each
 * try that fails is a `connecting` event, with an error that says whether it was a certificate, the user, or that nobody
 * was there. Once connected, it reconnects for ever by itself; why it cannot is told by the same event.
 *
 * @throws WITAN_ERR_CONFIG for options that can never work and files that are not what they should be, WITAN_ERR_UNAVAILABLE when `signal` ends the tries
 */
export async function connectNats(options: NatsOptions): Promise<Bus> {
  if (options.tls !== undefined) readTls(options.tls);
  const diagnosis = new Diagnosis(options, options.retryMs ?? NATS_DEFAULTS.retryMs);
  for (let attempt = 1; ; attempt++) {
    if (options.signal?.aborted === true) throw givenUp(options);
    try {
      return new NatsBus(await connectOnce(options, diagnosis), options, diagnosis);
    } catch (thrown) {
      const error = connectFailure(thrown, options);
      if (error.code === 'WITAN_ERR_CONFIG') throw error;
      const retryMs = waitMs(options, attempt);
      options.onEvent?.({ type: 'connecting', attempt, retryMs, error });
      // An abort ends the sleep early; the loop sees it.
      await sleep(retryMs, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {});
    }
  }
}

async function connectOnce(options: NatsOptions, diagnosis: Diagnosis): Promise<NatsConnection> {
  // One that is to reconnect waits for its time to run out where a server does not like its certificate.
  const refusal = options.tls === undefined ? undefined : await tryToConnect(options);
  if (refusal !== undefined) throw refusal;
  let connection: NatsConnection | undefined;
  connection = await connect({
    ...connectionOptions(options),
    reconnectDelayHandler: () => untilNextTry(connection, diagnosis.retryDelay()),
  });
  if (options.signal?.aborted === true) {
    await connection.close();
    throw givenUp(options);
  }
  restoreServers(connection, options);
  return connection;
}

/**
 * The client library forgets each server that does not answer its first connection, and would come back to the others
 * alone for ever. Those that a cluster has told of go as well, and are told again as soon as the one that was away is back.
 */
function restoreServers(connection: NatsConnection, options: NatsOptions): void {
  const { servers } = connectionOptions(options);
  const known = connection.getServers().filter(({ gossiped }) => !gossiped);
  if (known.length < servers.length) connection.setServers(servers);
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
