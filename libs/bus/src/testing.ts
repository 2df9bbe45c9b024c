import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect, Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { WitanError } from '@witan/errors';

export interface NatsServerOptions {
  /** A port of the system's choice by default. */
  readonly port?: number;
  /** Path of a configuration file: users, limits. Address and port are set here. */
  readonly config?: string;
  /** Further arguments of `nats-server`. */
  readonly args?: readonly string[];
  /** Each line that the server logs. */
  readonly onLog?: (line: string) => void;
  /** How long it may take to start; 10,000 by default. */
  readonly timeoutMs?: number;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends it in order; it tells its clients. */
  stop(): Promise<void>;
  /** Ends it at once (`kill -9`). */
  kill(): Promise<void>;
}

/** Where it may be beside the PATH: Debian's package puts it where only root's PATH looks. */
const OTHER_PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];

/** The path of the `nats-server` binary; undefined when this machine has none. */
export function findNatsServer(): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...OTHER_PLACES].filter((place) => place !== '');
  return places.map((place) => join(place, 'nats-server')).find(isExecutable);
}

/**
 * Starts a real `nats-server` on loopback, for benchmarks and tests. What a terminal tells this process, as Ctrl-C, it does
 * not hear: whoever has started it ends it when it is time. It does not outlive this process, however that ends.
 *
 * @throws WITAN_ERR_DEPENDENCY when there is no binary, WITAN_ERR_UNAVAILABLE when it does not come up
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const binary = findNatsServer();
  if (binary === undefined) {
    const how = 'install nats-server (Debian: apt-get install nats-server; else https://nats.io/download) on the PATH';
    throw new WitanError('WITAN_ERR_DEPENDENCY', how);
  }
  // -1 lets the system choose the port, so that two servers that start at once cannot choose the same one.
  const fixed = ['-a', '127.0.0.1', '-p', String(options.port ?? -1)];
  const configured = options.config === undefined ? [] : ['-c', options.config];
  const child = spawn(binary, [...configured, ...fixed, ...(options.args ?? [])], {
    env: { ...process.env, GOMAXPROCS: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // In a process group of its own.
    detached: true,
  });
  const guard = child.pid === undefined ? undefined : guardOf(child.pid);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const killWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killWithUs);
  void exited.then(() => {
    process.off('exit', killWithUs);
    guard?.kill('SIGKILL');
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  try {
    const port = await listening(child, options);
    await ready(port);
    const url = `nats://127.0.0.1:${port}`;
    return { url, port, pid: child.pid!, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}

/** Ends a process when this one is there no more and can do nothing about it: the pipe between them closes. */
function guardOf(pid: number): ChildProcess {
  const guard = spawn('sh', ['-c', 'read -r _; kill -KILL "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Where there is no shell, only the exit of this process ends it.
  guard.once('error', () => {});
  guard.stdin?.on('error', () => {});
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  return guard;
}

/** The port that the server says it listens on. */
function listening(child: ChildProcess, { onLog, timeoutMs = 10_000 }: NatsServerOptions): Promise<number> {
  const log: string[] = [];
  return new Promise((resolve, reject) => {
    const failed = (why: string): void => {
      const detail = `nats-server ${why}${log.length === 0 ? '' : `: ${log.slice(-3).join(' / ')}`}`;
      reject(new WitanError('WITAN_ERR_UNAVAILABLE', detail));
    };
    const timer = setTimeout(() => failed(`did not start within ${timeoutMs} ms`), timeoutMs);
    child.once('error', (error) => failed(`could not be started (${error.message})`));
    child.once('close', (code) => failed(`ended with ${code}`));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      onLog?.(line);
      // All of it is read, for ever, or the server would block on its log.
      if (log.length < 100) log.push(line);
      const port = /Listening for client connections on [^ ]*:(\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

/** Resolves when the server greets. */
function ready(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => {
      reject(new WitanError('WITAN_ERR_UNAVAILABLE', `nats-server does not answer: ${error.message}`));
    });
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
