import { spawnSync } from 'node:child_process';
import { WitanError } from '@witan/errors';

export interface SealingCommand {
  /** A program and its arguments, with blanks between them; no shell looks at it. */
  readonly command: string;
  readonly timeoutMs: number;
}

/** More than any key management service makes of 32 bytes. */
const MOST_BYTES = 64 * 1024;

/**
 * What the program makes of `input`, which it gets on its standard input, called with `wrap` or `unwrap` as its last
 * argument; it has none of this process's own settings. What it writes to standard error is its own: nothing of it, and
 * nothing of what it gives back, is in an error here.
 *
 * @throws WitanError `WITAN_ERR_SEALED` when it cannot be run, fails, takes too long or gives nothing
 */
export function runSealingCommand(
  { command, timeoutMs }: SealingCommand,
  verb: 'wrap' | 'unwrap',
  input: Uint8Array,
): Uint8Array {
  const [program, ...args] = command.split(/\s+/);
  const { error, status, signal, stdout } = spawnSync(program!, [...args, verb], {
    input,
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WITAN_'))),
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: MOST_BYTES,
  });
  const fails = (how: string) => new WitanError('WITAN_ERR_SEALED', `WITAN_SEALING_COMMAND: ${program} ${verb} ${how}`);
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ETIMEDOUT') throw fails(`has not ended within ${timeoutMs} ms`);
  if (code === 'ENOBUFS') throw fails(`gave more than ${MOST_BYTES} bytes`);
  // One that does not read what it is given may have ended well all the same.
  if (code !== undefined && code !== 'EPIPE') throw fails(`cannot be run: ${code}`);
  if (signal !== null) throw fails(`was ended by ${signal}`);
  if (status !== 0) throw fails(`ended with ${status}`);
  if (stdout.length === 0) throw fails('gave nothing');
  const given = new Uint8Array(stdout);
  stdout.fill(0);
  return given;
}
