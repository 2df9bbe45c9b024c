import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually, Hopeless } from './eventually.ts';
import { type Scrape, scrape } from './exposition.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The Node that this repository pins, whichever runs the tests. */
export const NODE = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');

export type ServiceKind = 'adult' | 'dkg-coordinator' | 'elder' | 'gateway';

/** A line of a service's log. */
export interface LogLine {
  /** When it was read here, on this process's monotonic clock. */
  readonly atMs: number;
  readonly level: string;
  readonly event?: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServiceSpec {
  /** Of this process among those of the test: `elder-3`. */
  readonly name: string;
  readonly kind: ServiceKind;
  readonly env: Readonly<Record<string, string>>;
  /** How Node is started for it; as it starts by itself without. */
  readonly nodeFlags?: readonly string[];
  /** For one that runs for days: what becomes of its log. All of it is kept without. */
  readonly log?: LogSink;
}

export interface LogSink {
  /** Only about so many of the last lines are kept. */
  readonly tail: number;
  /** Gets each line as it comes. */
  readonly onLine: (line: LogLine) => void;
  /** Gets all that it writes, over all its lives. */
  readonly file?: string | undefined;
}

const LINES_KEPT = 50_000;
const STDERR_KEPT = 256 * 1024;
const living = new Set<ChildProcess>();

// Whatever happens to the tests, nothing of theirs stays; where this cannot run, the closing pipe does it.
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** One service as a real process, which can be killed, stopped, paused and started again. */
export class ServiceProcess {
  readonly name: string;
  readonly kind: ServiceKind;
  /** Changed between two starts, it counts for the next one. */
  env: Record<string, string>;
  /** What it wrote first to standard error since its last start. */
  stderr = '';
  /** Its log since it was made, over all its lives, or the end of it. */
  readonly lines: LogLine[] = [];
  /** How it ended each time that it was not told to. */
  readonly falls: string[] = [];
  #child: ChildProcess | undefined;
  #exit = Promise.withResolvers<Exit>();
  #startedAtMs = 0;
  /** Where the log of the present life begins. */
  #lifeBegins = 0;
  #endIsExpected = false;
  #readyLine: LogLine | undefined;
  #metricsUrl: string | undefined;
  readonly #nodeFlags: readonly string[];
  readonly #log: LogSink | undefined;

  constructor({ name, kind, env, nodeFlags = [], log }: ServiceSpec) {
    this.name = name;
    this.kind = kind;
    this.env = { ...env };
    this.#nodeFlags = nodeFlags;
    this.#log = log;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** When the process was started last, on this process's monotonic clock. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** Whether it has ended without being told to. */
  get hasFallen(): boolean {
    return this.#startedAtMs > 0 && !this.isRunning && !this.#endIsExpected;
  }

  /** How the present or last life ends. */
  get exited(): Promise<Exit> {
    return this.#exit.promise;
  }

  start(args: readonly string[] = []): this {
    if (this.#child) throw new Error(`${this.name} runs already`);
    this.#exit = Promise.withResolvers();
    this.#endIsExpected = false;
    this.#lifeBegins = this.lines.length;
    this.#readyLine = undefined;
    this.#metricsUrl = undefined;
    this.stderr = '';
    this.#startedAtMs = performance.now();
    const child = spawn(NODE, [...this.#nodeFlags, join(ROOT, 'services', this.kind, 'src/main.ts'), ...args], {
      env: { PATH: process.env.PATH, TZ: 'UTC', WITAN_EXIT_WITH_PARENT: '1', ...this.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    living.add(child);
    child.stdin!.on('error', () => {});
    createInterface({ input: child.stdout! }).on('line', (line) => this.#read(line));
    child.stderr!.on('data', (data) => {
      if (this.stderr.length < STDERR_KEPT) this.stderr += String(data);
      this.#spill(String(data));
    });
    child.once('close', (code, signal) => {
      living.delete(child);
      this.#child = undefined;
      if (!this.#endIsExpected) this.falls.push(`${signal ?? `code ${code}`}: ${this.stderr.trim().slice(0, 500)}`);
      this.#exit.resolve({ code, signal });
    });
    return this;
  }

  /** Ends it at once; by default as `kill -9` does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#endIsExpected = true;
    this.#child?.kill(signal);
    return this.exited;
  }

  /** Asks it to end in order. */
  stop(): Promise<Exit> {
    return this.kill('SIGTERM');
  }

  /** It neither runs nor ends, as on a machine that hangs. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** For a process that is meant to end by itself, such as one that refuses to start. */
  expectEnd(): this {
    this.#endIsExpected = true;
    return this;
  }

  /** Lines of the present life that have these fields. */
  said(fields: Readonly<Record<string, unknown>>): LogLine[] {
    return this.lines.slice(this.#lifeBegins).filter((line) => matches(line, fields));
  }

  /** The first line of the present life that has these fields, once it is there. */
  says(fields: Readonly<Record<string, unknown>>, withinMs: number): Promise<LogLine> {
    const what = `${this.name} says ${JSON.stringify(fields)}`;
    return eventually(what, () => this.said(fields)[0] ?? (this.isRunning ? undefined : this.#ended()), {
      withinMs,
      everyMs: 10,
    });
  }

  /** Resolves when the service says that it is ready. */
  async ready(withinMs = 60_000): Promise<this> {
    const look = () => this.#readyLine ?? (this.isRunning ? undefined : this.#ended());
    await eventually(`${this.name} says that it is ready`, look, { withinMs, everyMs: 10 });
    return this;
  }

  /**
   * What the present life has said when it was ready. It is kept by itself: a gateway tells of all decisions that it learns
   * when it starts, more than there may be lines left between two looks.
   */
  get readyLine(): LogLine | undefined {
    return this.#readyLine;
  }

  /** Whether the present life has said that it is ready. */
  get hasBeenReady(): boolean {
    return this.#readyLine !== undefined;
  }

  /** Address of its metrics port; there as soon as it listens. */
  get metricsUrl(): string | undefined {
    return this.#metricsUrl;
  }

  /** @throws when it does not answer */
  async metrics(): Promise<Scrape> {
    if (this.metricsUrl === undefined) throw new Error(`${this.name} serves no metrics yet`);
    return scrape(this.metricsUrl);
  }

  /** What the metrics port answers to a probe. */
  async probe(path: '/livez' | '/readyz'): Promise<{ readonly status: number; readonly body: Probe }> {
    const response = await fetch(`${this.metricsUrl}${path}`, { signal: AbortSignal.timeout(5000) });
    return { status: response.status, body: (await response.json()) as Probe };
  }

  /** The end of its log for a person, without the lines that only say that a message was not taken. */
  tail(lines: number): string {
    const telling = this.lines.filter(({ event }) => event !== 'rejected').slice(-lines);
    const shown = telling.map(({ atMs, ...line }) => JSON.stringify(line).slice(0, 500));
    return [...shown, ...this.stderr.trimEnd().split('\n').slice(-lines)].filter((line) => line !== '').join('\n');
  }

  #ended(): never {
    throw new Hopeless(`${this.name} has ended: ${this.stderr.slice(0, 500)}`);
  }

  #spill(text: string): void {
    if (this.#log?.file !== undefined) appendFileSync(this.#log.file, text);
  }

  #read(text: string): void {
    this.#spill(`${text}\n`);
    let fields: Record<string, unknown>;
    try {
      fields = JSON.parse(text) as Record<string, unknown>;
    } catch {
      fields = { level: 'none', msg: text };
    }
    const line = { ...fields, atMs: performance.now() } as LogLine;
    if (line.event === 'ready') this.#readyLine = line;
    if (typeof line.metrics === 'string') this.#metricsUrl ??= line.metrics;
    // What tells of trouble is kept however much there is: tests look for it.
    if (this.lines.length < LINES_KEPT || line.level !== 'debug') this.lines.push(line);
    if (this.#log === undefined) return;
    this.#log.onLine(line);
    // Now and then, since those that are left move up.
    if (this.lines.length < 2 * this.#log.tail) return;
    const gone = this.lines.splice(0, this.lines.length - this.#log.tail).length;
    this.#lifeBegins = Math.max(0, this.#lifeBegins - gone);
  }
}

export interface Probe {
  readonly status: string;
  readonly checks?: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

function matches(line: LogLine, fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(([name, value]) => line[name] === value);
}
