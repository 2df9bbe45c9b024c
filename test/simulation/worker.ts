import { runSeed } from './run-seed.ts';

/** Runs the seeds that it is sent, one after the other, and answers each with what came out. */
process.on('message', (seed: number) => {
  process.send?.(runSeed(seed, false));
});
process.on('disconnect', () => process.exit(0));
