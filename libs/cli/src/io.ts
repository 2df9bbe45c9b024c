import { addAbortSignal } from 'node:stream';
import { type Style, styleFor } from './terminal/style.ts';

/** Everything that a command touches outside of its own memory, so that a test can stand in for a terminal. */
export interface Io {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: Pick<NodeJS.WriteStream, 'write'> & { readonly columns?: number };
  readonly errors: Pick<NodeJS.WriteStream, 'write'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The output is a terminal: things may be drawn over. */
  readonly terminal: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  readonly now: () => number;
  /**
   * Aborted by Ctrl-C or the end of the terminal, with the name of the signal as the reason: whatever a command waits for
   * ends.
   */
  readonly signal: AbortSignal;
}

export function processIo(signal: AbortSignal): Io {
  const { env, stdout, stderr, stdin } = process;
  return {
    input: addAbortSignal(signal, stdin),
    output: stdout,
    errors: stderr,
    env,
    cwd: process.cwd(),
    terminal: stdout.isTTY === true && env.TERM !== 'dumb',
    style: styleFor(env, stdout.isTTY === true),
    errorStyle: styleFor(env, stderr.isTTY === true),
    now: Date.now,
    signal,
  };
}

export function print(io: Io, lines: string | readonly string[]): void {
  io.output.write(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`);
}

export function printJson(io: Io, value: unknown): void {
  print(io, JSON.stringify(value, undefined, 2));
}

/** Remarks for the person beside the result itself, so that the result can go into a pipe. */
export function remark(io: Io, line: string): void {
  io.errors.write(`${line}\n`);
}
