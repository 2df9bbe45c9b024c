import { errors, type NatsConnection } from '@nats-io/nats-core';

/** Of the client library's own parts, as far as they are there. */
interface Internals {
  readonly protocol?: {
    readonly transport?: { readonly isClosed?: boolean };
    readonly connectError?: (error: Error) => void;
  };
}

/**
 * Ends a try to connect whose server has left in the middle of it, as one that is restarted does: between its greeting and
 * its first PONG the library waits for that one until its whole time has run out, while the other servers are there. A try
 * that is on its way to another server already is left alone.
 */
export function giveUpDial(connection: NatsConnection): void {
  const { protocol } = connection as unknown as Internals;
  if (protocol?.transport?.isClosed !== true) return;
  protocol.connectError?.(new errors.ConnectionError('the server has ended the connection'));
}

/**
 * How long the library is to leave a server alone that it has tried, in ms: `waitMs`, or less than nothing. It measures that
 * by the wall clock; once the clock is set back, the last try lies ahead, and the server would be left alone until the clock
 * is there again. It is due at once instead: each server that is tried has a time of now, so that this ends after one round.
 */
export function untilNextTry(connection: NatsConnection | undefined, waitMs: number): number {
  const lastTries = connection?.getServers().map(({ lastConnect }) => lastConnect) ?? [];
  const aheadMs = Math.max(0, ...lastTries) - Date.now();
  return aheadMs > 0 ? -aheadMs : waitMs;
}
