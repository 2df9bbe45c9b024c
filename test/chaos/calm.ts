import type { Episode } from './history.ts';
import type { Asked } from './operations.ts';

interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** In so long a client tries three times at least, each as long as it waits for an answer. */
const LONG_ENOUGH_MS = 15_000;

/** When the section was whole and nothing was broken; in order. @param endedMs when nobody asked any more */
export function calmOf(episodes: readonly Episode[], endedMs: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let fromMs: number | undefined = 0;
  for (const { broke, startedMs, healedMs } of episodes) {
    if (!broke && healedMs !== undefined) continue;
    if (fromMs !== undefined) stretches.push({ fromMs, untilMs: startedMs });
    fromMs = healedMs;
  }
  if (fromMs !== undefined) stretches.push({ fromMs, untilMs: endedMs });
  return stretches;
}

/** Operations that got no proof though nothing kept them from it for long enough; the first of them. */
export function failedInCalm(operations: Iterable<Asked>, calm: readonly Stretch[], atMost: number): readonly Asked[] {
  const failed: Asked[] = [];
  for (const operation of operations) {
    if (failed.length === atMost) break;
    if (!operation.ok && calm.some((stretch) => overlapMs(operation, stretch) >= LONG_ENOUGH_MS))
      failed.push(operation);
  }
  return failed;
}

function overlapMs({ startedMs, endedMs }: Asked, { fromMs, untilMs }: Stretch): number {
  return Math.min(endedMs, untilMs) - Math.max(startedMs, fromMs);
}
