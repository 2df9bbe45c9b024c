import * as prom from 'prom-client';
import type {
  AnyDefinition,
  Counter,
  CounterDefinition,
  Exemplar,
  Gauge,
  GaugeDefinition,
  Histogram,
  HistogramDefinition,
  LabelSets,
  Meter,
} from './meter.ts';

type LabelValues = Record<string, string>;

/** So many series of a counter or histogram exist from the start, with 0: a rate is then right from the first event on. */
const PRESET_SERIES_MAX = 128;

/** Where a value goes that is in no closed set. The compiler prevents it; if it happens, a metric must not fail a node. */
const OUTSIDE = 'other';

const OPEN_METRICS = /(^|[\s,])application\/openmetrics-text\b/;

/** A histogram can have exemplars only if its registry has this form when it is made. */
const FORM_AT_REST = prom.openMetricsContentType;

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** The meter of a process, and the text that Prometheus reads. */
export class PromMeter implements Meter {
  readonly #registry = new prom.Registry<prom.PrometheusContentType | prom.OpenMetricsContentType>();
  readonly #made = new Map<string, { definition: AnyDefinition; instrument: unknown }>();
  readonly #onError: (metric: string, error: unknown) => void;
  /** Ends when the exposition before is complete. */
  #exposed: Promise<unknown> = Promise.resolve();

  /** @param onError told when the source of a metric throws at a scrape; the metric is then left out of that scrape. */
  constructor(onError: (metric: string, error: unknown) => void = () => {}) {
    this.#onError = onError;
    this.#registry.setContentType(FORM_AT_REST);
  }

  /**
   * Exemplars are in the form of OpenMetrics only.
   *
   * @param accept what the scraper accepts, as HTTP says it
   */
  expose(accept = ''): Promise<Exposition> {
    const exposition = this.#exposed.then(() => this.#expose(OPEN_METRICS.test(accept)));
    this.#exposed = exposition.catch(() => {});
    return exposition;
  }

  /** The form belongs to the registry, which forgets the ends of counters' names when it is OpenMetrics: one at a time. */
  async #expose(openMetrics: boolean): Promise<Exposition> {
    const registry = this.#registry;
    registry.setContentType(openMetrics ? prom.openMetricsContentType : prom.prometheusContentType);
    const body = await registry.metrics();
    const { contentType } = registry;
    for (const name of this.#made.keys()) Object.assign(registry.getSingleMetric(name)!, { name });
    registry.setContentType(FORM_AT_REST);
    return { contentType, body };
  }

  counter<L extends LabelSets>(definition: CounterDefinition<L>): Counter<L> {
    return this.#once(definition, () => {
      let source: Collect | undefined;
      const metric: prom.Counter = new prom.Counter({
        ...this.#options(definition),
        collect: () => this.#collect(definition, metric, source, (labels, value) => metric.inc(labels, value)),
      });
      for (const labels of presetsOf(definition)) metric.inc(labels, 0);
      return {
        inc: caller(definition, (labels, value = 1) => metric.inc(labels, value)),
        collect: (given: Collect) => {
          source = given;
        },
      };
    }) as Counter<L>;
  }

  gauge<L extends LabelSets>(definition: GaugeDefinition<L>): Gauge<L> {
    return this.#once(definition, () => {
      let source: Collect | undefined;
      const metric: prom.Gauge = new prom.Gauge({
        ...this.#options(definition),
        collect: () => this.#collect(definition, metric, source, (labels, value) => metric.set(labels, value)),
      });
      clear(metric, definition);
      return {
        set: caller(definition, (labels, value = Number.NaN) => metric.set(labels, value)),
        collect: (given: Collect) => {
          source = given;
        },
      };
    }) as Gauge<L>;
  }

  histogram<L extends LabelSets>(definition: HistogramDefinition<L>): Histogram<L> {
    return this.#once(definition, () => {
      const buckets = [...definition.buckets];
      const metric = new prom.Histogram({ ...this.#options(definition), buckets, enableExemplars: true });
      for (const labels of presetsOf(definition)) metric.zero(labels);
      const observe = (labels: LabelValues, value = Number.NaN, exemplar?: Exemplar): void =>
        metric.observe({ labels, value, ...(exemplar && { exemplarLabels: { trace_id: exemplar.traceId } }) });
      return { observe: caller(definition, observe) };
    }) as Histogram<L>;
  }

  #options(definition: AnyDefinition) {
    return {
      name: definition.name,
      help: definition.help,
      labelNames: Object.keys(definition.labels),
      registers: [this.#registry],
    };
  }

  #once(definition: AnyDefinition, make: () => unknown): unknown {
    const known = this.#made.get(definition.name);
    if (known && known.definition !== definition) throw new Error(`${definition.name} is defined twice`);
    const instrument = known?.instrument ?? make();
    this.#made.set(definition.name, { definition, instrument });
    return instrument;
  }

  #collect(
    definition: AnyDefinition,
    metric: Resettable,
    source: Collect | undefined,
    set: (labels: LabelValues, value: number) => void,
  ): void {
    if (source === undefined) return;
    clear(metric, definition);
    try {
      source(caller(definition, (labels, value = Number.NaN) => set(labels, value)) as never);
    } catch (error) {
      clear(metric, definition);
      this.#onError(definition.name, error);
    }
  }
}

type Collect = (set: (...args: never[]) => void) => void;
interface Resettable {
  reset(): void;
  remove(labels: LabelValues): void;
}

/** No series at all: prom-client's own reset leaves a metric without labels at 0, which nobody has said. */
function clear(metric: Resettable, definition: AnyDefinition): void {
  metric.reset();
  if (Object.keys(definition.labels).length === 0) metric.remove({});
}

function presetsOf(definition: AnyDefinition): LabelValues[] {
  const sets = Object.entries(definition.labels);
  if (sets.reduce((count, [, values]) => count * values.length, 1) > PRESET_SERIES_MAX) return [];
  return sets.reduce<LabelValues[]>(
    (combinations, [name, values]) =>
      combinations.flatMap((labels) => values.map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
}

/** A function with the calling convention of the definition: with labels first, or without. */
function caller(definition: AnyDefinition, call: (labels: LabelValues, value?: number, exemplar?: Exemplar) => void) {
  const sets = Object.entries(definition.labels).map(([name, values]) => [name, new Set(values)] as const);
  if (sets.length === 0) return (value?: number, exemplar?: Exemplar) => call({}, value, exemplar);
  return (given: Readonly<LabelValues>, value?: number, exemplar?: Exemplar) => {
    const labels: LabelValues = {};
    for (const [name, values] of sets) labels[name] = values.has(given[name]!) ? given[name]! : OUTSIDE;
    call(labels, value, exemplar);
  };
}
