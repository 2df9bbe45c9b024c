import { constants } from 'node:os';
import { WitanError } from '@witan/errors';
import { CommanderError } from 'commander';
import { fail } from './failure.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

/** Exit code of a command line that makes no sense, as for malformed input. */
const USAGE_EXIT = 2;

/** Runs one command line, without node and the script. Never throws; resolves with the exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode = 0;
  const isJson = args.includes('--json');
  const setExit = (code: number) => {
    exitCode = code;
  };
  const program = buildProgram(io, setExit, isJson);
  try {
    await program.parseAsync(args, { from: 'user' });
    return io.signal.aborted ? interruptedExit(io.signal) : exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return misused(io, error, isJson);
    if (io.signal.aborted) return interruptedExit(io.signal);
    return fail(io, error, program.opts<{ json?: boolean }>().json === true);
  }
}

/** People have been told by Commander. */
function misused(io: Io, { code, exitCode, message }: CommanderError, isJson: boolean): number {
  if (exitCode === 0) return 0;
  // Instead of help, which is for people, Commander's message is then a placeholder.
  const detail =
    code === 'commander.help' ? 'a command is missing; --help lists them' : message.replace(/^error: /, '');
  if (isJson) fail(io, new WitanError('WITAN_ERR_MALFORMED', detail), true);
  return USAGE_EXIT;
}

/** 128 and the number of the signal, as shells have it; that a reader leaves early is no error of ours. */
function interruptedExit({ reason }: AbortSignal): number {
  if (reason === 'SIGPIPE') return 0;
  return 128 + (constants.signals[reason as NodeJS.Signals] ?? constants.signals.SIGINT);
}
