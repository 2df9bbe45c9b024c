import { ROUTE_NAMES, ROUTES, routerPath } from '@witan/api';
import { ALL_METRICS, type AnyDefinition } from '@witan/observability';
import { type Pairing, parseQuery, type Selector } from '../support/promql.ts';
import { RECORDINGS } from './prometheus-rules.ts';

/** Of every target, by the scrape configuration. */
const TARGET_LABELS = ['cluster', 'namespace', 'job', 'instance'];
/** Prometheus's own, gauges both. */
const OWN = { up: [], ALERTS: ['alertname', 'alertstate', 'severity', 'window'] } as const;
const OVER_TIME = ['rate', 'irate', 'increase', 'resets'];
/** Closed sets that are given where a process starts. */
const BY_PROCESS: Readonly<Record<string, readonly string[]>> = {
  route: [...ROUTE_NAMES.map((name) => routerPath(ROUTES[name].path)), 'unmatched'],
  actor: ['section', 'dkg', 'other'],
  service: ['adult', 'dkg-coordinator', 'elder', 'gateway'],
};
const HISTOGRAM_SERIES = ['_bucket', '_sum', '_count'];

interface Series {
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly onlyGrows: boolean;
}

const withoutValues = (labels: readonly string[]): Series['labels'] =>
  Object.fromEntries(labels.map((label) => [label, []]));

function seriesOf({ name, kind, labels }: AnyDefinition): [string, Series][] {
  if (kind !== 'histogram') return [[name, { labels, onlyGrows: kind === 'counter' }]];
  return HISTOGRAM_SERIES.map((suffix) => [
    `${name}${suffix}`,
    { labels: suffix === '_bucket' ? { ...labels, le: [] } : labels, onlyGrows: true },
  ]);
}

/** Every series that a query may ask for, by name. What is recorded has the labels that its rule groups by. */
const KNOWN = new Map<string, Series>([
  ...Object.values(ALL_METRICS).flat().flatMap(seriesOf),
  ...Object.entries(OWN).map(([name, labels]) => [name, { labels: withoutValues(labels), onlyGrows: false }] as const),
  ...RECORDINGS.map(
    ({ record, expr }) => [record, { labels: withoutValues(parseQuery(expr).groupedBy), onlyGrows: false }] as const,
  ),
]);

/** Two networks may have hosts of the same names. */
function pairingFaults({ by, labels }: Pairing): string[] {
  const isOfOne = ['cluster', 'namespace'].every((label) => labels.includes(label) === (by === 'on'));
  return isOfOne ? [] : [`${by} (${labels.join(', ')}) pairs what is of two networks`];
}

/** A variable of a dashboard stands for any text. */
const isVariable = (value: string): boolean => value.includes('$');

function selectorFaults({ metric, matchers, within }: Selector): string[] {
  const series = KNOWN.get(metric);
  if (!series) return [`no service has ${metric}`];
  const isOverTime = within.some((name) => OVER_TIME.includes(name));
  const faults: string[] = [];
  if (series.onlyGrows && !isOverTime) faults.push(`${metric} only grows, and is asked for as it is`);
  if (!series.onlyGrows && isOverTime) faults.push(`${metric} is a gauge, and its growth is asked for`);
  for (const { label, op, value } of matchers) {
    const values = series.labels[label] && (BY_PROCESS[label] ?? series.labels[label]);
    if (!values && !TARGET_LABELS.includes(label)) faults.push(`${metric} has no label ${label}`);
    if (!values || values.length === 0 || isVariable(value)) continue;
    const wanted = op.endsWith('~') ? value.split('|') : [value];
    const never = wanted.filter((each) => !values.some((one) => new RegExp(`^(?:${each})$`).test(one)));
    faults.push(...never.map((each) => `${metric}: ${label} is never ${each}`));
  }
  return faults;
}

/** What is wrong with a query about Witan, a line each; empty when nothing. */
export function queryFaults(expr: string): string[] {
  let query: ReturnType<typeof parseQuery>;
  try {
    query = parseQuery(expr);
  } catch (error) {
    return [`it is no query: ${(error as Error).message}`];
  }
  const labels = new Set([
    ...TARGET_LABELS,
    ...query.made,
    ...query.selectors.flatMap(({ metric }) => Object.keys(KNOWN.get(metric)?.labels ?? {})),
  ]);
  return [
    ...query.selectors.flatMap(selectorFaults),
    ...query.pairings.flatMap(pairingFaults),
    ...query.groupedBy.filter((label) => !labels.has(label)).map((label) => `nothing in it has the label ${label}`),
  ];
}
