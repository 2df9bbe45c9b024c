import type { Io } from '../src/io.ts';
import { run } from '../src/run.ts';
import { styleFor } from '../src/terminal/style.ts';

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly now?: number;
  readonly terminal?: boolean;
  /** Sees the output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs one command line as the process would, with everything outside of it in the test's hands. */
export async function witan(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  let [out, err] = ['', ''];
  const { env = {}, cwd = '/nowhere', input, now = Date.UTC(2026, 0, 2, 4), terminal = false, onOutput } = surroundings;
  const style = styleFor({ NO_COLOR: '1' }, false);
  const io: Io = {
    input: chunks(input ?? new Uint8Array()),
    output: {
      write: (text: string | Uint8Array) => {
        out += text;
        onOutput?.(out);
        return true;
      },
      columns: 80,
    },
    errors: {
      write: (text: string | Uint8Array) => {
        err += text;
        return true;
      },
    },
    env,
    cwd,
    terminal,
    style,
    errorStyle: style,
    now: () => now,
    signal: surroundings.signal ?? new AbortController().signal,
  };
  const code = await run(args, io);
  return { code, out, err };
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const middle = Math.floor(bytes.length / 2);
  yield bytes.subarray(0, middle);
  yield bytes.subarray(middle);
}
