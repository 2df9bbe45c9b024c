import { processIo } from './io.ts';
import { run } from './run.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a write fails with when the reader has left early, as `witan nodes | head` does, or the terminal is closed. */
const GONE: Readonly<Record<string, NodeJS.Signals>> = { EPIPE: 'SIGPIPE', EIO: 'SIGHUP' };

/** Runs the command line of this process. Resolves with the exit code. */
export async function main(): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interrupt.abort(signal));
  // Nobody reads any more, and what a command has to put right it puts right all the same.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      if (code in GONE) interrupt.abort(GONE[code]);
      else if (!interrupt.signal.aborted) process.exit(74);
    });
  }
  return run(process.argv.slice(2), processIo(interrupt.signal));
}
