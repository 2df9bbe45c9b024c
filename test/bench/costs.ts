import { measureCosts, type Operation } from '@witan/crypto';

/** Microseconds of CPU of each operation. */
export type Costs = Readonly<Record<Operation, number>>;

/**
 * The costs of now, in CPU time, so that they are the same whoever else uses the machine: on a busy one the clock on
 * the wall would make them, and with them the floor, several times too high, and every ratio flattering.
 *
 * `measureCosts` reads `performance.now`, which for as long as it runs tells the CPU time of this process.
 */
export function costsNow(participants: number, threshold: number): Costs {
  const clock = performance as { now?: () => number };
  clock.now = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  try {
    return measureCosts(participants, threshold);
  } finally {
    // What is left is the method of its prototype.
    delete clock.now;
  }
}

/** The mean of measurements before, between and after what they are for. */
export function meanCosts(all: readonly Costs[]): Costs {
  const names = Object.keys(all[0]!) as Operation[];
  const mean = (name: Operation) => all.reduce((sum, costs) => sum + costs[name], 0) / all.length;
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as Costs;
}
