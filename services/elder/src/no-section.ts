import type { Logger } from '@witan/observability';
import type { Clock } from '@witan/runtime';

const EVERY_MS = 30_000;

/**
 * Says at an interval what a node without a section waits for: one that waits for nodes that are never started, or for a
 * first node that none is, waits for ever. Ends when a section is known.
 *
 * @param isKnown whether the section is known
 * @param why what is waited for, for people
 * @returns ends it
 */
export function sayWhatIsWaitedFor(log: Logger, clock: Clock, isKnown: () => boolean, why: () => string): () => void {
  let timer: unknown;
  const look = () => {
    if (isKnown()) return;
    log.warn({ event: 'no-section' }, why());
    timer = clock.setTimer(EVERY_MS, look);
  };
  timer = clock.setTimer(EVERY_MS, look);
  return () => clock.clearTimer(timer);
}
