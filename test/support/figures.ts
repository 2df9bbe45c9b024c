/** Prints a figure that a test measured. Bounds are asserted apart, and leave room for a machine that is busy. */
export function figure(what: string, valueMs: number): void {
  console.info(`measured: ${what}: ${Math.round(valueMs)} ms`);
}
