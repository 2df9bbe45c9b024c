import type { Query } from './model.ts';

/** Queries as dashboards ask them: of the namespace that is chosen, over the interval that fits the zoom. */

const NAMESPACE = 'namespace=~"$namespace"';
const INSTANCE = 'instance=~"$instance"';

/** Of one network: what is of two is never added up. */
export const NETWORK_LABELS = 'cluster, namespace';

/** Of one process: two networks may have hosts of the same names. */
export const PROCESS_LABELS = `${NETWORK_LABELS}, job, instance`;

/** @param matchers such as `result="timeout"` */
export const of = (metric: string, ...matchers: readonly string[]): string =>
  `${metric}{${[NAMESPACE, ...matchers].join(', ')}}`;

/** Of the processes that are chosen, on a dashboard with that choice. */
export const at = (metric: string, ...matchers: readonly string[]): string => of(metric, INSTANCE, ...matchers);

/** @param by more labels than those of a network, with commas between them; or none */
const grouped = (by: string): string => {
  if (by === '') return NETWORK_LABELS;
  return by.startsWith(NETWORK_LABELS) ? by : `${NETWORK_LABELS}, ${by}`;
};

/** Events a second of a counter, in each network. @param by labels with commas between them; or none */
export const perSecond = (by: string, selector: string): string =>
  `sum by (${grouped(by)}) (rate(${selector}[$__rate_interval]))`;

/** Events over what is shown between two points. */
export const growth = (by: string, selector: string): string =>
  `sum by (${grouped(by)}) (increase(${selector}[$__rate_interval]))`;

/** A quantile of a histogram. @param selector of its `_bucket` series */
export const quantile = (q: number, by: string, selector: string): string =>
  `histogram_quantile(${q}, sum by (le, ${grouped(by)}) (rate(${selector}[$__rate_interval])))`;

/** Several of them, a curve each and for each `by`. */
export const quantiles = (qs: readonly number[], by: string, selector: string): readonly Query[] =>
  qs.map((q) => ({ expr: quantile(q, by, selector), legend: `${by === '' ? '' : `{{${by}}} `}p${q * 100}` }));
