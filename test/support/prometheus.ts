import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Cluster } from './cluster.ts';
import { ROOT } from './service-process.ts';

/** Why nothing can be asked of a real Prometheus here, and what to do about it; nothing if it can. */
export function whyNoPrometheus(): string | undefined {
  const works = spawnSync('prometheus', ['--version'], { stdio: 'ignore' }).status === 0;
  return works ? undefined : 'prometheus is missing: apt-get install prometheus';
}

/** One series over time: milliseconds since the epoch, and the value then. */
export interface Curve {
  readonly metric: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [atMs: number, value: number])[];
}

/** One series of an answer, with its value of now. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Answer<T> {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data: T;
}

/** The rules that are tested: those that are shipped. */
const RULES = join(ROOT, 'deploy/prometheus/rules');
const DURATION = /(?<=\bfor: |\[)(\d+)([smhd])/g;
const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

export interface PrometheusOptions {
  readonly scrapeSeconds?: number;
  /**
   * So many times sooner than as shipped rules judge: each `for` and each window is shorter by that, at least a second.
   * What is asked and the thresholds stay. At 30, a minute takes two seconds.
   */
  readonly hastened?: number;
}

const config = (scrapeSeconds: number): string => `global:
  scrape_interval: ${scrapeSeconds}s
  scrape_timeout: ${scrapeSeconds}s
  evaluation_interval: 1s
rule_files: ['rules/*.yml']
scrape_configs:
  - job_name: witan
    file_sd_configs:
      # Not only when it is told of a change: the system has few of the watches that this takes.
      - files: [targets.json]
        refresh_interval: 1s
`;
const seconds = (ms: number): string => String(ms / 1000);
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Rules that judge sooner. */
export function hasten(rules: string, factor: number): string {
  return rules.replace(DURATION, (_, count: string, unit: keyof typeof SECONDS) => {
    return `${Math.max(1, Math.round((Number(count) * SECONDS[unit]) / factor))}s`;
  });
}

/** A real Prometheus with the rules of `deploy/prometheus`, which scrapes what it is told to. */
export class Prometheus {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.url = url;
  }

  static async start({ scrapeSeconds = 2, hastened = 1 }: PrometheusOptions = {}): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'witan-prometheus-'));
    writeFileSync(join(folder, 'prometheus.yml'), config(scrapeSeconds));
    mkdirSync(join(folder, 'rules'));
    for (const file of readdirSync(RULES)) {
      const text = readFileSync(join(RULES, file), 'utf8');
      writeFileSync(join(folder, 'rules', file), hastened === 1 ? text : hasten(text, hastened));
    }
    writeFileSync(join(folder, 'targets.json'), '[]');
    const child = spawn(
      'prometheus',
      [
        '--config.file=prometheus.yml',
        '--storage.tsdb.path=data',
        '--web.listen-address=127.0.0.1:0',
        '--enable-feature=exemplar-storage',
      ],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    living.add(child);
    child.once('exit', () => living.delete(child));
    const said: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr! }).on('line', (line) => {
        said.push(line);
        const [, found] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', () => reject(new Error(`prometheus ended:\n${said.join('\n')}`)));
    });
    return new Prometheus(child, folder, `http://${address}`);
  }

  /** It scrapes all services where they are now; those that are dead, where they were. */
  follow({ network, processes }: Pick<Cluster, 'network' | 'processes'>): void {
    const groups = processes.flatMap(({ kind, metricsUrl }) => {
      if (metricsUrl === undefined) return [];
      return [{ targets: [new URL(metricsUrl).host], labels: { job: `witan-${kind}`, namespace: network } }];
    });
    const file = join(this.#folder, 'targets.json');
    // Renamed, so that it never reads half of it.
    writeFileSync(`${file}.new`, JSON.stringify(groups));
    renameSync(`${file}.new`, file);
  }

  /** What an instant query gives now. @throws when Prometheus refuses it */
  async query(expr: string): Promise<readonly Sample[]> {
    type Result = readonly { readonly metric: Sample['metric']; readonly value: readonly [number, string] }[];
    type Scalar = readonly [number, string];
    const { resultType, result } = await this.#ask<{ resultType: string; result: Result | Scalar }>('query', {
      query: expr,
    });
    if (resultType === 'scalar') return [{ metric: {}, value: Number((result as Scalar)[1]) }];
    return (result as Result).map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }

  /** What a query gives every few seconds of a time. */
  async range(expr: string, startMs: number, endMs: number, stepSeconds = 2): Promise<readonly Curve[]> {
    type Result = readonly { readonly metric: Curve['metric']; readonly values: readonly [number, string][] }[];
    const { result } = await this.#ask<{ result: Result }>('query_range', {
      query: expr,
      start: seconds(startMs),
      end: seconds(endMs),
      step: String(stepSeconds),
    });
    return result.map(({ metric, values }) => ({
      metric,
      points: values.map(([at, value]) => [at * 1000, Number(value)] as const),
    }));
  }

  /** Trace ids of the exemplars that it has for what this asks for. */
  async traces(expr: string): Promise<string[]> {
    const minute = 60_000;
    const found = await this.#ask<readonly { readonly exemplars: readonly { readonly labels: Sample['metric'] }[] }[]>(
      'query_exemplars',
      { query: expr, start: seconds(Date.now() - 10 * minute), end: seconds(Date.now() + minute) },
    );
    return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id!));
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`, {
      method: 'POST',
      body: new URLSearchParams(parameters),
      signal: AbortSignal.timeout(10_000),
    });
    const { status, error, data } = (await response.json()) as Answer<T>;
    if (status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${error}`);
    return data;
  }
}
