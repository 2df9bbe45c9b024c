import type { Demand, Experiment } from './experiments.ts';
import type { Episode, History } from './history.ts';
import type { Asked } from './operations.ts';

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
  /** Of the runs, those that did what they are for; one that was ended early counts, unless it had missed before. */
  readonly struck: number;
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
function finding(experiment: Experiment, episodes: readonly Episode[], operations: Iterable<Asked>): Finding {
  const { name, title, demand = {} } = experiment;
  const service = serviceOf(during(episodes, operations));
  const struck = episodes.filter((episode) => episode.struck !== false).length;
  // One that was ended early nobody has waited for.
  const seen = episodes.filter((each) => each.struck !== undefined || each.healedMs !== undefined);
  const healings = seen.map(({ healedMs, healsFromMs }) =>
    healedMs === undefined ? Infinity : healedMs - healsFromMs,
  );
  const longest = Math.max(...healings);
  return {
    experiment: name,
    title,
    runs: episodes.length,
    struck,
    ...service,
    healedMs: Number.isFinite(longest) ? longest : undefined,
    demand,
    missed: [
      ...(struck < episodes.length ? ['struck'] : []),
      ...(seen.length > 0 ? missed(demand, service, longest) : []),
    ],
  };
}

/** Episodes follow each other, so that of those which began before an operation ended the last one decides. */
function* during(episodes: readonly Episode[], operations: Iterable<Asked>): Generator<Asked> {
  for (const operation of operations) {
    let [low, high] = [0, episodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (episodes[middle]!.startedMs <= operation.endedMs) low = middle + 1;
      else high = middle;
    }
    const last = episodes[low - 1];
    if (last !== undefined && operation.startedMs <= (last.healedMs ?? Infinity)) yield operation;
  }
}

function missed(demand: Demand, { success, p99Ms }: Service, healedMs: number): string[] {
  const out: string[] = [];
  // Where nobody asked, nobody knows.
  if (demand.success !== undefined && (success ?? 0) < demand.success) out.push('success');
  if (demand.p99Ms !== undefined && (p99Ms ?? 0) > demand.p99Ms) out.push('p99');
  if (demand.healedMs !== undefined && healedMs > demand.healedMs) out.push('healed');
  return out;
}

export function serviceOf(operations: Iterable<Asked>): Service {
  let [done, atFirstTry] = [0, 0];
  const all: number[] = [];
  for (const { startedMs, endedMs, ok, atFirstTry: isFirst } of operations) {
    // One that failed took as long as its client had patience.
    all.push(endedMs - startedMs);
    if (ok) done++;
    if (ok && isFirst) atFirstTry++;
  }
  const tookMs = Float64Array.from(all).sort();
  const share = (count: number) => (all.length === 0 ? undefined : count / all.length);
  return {
    operations: all.length,
    success: share(done),
    firstTry: share(atFirstTry),
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
    maxMs: tookMs.at(-1),
  };
}

/** Nearest rank, of sorted values. */
function quantile(sorted: Float64Array, q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}
