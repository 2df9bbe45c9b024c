import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const TOY = fileURLToPath(new URL('./toy.ts', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type LogLine = Readonly<Record<string, unknown>>;

/** The toy service as a child process, with everything that it says. */
export class ToyProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly messages: unknown[] = [];
  #stdout = '';
  #stderr = '';

  constructor(env: Record<string, string> = {}, args: readonly string[] = []) {
    this.child = spawn(process.execPath, [TOY, '--log-format=json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Compiled sources are kept where Node keeps them by default: each start is then twice as fast.
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), ...env },
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.child.on('message', (message) => this.messages.push(message));
    // Not `close`: it does not come after the parent has closed the IPC channel.
    const ended = Promise.all([once(this.child.stdout!, 'end'), once(this.child.stderr!, 'end')]);
    this.exited = once(this.child, 'exit').then(async ([code, signal]) => {
      await ended;
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout: this.#stdout,
        stderr: this.#stderr,
      };
    });
  }

  get lines(): LogLine[] {
    const complete = this.#stdout.slice(0, this.#stdout.lastIndexOf('\n') + 1);
    return complete
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** The first log line that has been or will be written for which `is` holds. */
  line(is: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.lines.find(is);
        if (found) resolve(found);
      };
      this.child.stdout!.on('data', look);
      void this.exited.then(({ code, stderr }) => {
        look();
        reject(new Error(`the toy ended with ${code} before it said so: ${stderr}`));
      });
      look();
    });
  }

  /** The address of the metrics port, once the service is up. */
  async ready(): Promise<string> {
    return (await this.line((line) => line.event === 'ready')).metrics as string;
  }

  /** Sends a message and waits until the toy has it. */
  async tell(message: string): Promise<void> {
    const acknowledged = once(this.child, 'message');
    this.child.send(message);
    await acknowledged;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

export async function get(url: string, init?: RequestInit): Promise<{ status: number; type: string; body: string }> {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.text() };
}
