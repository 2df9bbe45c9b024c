import { Conductor } from './conductor.ts';
import { EXPERIMENTS } from './experiments.ts';
import type { History } from './history.ts';
import type { World } from './world.ts';

/**
 * These experiments, once each, for tests of a driver; says what it does as it goes. Ends what it has started.
 * @param logs a folder: what its parts have logged is written there
 */
export async function shortRun(world: World, names: readonly string[], logs?: string): Promise<History> {
  const experiments = names.map((name) => EXPERIMENTS.find((each) => each.name === name)!);
  const conductor = new Conductor({
    world,
    experiments,
    seed: 1,
    holdMs: 4_000,
    clients: 2,
    ratePerS: 2,
    signal: new AbortController().signal,
    onProgress: (progress) => {
      if (progress.type === 'mark') console.info(progress.mark.text);
    },
  });
  try {
    const history = await conductor.run();
    if (logs !== undefined) await world.writeLogs(logs);
    return history;
  } finally {
    await world.stop();
  }
}

/** The experiments that did not do what they are for, each with what it did. */
export function missedOf({ episodes }: History): string[] {
  return episodes
    .filter(({ struck }) => struck !== true)
    .map(({ experiment, marks }) => `${experiment}: ${marks.map(({ text }) => text).join('; ')}`);
}
