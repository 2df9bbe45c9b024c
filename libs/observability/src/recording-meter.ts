import type {
  AnyDefinition,
  Counter,
  CounterDefinition,
  Gauge,
  GaugeDefinition,
  Histogram,
  HistogramDefinition,
  LabelSets,
  Meter,
} from './meter.ts';

type LabelValues = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: LabelValues;
  readonly value: number;
}

interface Recorded {
  readonly definition: AnyDefinition;
  readonly series: Map<string, Sample>;
  readonly observed: Map<string, number[]>;
  collect: (() => void) | undefined;
}

/**
 * A meter for tests and the simulator: everything is kept and can be asked for. It throws where a program error would
 * go unnoticed in production: a label value outside its closed set, a counter that falls, two definitions of one name.
 */
export class RecordingMeter implements Meter {
  readonly #metrics = new Map<string, Recorded>();

  counter<L extends LabelSets>(definition: CounterDefinition<L>): Counter<L> {
    const metric = this.#register(definition);
    return {
      inc: (...args: unknown[]) => {
        const { labels, value = 1 } = split(definition, args);
        if (!(value >= 0)) throw new RangeError(`${definition.name}: a counter cannot change by ${value}`);
        store(metric, labels, (metric.series.get(keyOf(labels))?.value ?? 0) + value);
      },
      collect: (source) => {
        metric.collect = () => fill(metric, source as AnySource);
      },
    };
  }

  gauge<L extends LabelSets>(definition: GaugeDefinition<L>): Gauge<L> {
    const metric = this.#register(definition);
    return {
      set: (...args: unknown[]) => {
        const { labels, value = Number.NaN } = split(definition, args);
        store(metric, labels, value);
      },
      collect: (source) => {
        metric.collect = () => fill(metric, source as AnySource);
      },
    };
  }

  histogram<L extends LabelSets>(definition: HistogramDefinition<L>): Histogram<L> {
    const metric = this.#register(definition);
    return {
      observe: (...args: unknown[]) => {
        const { labels, value = Number.NaN } = split(definition, args);
        const key = keyOf(labels);
        metric.observed.set(key, [...(metric.observed.get(key) ?? []), value]);
      },
    };
  }

  /** The value of one series of a counter or gauge now; undefined if there is none. */
  value(name: string, labels: LabelValues = {}): number | undefined {
    return this.#read(name).series.get(keyOf(labels))?.value;
  }

  /** All series of a counter or gauge. */
  samples(name: string): readonly Sample[] {
    return [...this.#read(name).series.values()];
  }

  /** What a histogram was given, in order. */
  observations(name: string, labels: LabelValues = {}): readonly number[] {
    return this.#read(name).observed.get(keyOf(labels)) ?? [];
  }

  /** The metrics that have at least one value. */
  emitted(): readonly string[] {
    return [...this.#metrics.keys()].filter((name) => {
      const { series, observed } = this.#read(name);
      return series.size + observed.size > 0;
    });
  }

  #register(definition: AnyDefinition): Recorded {
    const known = this.#metrics.get(definition.name);
    if (known && known.definition !== definition) throw new Error(`${definition.name} is defined twice`);
    const metric = known ?? { definition, series: new Map(), observed: new Map(), collect: undefined };
    this.#metrics.set(definition.name, metric);
    return metric;
  }

  #read(name: string): Recorded {
    const metric = this.#metrics.get(name);
    if (!metric) throw new Error(`${name} is not registered`);
    metric.collect?.();
    return metric;
  }
}

function keyOf(labels: LabelValues): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Tells labels and value apart; a metric without labels is called with the value alone. */
function split(definition: AnyDefinition, args: readonly unknown[]): { labels: LabelValues; value?: number } {
  const names = Object.keys(definition.labels);
  const [labels, value] = (names.length === 0 ? [{}, args[0]] : args) as [LabelValues, number | undefined];
  for (const name of names) {
    if (!definition.labels[name]?.includes(labels[name] ?? '')) {
      throw new RangeError(`${definition.name}: ${name}="${labels[name]}" is not in its closed set`);
    }
  }
  return value === undefined ? { labels } : { labels, value };
}

function store(metric: Recorded, labels: LabelValues, value: number): void {
  metric.series.set(keyOf(labels), { labels, value });
}

/** A source whose labels are no longer known to the compiler; they are checked when it is read. */
type AnySource = (set: (...args: unknown[]) => void) => void;

function fill(metric: Recorded, source: AnySource): void {
  metric.series.clear();
  source((...args: unknown[]) => {
    const { labels, value = Number.NaN } = split(metric.definition, args);
    store(metric, labels, value);
  });
}
