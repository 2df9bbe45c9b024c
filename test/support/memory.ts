import { readFileSync } from 'node:fs';

/** Of these processes together, what they share counted once: the sum of their proportional set sizes. */
export function memoryBytes(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)![1]);
  });
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024;
}
