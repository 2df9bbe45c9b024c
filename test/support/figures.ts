export interface Target {
  /** What it should take on two cores that do nothing else. */
  readonly targetMs?: number;
}

/** Prints a figure that a test measured. Nothing is asserted: the machine may have other things to do. */
export function figure(what: string, valueMs: number, { targetMs }: Target = {}): void {
  const target = targetMs === undefined ? '' : ` (target ${targetMs} ms)`;
  console.info(`measured: ${what}: ${Math.round(valueMs)} ms${target}`);
}
