import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { CODES, WitanError } from '@witan/errors';

/** What is known of a process that can do its work: of a service, what it said over its channel. */
export interface Ready {
  /** URL of the metrics port. */
  readonly metrics?: string | undefined;
  readonly info: Readonly<Record<string, string>>;
}

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  /** Asked for before every start, so that a restarted process can keep the ports it had. */
  readonly launch: (previous: Ready | undefined) => { args: readonly string[]; env: Readonly<Record<string, string>> };
  readonly logFile: string;
  /**
   * How it notices that the launcher is gone. `channel`: it says `ready` over IPC and stops when that closes. `pipe`: it
   * stops when its standard input closes, and `probe` finds out when it is ready.
   */
  readonly lifeline: 'channel' | 'pipe';
  readonly probe?: (pid: number) => Promise<Ready>;
}

export type ProcessState = 'waiting' | 'starting' | 'ready' | 'restarting' | 'failed' | 'stopping' | 'stopped';

export interface ProcessStatus {
  readonly name: string;
  readonly state: ProcessState;
  readonly pid: number | undefined;
  readonly restarts: number;
  readonly ready: Ready | undefined;
  /** How it ended last: "exit code 1", "killed by SIGKILL". */
  readonly lastEnd: string | undefined;
}

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Ready for so long, the next end counts as a first one. */
  readonly steadyMs: number;
}

const BACKOFF: Backoff = { firstMs: 200, maxMs: 10_000, steadyMs: 10_000 };

/** Exit codes that another start cannot cure. */
const HOPELESS_EXITS: ReadonlySet<number> = new Set([
  CODES.WITAN_ERR_CONFIG.exit,
  CODES.WITAN_ERR_SEALED.exit,
  CODES.WITAN_ERR_DEPENDENCY.exit,
]);

/** Of a program that is not there, or may not be run; where processes or descriptors are short, that passes. */
const HOPELESS_ERRORS: ReadonlySet<string> = new Set(['ENOENT', 'EACCES']);

/** One child process that is kept running until told to stop. */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  private readonly onChange: (status: ProcessStatus) => void;
  private readonly backoff: Backoff;
  private child: ChildProcess | undefined;
  private state: ProcessState = 'waiting';
  private restarts = 0;
  private failuresInRow = 0;
  private readySince = 0;
  private lastReady: Ready | undefined;
  private lastEnd: string | undefined;
  private reusedPorts = false;
  private restartTimer: NodeJS.Timeout | undefined;
  private readonly firstReady = Promise.withResolvers<Ready>();
  private ended = Promise.withResolvers<void>();

  constructor(spec: ProcessSpec, onChange: (status: ProcessStatus) => void, backoff: Backoff = BACKOFF) {
    this.spec = spec;
    this.onChange = onChange;
    this.backoff = backoff;
    // Who asks for it gets the rejection; it is no defect when nobody does.
    this.firstReady.promise.catch(() => {});
  }

  get status(): ProcessStatus {
    return {
      name: this.spec.name,
      state: this.state,
      pid: this.child?.pid,
      restarts: this.restarts,
      ready: this.state === 'ready' ? this.lastReady : undefined,
      lastEnd: this.lastEnd,
    };
  }

  /**
   * Starts it; resolves when it is ready for the first time, after restarts if need be.
   * @throws WitanError `WITAN_ERR_UNAVAILABLE` when it can never be
   */
  start(): Promise<Ready> {
    if (this.state === 'waiting') this.spawn();
    return this.firstReady.promise;
  }

  /** Resolves when the first attempt to start has come to an end, well or badly. */
  settled(): Promise<void> {
    return Promise.race([
      this.firstReady.promise.then(
        () => {},
        () => {},
      ),
      this.ended.promise,
    ]);
  }

  /** Asks it to stop, and kills it when it has not done so in time. Never rejects. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.restartTimer);
    const child = this.child;
    if (!child) {
      if (this.state !== 'failed') this.change('stopped');
      this.giveUp('stopped before it was ready');
      return;
    }
    this.change('stopping');
    const killer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    child.kill('SIGTERM');
    await this.ended.promise;
    clearTimeout(killer);
  }

  /** Ends it at once, without asking. */
  kill(): void {
    clearTimeout(this.restartTimer);
    if (this.child) this.state = 'stopping';
    this.child?.kill('SIGKILL');
  }

  private spawn(): void {
    this.ended = Promise.withResolvers();
    let child: ChildProcess;
    try {
      child = this.launch();
    } catch (error) {
      // A disk that refuses to have the log, say. That passes, and is nothing that its port could have to do with.
      this.lastEnd = error instanceof Error ? error.message : String(error);
      this.scheduleRestart(false);
      this.ended.resolve();
      return;
    }
    this.child = child;
    this.change('starting');
    child.on('message', (message) => {
      if (isReady(message)) this.becomeReady(child, message);
    });
    // 'exit' and not 'close': a grandchild that holds the log open must not delay the restart.
    child.once('exit', (code, signal) => this.onEnd(child, code, signal));
    child.once('error', (error) => {
      if (child.pid === undefined) this.onEnd(child, 127, null, error);
    });
    if (this.spec.probe && child.pid !== undefined) {
      this.spec.probe(child.pid).then(
        (ready) => this.becomeReady(child, ready),
        (error: unknown) => {
          // A probe fails when its process ends too; then the end is what counts.
          this.lastEnd = error instanceof Error ? error.message : String(error);
          child.kill('SIGKILL');
        },
      );
    }
  }

  /** @throws what the file system and the system throw */
  private launch(): ChildProcess {
    const { command, lifeline, logFile } = this.spec;
    const { args, env } = this.spec.launch(this.lastReady);
    this.reusedPorts = this.lastReady !== undefined;
    mkdirSync(dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    try {
      // A session of its own: Ctrl-C in the terminal is for the launcher, which stops its children in order.
      return spawn(command, args, {
        env,
        detached: true,
        stdio: lifeline === 'channel' ? ['ignore', log, log, 'ipc'] : ['pipe', log, log],
      });
    } finally {
      closeSync(log);
    }
  }

  private becomeReady(child: ChildProcess, message: Ready): void {
    if (this.child !== child || this.state === 'stopping') return;
    this.lastReady = message;
    this.readySince = performance.now();
    this.change('ready');
    this.firstReady.resolve(message);
  }

  /** @param error why it could not be started at all */
  private onEnd(
    child: ChildProcess,
    code: number | null,
    signal: NodeJS.Signals | null,
    error?: NodeJS.ErrnoException,
  ): void {
    if (this.child !== child) return;
    const wasReady = this.state === 'ready';
    const stopping = this.state === 'stopping';
    this.child = undefined;
    this.lastEnd = error?.message ?? (signal ? `killed by ${signal}` : `exit code ${code}`);
    if (stopping) {
      this.change('stopped');
      this.giveUp('stopped before it was ready');
    } else if (
      error ? HOPELESS_ERRORS.has(error.code!) : code !== null && HOPELESS_EXITS.has(code) && !this.reusedPorts
    ) {
      this.change('failed');
      this.giveUp(`ended with ${this.lastEnd}`);
    } else {
      // A port that it had may be what it failed on: the next attempt asks for a new one.
      if (!wasReady) this.lastReady = undefined;
      this.scheduleRestart(wasReady);
    }
    this.ended.resolve();
  }

  private scheduleRestart(wasReady: boolean): void {
    const steady = wasReady && performance.now() - this.readySince >= this.backoff.steadyMs;
    this.failuresInRow = steady ? 1 : this.failuresInRow + 1;
    const delayMs = Math.min(this.backoff.maxMs, this.backoff.firstMs * 2 ** (this.failuresInRow - 1));
    this.change('restarting');
    this.restartTimer = setTimeout(() => {
      this.restarts++;
      this.spawn();
    }, delayMs);
  }

  private giveUp(why: string): void {
    this.firstReady.reject(new WitanError('WITAN_ERR_UNAVAILABLE', `${this.spec.name} ${why}`));
  }

  private change(state: ProcessState): void {
    this.state = state;
    this.onChange(this.status);
  }
}

function isReady(message: unknown): message is Ready & { readonly type: 'ready' } {
  return typeof message === 'object' && message !== null && 'type' in message && message.type === 'ready';
}
