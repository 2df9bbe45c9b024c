import { constants, setPriority } from 'node:os';

/**
 * Lets others have the processor first, where they share one: for a service that nothing waits for unless something
 * goes wrong.
 */
export function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A sandbox may forbid it; then it runs as others do.
  }
}
