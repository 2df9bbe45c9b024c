import os from 'node:os';

export interface Target {
  /** What it should take on two cores that do nothing else. */
  readonly targetMs?: number;
}

/** So many times as long as it should take it is not slow: it has waited for what did not come. */
const BROKEN_AT = 5;

/** How long what takes a moment on an idle machine takes on this one, by the processes that wait for a core: 1 or more. */
export function slowness(): number {
  return Math.max(1, os.loadavg()[0]! / os.availableParallelism());
}

/**
 * Prints a figure that a test measured. That it is on target is not asserted: the machine may have other things to do.
 * @throws Error if it is no time at all, or one for which what else the machine does is no explanation
 */
export function figure(what: string, valueMs: number, { targetMs }: Target = {}): void {
  if (!Number.isFinite(valueMs) || valueMs < 0) throw new Error(`${what}: ${valueMs} is not how long something took`);
  const target = targetMs === undefined ? '' : ` (target ${targetMs} ms)`;
  const said = `${what}: ${Math.round(valueMs)} ms${target}`;
  console.info(`measured: ${said}`);
  if (targetMs !== undefined && valueMs > BROKEN_AT * slowness() * targetMs) {
    throw new Error(`${said}: it has waited for something that did not come`);
  }
}

/** Prints how many bytes a test found something to take, in MB, with what it should take at most. */
export function size(what: string, bytes: number, targetBytes: number): void {
  if (!Number.isFinite(bytes) || bytes < 0) throw new Error(`${what}: ${bytes} is no size`);
  const mb = (of: number) => `${Math.round(of / 1e6)} MB`;
  console.info(`measured: ${what}: ${mb(bytes)} (target ${mb(targetBytes)})`);
}
