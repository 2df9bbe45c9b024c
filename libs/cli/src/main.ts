import { processIo } from './io.ts';
import { run } from './run.ts';

/** Runs the command line of this process. Resolves with the exit code. */
export async function main(): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort(signal));
  // `witan nodes | head` closes the pipe early: that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 74));
  return run(process.argv.slice(2), processIo(interrupt.signal));
}
