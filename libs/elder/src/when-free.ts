import { errorCode } from '@witan/errors';
import type { Clock } from '@witan/runtime';

const FOR_MS = 5000;
const EVERY_MS = 100;

/**
 * Opens what the process before may still have: one that is to be dead can go on for seconds after its successor has
 * started, as those of a pod do that was deleted without grace.
 *
 * @param waits called once, with the error, when it is in use at first
 * @throws what `open` throws, `WITAN_ERR_LOCKED` only when it is still so after five seconds
 */
export async function whenFree<T>(open: () => T, clock: Clock, waits: (error: unknown) => void): Promise<T> {
  const untilMs = clock.now() + FOR_MS;
  for (let tries = 0; ; tries++) {
    try {
      return open();
    } catch (error) {
      if (errorCode(error) !== 'WITAN_ERR_LOCKED' || clock.now() >= untilMs) throw error;
      if (tries === 0) waits(error);
    }
    await new Promise<void>((resolve) => void clock.setTimer(EVERY_MS, resolve));
  }
}
