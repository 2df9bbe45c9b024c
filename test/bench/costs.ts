import { measureCosts, OPERATIONS, type Operation } from '@witan/crypto';

export type Costs = Readonly<Record<Operation, number>>;

export interface MeasuredCosts {
  /** Microseconds of each operation. */
  readonly us: Costs;
  /** How much of a core the measuring had: well below 1, and others had the rest, so that costs are too high. */
  readonly core: number;
}

const UNDISTURBED = 0.97;
const TRIES = 5;

/**
 * Costs as they are with a core of one's own: measured until that was so, a few times at most, and the lowest of each.
 * A neighbour's burst makes an operation dearer; nothing makes it cheaper than it is.
 */
export function costsNow(participants: number, threshold: number, tries = TRIES): MeasuredCosts {
  let best: MeasuredCosts | undefined;
  for (let i = 0; i < tries && (best?.core ?? 0) < UNDISTURBED; i++) {
    best = lower(best, measureOnce(participants, threshold));
  }
  return best!;
}

function measureOnce(participants: number, threshold: number): MeasuredCosts {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const us = measureCosts(participants, threshold);
  const { user, system } = process.cpuUsage(before);
  return { us, core: Math.min(1, (user + system) / 1000 / (performance.now() - startedAt)) };
}

export function lower(a: MeasuredCosts | undefined, b: MeasuredCosts): MeasuredCosts {
  if (!a) return b;
  const us = Object.fromEntries(OPERATIONS.map((name) => [name, Math.min(a.us[name], b.us[name])])) as Costs;
  return { us, core: Math.max(a.core, b.core) };
}
