import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** After that long it has failed. */
  readonly withinMs: number;
  /** Between two looks; 50 ms unless given. */
  readonly everyMs?: number;
}

/** Thrown by a probe: looking on cannot help. */
export class Hopeless extends Error {}

/**
 * Looks until `probe` gives something other than `undefined` or `false`, and gives that back. A probe that throws has
 * not come true yet; what it threw last is the cause of the failure.
 *
 * @param what for people: completes "not within 5000 ms: …"
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { withinMs, everyMs = 50 }: Patience,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw new Error(`${what}: ${error.message}`);
      last = error;
    }
    if (performance.now() >= deadline) break;
    await pause(everyMs);
  }
  const why = last instanceof Error ? `: ${last.message}` : '';
  throw new Error(`not within ${withinMs} ms: ${what}${why}`, { cause: last });
}

/** Looks for as long as `forMs`, and fails as soon as `probe` throws or gives `false`: what must not happen did not. */
export async function steadily(
  what: string,
  probe: () => unknown,
  { forMs, everyMs = 50 }: { readonly forMs: number; readonly everyMs?: number },
): Promise<void> {
  const end = performance.now() + forMs;
  do {
    if ((await probe()) === false) throw new Error(`did not stay so for ${forMs} ms: ${what}`);
    await pause(everyMs);
  } while (performance.now() < end);
}
