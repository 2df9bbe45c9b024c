import { measureCosts, type Operation } from '@witan/crypto';

export type Costs = Readonly<Record<Operation, number>>;

export interface MeasuredCosts {
  /** Microseconds of each operation. */
  readonly us: Costs;
  /** How much of a core the measuring had: well below 1, and others had the rest, so that costs may be too high. */
  readonly core: number;
}

const UNDISTURBED = 0.97;
const TRIES = 5;

/** Costs as they are with a core of one's own: measured until that was so, a few times at most. */
export function costsNow(participants: number, threshold: number): MeasuredCosts {
  let best: MeasuredCosts | undefined;
  for (let i = 0; i < TRIES && (best?.core ?? 0) < UNDISTURBED; i++) {
    best = lessDisturbed(best, measureOnce(participants, threshold));
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

export function lessDisturbed(a: MeasuredCosts | undefined, b: MeasuredCosts): MeasuredCosts {
  return a && a.core >= b.core ? a : b;
}
