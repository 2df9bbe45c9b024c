/**
 * What libraries see of metrics: definitions that are data, and an interface that counts. Which values a label may
 * take is part of the definition, so that the compiler refuses any other and no peer can ever invent a time series.
 */

/** For each label the closed set of its values. */
export type LabelSets = Readonly<Record<string, readonly string[]>>;
type NoLabels = Readonly<Record<never, never>>;

export type Labels<L extends LabelSets> = { readonly [K in keyof L]: L[K][number] };

interface Definition<K extends string, L extends LabelSets> {
  readonly kind: K;
  readonly name: string;
  readonly help: string;
  readonly labels: L;
}
/** Only grows; its name ends with `_total`. */
export type CounterDefinition<L extends LabelSets = LabelSets> = Definition<'counter', L>;
/** A state of now; it has no series before it is first set. */
export type GaugeDefinition<L extends LabelSets = LabelSets> = Definition<'gauge', L>;
/** Seconds or bytes; every definition says beside its buckets why they are where they are. */
export interface HistogramDefinition<L extends LabelSets = LabelSets> extends Definition<'histogram', L> {
  readonly buckets: readonly number[];
}
export type AnyDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;
export type Definitions = Readonly<Record<string, AnyDefinition>>;

interface Described<L> {
  name: string;
  help: string;
  labels?: L;
}

export const counter = <const L extends LabelSets = NoLabels>(options: Described<L>): CounterDefinition<L> => ({
  kind: 'counter',
  labels: {} as L,
  ...options,
});

export const gauge = <const L extends LabelSets = NoLabels>(options: Described<L>): GaugeDefinition<L> => ({
  kind: 'gauge',
  labels: {} as L,
  ...options,
});

export const histogram = <const L extends LabelSets = NoLabels>(
  options: Described<L> & { buckets: readonly number[] },
): HistogramDefinition<L> => ({ kind: 'histogram', labels: {} as L, ...options });

/** A metric without labels is called with the value alone, one with labels with the labels first. */
type WithLabels<L extends LabelSets, A extends unknown[]> = [keyof L] extends [never] ? A : [labels: Labels<L>, ...A];

/** Gives the values at the time of a scrape; what it does not set has no series. */
type Source<L extends LabelSets> = (set: (...args: WithLabels<L, [value: number]>) => void) => void;

export interface Counter<L extends LabelSets = NoLabels> {
  inc(...args: WithLabels<L, [by?: number]>): void;
  /** For a total that something else already keeps, such as the CPU time of the process: it is read when scraped. */
  collect(source: Source<L>): void;
}

export interface Gauge<L extends LabelSets = NoLabels> {
  set(...args: WithLabels<L, [value: number]>): void;
  /**
   * For what must be true at any moment, also while nothing moves, such as the age of a phase: it is computed when
   * scraped. Replaces an earlier source.
   */
  collect(source: Source<L>): void;
}

/** The trace that a measured value belongs to, where one is recorded. */
export interface Exemplar {
  /** 32 hex digits. */
  readonly traceId: string;
}

export interface Histogram<L extends LabelSets = NoLabels> {
  observe(...args: WithLabels<L, [value: number, exemplar?: Exemplar | undefined]>): void;
}

export interface Meter {
  /** The same definition twice gives the same instrument. */
  counter<L extends LabelSets>(definition: CounterDefinition<L>): Counter<L>;
  gauge<L extends LabelSets>(definition: GaugeDefinition<L>): Gauge<L>;
  histogram<L extends LabelSets>(definition: HistogramDefinition<L>): Histogram<L>;
}

export type Instruments<D extends Definitions> = {
  readonly [K in keyof D]: D[K] extends CounterDefinition<infer L>
    ? Counter<L>
    : D[K] extends GaugeDefinition<infer L>
      ? Gauge<L>
      : D[K] extends HistogramDefinition<infer L>
        ? Histogram<L>
        : never;
};

/** The instruments of one concern, all registered with the meter. */
export function instruments<D extends Definitions>(meter: Meter, definitions: D): Instruments<D> {
  const made = Object.entries(definitions).map(([key, definition]) => {
    if (definition.kind === 'counter') return [key, meter.counter(definition)];
    if (definition.kind === 'gauge') return [key, meter.gauge(definition)];
    return [key, meter.histogram(definition)];
  });
  return Object.fromEntries(made) as Instruments<D>;
}

/** Takes everything and keeps nothing. */
export const noopMeter: Meter = {
  counter: () => ({ inc: () => {}, collect: () => {} }),
  gauge: () => ({ set: () => {}, collect: () => {} }),
  histogram: () => ({ observe: () => {} }),
};
