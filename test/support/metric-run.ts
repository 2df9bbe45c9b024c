import { ALL_METRICS } from '@witan/observability';
import type { Cluster } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';
import { Scrape } from './exposition.ts';

/** How the section is when the metrics are looked at. */
export type Condition = 'healthy' | 'stalled' | 'recovered';

/** Whose metric: several of them count as one, whose series are added up. */
type Who =
  | 'elder'
  /** One that has missed a part of a session. */
  | 'late elder'
  /** One that was dead for so long that another took its place, and the one that did. */
  | 'replaced elder'
  | 'newcomer'
  /** Those that died in the stall. */
  | 'returned elders'
  /** All that run. */
  | 'elders'
  | 'adult'
  | 'gateway'
  | 'dkg-coordinator';

/** `grown`: more than at the mark before, which at first is nothing; `any`: it is exposed; `absent`: it is not. */
type Expectation = number | 'positive' | 'grown' | 'same' | 'any' | 'absent';

/** What one metric says. */
export interface Row {
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly who: readonly Who[];
  readonly expected: Readonly<Record<Condition, Expectation>>;
}

/** Who plays the parts in which a table of metrics knows the elders. */
export interface MetricCast {
  readonly elder: ClusterNode;
  readonly late: ClusterNode;
  readonly replaced: ClusterNode;
  readonly newcomer: ClusterNode;
  readonly returning: readonly ClusterNode[];
}

const GAUGES = new Set(
  Object.values(ALL_METRICS)
    .flat()
    .filter(({ kind }) => kind === 'gauge')
    .map(({ name }) => name),
);

/** Holds a table of metrics against a cluster, look after look. */
export class MetricRun {
  readonly #cluster: Cluster;
  readonly #table: readonly Row[];
  readonly #cast: () => Promise<MetricCast>;
  #before: ReadonlyMap<Who, Scrape> = new Map();

  constructor(cluster: Cluster, table: readonly Row[], cast: () => Promise<MetricCast>) {
    this.#cluster = cluster;
    this.#table = table;
    this.#cast = cast;
  }

  /** From here on it is counted anew what grows. */
  async mark(): Promise<void> {
    this.#before = await this.#look();
  }

  /** @returns what of the table does not hold, a line each; empty when all does */
  async deviations(condition: Condition): Promise<string[]> {
    return this.#compare(this.#table, condition);
  }

  /** The same of what says how it is now: that has to be true of a process that has just begun, too. */
  async gaugeDeviations(condition: Condition): Promise<string[]> {
    return this.#compare(
      this.#table.filter(({ metric }) => GAUGES.has(metric)),
      condition,
    );
  }

  async #compare(rows: readonly Row[], condition: Condition): Promise<string[]> {
    const now = await this.#look();
    return rows.flatMap(({ metric, labels, who, expected: { [condition]: expected } }) =>
      who.flatMap((one) => {
        // Of those who are all dead there is nothing to be said.
        if (!now.has(one)) return [];
        const value = now.get(one)!.value(metric, labels);
        const before = this.#before.get(one)?.value(metric, labels) ?? 0;
        if (holds(value, expected, before)) return [];
        const was = expected === 'grown' || expected === 'same' ? ` since ${before}` : '';
        return [`${one}: ${metric}${JSON.stringify(labels ?? {})} is ${value}, not ${expected}${was}`];
      }),
    );
  }

  async #look(): Promise<ReadonlyMap<Who, Scrape>> {
    const { elder, late, replaced, newcomer, returning } = await this.#cast();
    const { nodes, gateway, coordinators } = this.#cluster;
    const running = (of: readonly ClusterNode[]) => of.map((node) => node.elder).filter((each) => each.isRunning);
    const asked = {
      elder: [elder.elder],
      'late elder': [late.elder],
      'replaced elder': running([replaced]),
      newcomer: [newcomer.elder],
      'returned elders': running(returning),
      elders: running(nodes),
      adult: [elder.adult],
      gateway: [gateway],
      'dkg-coordinator': [coordinators[0]!],
    } satisfies Record<Who, unknown>;
    const there = Object.entries(asked).filter(([, services]) => services.length > 0);
    const scraped = there.map(async ([who, services]) => {
      const texts = await Promise.all(services.map(async (service) => (await service.metrics()).text));
      return [who as Who, new Scrape(texts.join('\n'))] as const;
    });
    return new Map(await Promise.all(scraped));
  }
}

function holds(value: number | undefined, expected: Expectation, before: number): boolean {
  if (value === undefined || expected === 'absent') return value === undefined && expected === 'absent';
  switch (expected) {
    case 'any':
      return value >= 0;
    case 'positive':
      return value > 0;
    case 'grown':
      return value > before;
    case 'same':
      return value === before;
    default:
      return value === expected;
  }
}
