import { runSeed } from './run-seed.ts';

const [plant] = process.argv.slice(2);

/** Runs the seeds that it is sent, one after the other, and answers each with what came out. */
process.on('message', (seed: number) => {
  process.send?.(runSeed(seed, false, plant));
});
process.on('disconnect', () => process.exit(0));
