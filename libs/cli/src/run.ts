import { CommanderError } from 'commander';
import { fail } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

/** Exit code of a command line that makes no sense, as for malformed input. */
const USAGE_EXIT = 2;
/** 128 + SIGINT, as shells have it. */
const INTERRUPTED_EXIT = 130;

/** Runs one command line, without node and the script. Never throws; resolves with the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
    if (io.signal.aborted) return INTERRUPTED_EXIT;
    return fail(io, error, program.opts<{ json?: boolean }>().json === true);
  }
}
