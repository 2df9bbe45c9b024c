import { expect } from 'vitest';

/** How much longer than the target it may take on a machine that has other things to do. */
const BUSY = 20;

export interface Target {
  /** What it should take on two cores that do nothing else. Asserted as it stands with `WITAN_STRICT_FIGURES=1`. */
  readonly targetMs?: number;
}

/** Prints a figure that a test measured, and asserts that it is not out of all proportion to its target. */
export function figure(what: string, valueMs: number, { targetMs }: Target = {}): void {
  const target = targetMs === undefined ? '' : ` (target ${targetMs} ms)`;
  console.info(`measured: ${what}: ${Math.round(valueMs)} ms${target}`);
  if (targetMs === undefined) return;
  expect(valueMs, what).toBeLessThan(process.env.WITAN_STRICT_FIGURES ? targetMs : BUSY * targetMs);
}
