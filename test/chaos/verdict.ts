import type { Demand, Experiment } from './experiments.ts';
import type { Episode, History, Operation } from './history.ts';

/** What clients saw of a stretch of time. */
export interface Service {
  readonly operations: number;
  /** Share that got their proof, after retries; 0 to 1, undefined when nobody asked. */
  readonly success: number | undefined;
  /** Share that got it at the first try. */
  readonly firstTry: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly maxMs: number | undefined;
}

/** All runs of one experiment together. */
export interface Finding extends Service {
  readonly experiment: string;
  readonly title: string;
  readonly runs: number;
  /** Longest way back to a whole section; undefined where it did not come back. */
  readonly healedMs: number | undefined;
  readonly demand: Demand;
  /** Demands that were not met, for people. */
  readonly missed: readonly string[];
}

export interface Verdict {
  /** Nothing happened that must never happen. */
  readonly safe: boolean;
  readonly whole: Service;
  /** In the order in which the experiments are listed. */
  readonly findings: readonly Finding[];
}

export function judge(history: History, experiments: readonly Experiment[]): Verdict {
  const { operations, episodes, violations } = history;
  const findings = experiments.flatMap((experiment) => {
    const own = episodes.filter((episode) => episode.experiment === experiment.name);
    return own.length === 0 ? [] : [finding(experiment, own, operations)];
  });
  return { safe: violations.length === 0, whole: serviceOf(operations), findings };
}

/** What clients asked for from the fault until the section was whole again. */
function finding(experiment: Experiment, episodes: readonly Episode[], operations: readonly Operation[]): Finding {
  const { name, title, demand = {} } = experiment;
  const inFault = ({ startedMs, endedMs }: Operation): boolean =>
    episodes.some((episode) => endedMs >= episode.startedMs && startedMs <= (episode.healedMs ?? Infinity));
  const service = serviceOf(operations.filter(inFault));
  const healings = episodes.map(({ healedMs, healsFromMs }) =>
    healedMs === undefined ? Infinity : healedMs - healsFromMs,
  );
  const longest = Math.max(...healings);
  return {
    experiment: name,
    title,
    runs: episodes.length,
    ...service,
    healedMs: Number.isFinite(longest) ? longest : undefined,
    demand,
    missed: missed(demand, service, longest),
  };
}

function missed(demand: Demand, { success, p99Ms }: Service, healedMs: number): string[] {
  const out: string[] = [];
  if (demand.success !== undefined && (success ?? 1) < demand.success) out.push('success');
  if (demand.p99Ms !== undefined && (p99Ms ?? 0) > demand.p99Ms) out.push('p99');
  if (demand.healedMs !== undefined && healedMs > demand.healedMs) out.push('healed');
  return out;
}

export function serviceOf(operations: readonly Operation[]): Service {
  const done = operations.filter(({ ok }) => ok);
  // One that failed took as long as its client had patience.
  const tookMs = operations.map(({ startedMs, endedMs }) => endedMs - startedMs).sort((a, b) => a - b);
  const share = (count: number) => (operations.length === 0 ? undefined : count / operations.length);
  return {
    operations: operations.length,
    success: share(done.length),
    firstTry: share(done.filter(({ errors }) => errors.length === 0).length),
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    maxMs: tookMs.at(-1),
  };
}

/** Nearest rank, of sorted values. */
function quantile(sorted: readonly number[], q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
