import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { fail } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

/** Exit code of a command line that makes no sense, as for malformed input. */
const USAGE_EXIT = 2;

/** Runs one command line, without node and the script. Never throws; resolves with the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return io.signal.aborted ? interruptedExit(io.signal) : exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
    if (io.signal.aborted) return interruptedExit(io.signal);
    return fail(io, error, program.opts<{ json?: boolean }>().json === true);
  }
}

/** 128 and the number of the signal, as shells have it. */
function interruptedExit({ reason }: AbortSignal): number {
  return 128 + constants.signals[reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'];
}
