import type { Journal } from '@witan/journal';
import type { Clock } from '@witan/runtime';

/** Lazy records reach the disk at least this often; losing them costs a question to a peer. */
const FLUSH_MS = 1000;

/**
 * Takes lazy records to the disk at an interval. A disk that refuses is told of when it begins to; whoever has to
 * write for good tells the rest.
 *
 * @returns ends it
 */
export function keepFlushed(journal: Journal, clock: Clock, failed: (error: unknown) => void): () => void {
  let failing = false;
  let timer: unknown;
  const flush = () => {
    try {
      journal.flush();
      failing = false;
    } catch (error) {
      if (!failing) failed(error);
      failing = true;
    }
    timer = clock.setTimer(FLUSH_MS, flush);
  };
  timer = clock.setTimer(FLUSH_MS, flush);
  return () => clock.clearTimer(timer);
}
