import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARDS, panelsOf } from '../../deploy/grafana/src/index.ts';
import { ALERTS, RECORDINGS } from '../rules/prometheus-rules.ts';
import { type Cluster, PATIENCE_MS } from './cluster.ts';
import { drawDashboard } from './dashboard-picture.ts';
import { eventually } from './eventually.ts';
import type { Condition } from './metric-run.ts';
import { withoutVariables } from './panel-queries.ts';
import type { Prometheus, Sample } from './prometheus.ts';
import { parseQuery } from './promql.ts';

/** What only those have who use it: `test/e2e/alerts.test.ts` does. */
const NOT_USED = [
  'witan_tls_certificate_expiry_timestamp_seconds',
  'witan_backup_last_success_timestamp_seconds',
  'witan_backup_interval_seconds',
];

/** A query, and what has to come of it. */
interface Wanted {
  readonly what: string;
  readonly expr: string;
  /** Any number; one that is not 0. */
  readonly value: 'any' | 'moved';
}

/** An alert that a test brings about. */
export interface Provoked {
  readonly by: Condition;
  /** When that condition is over; or later, since it looks back. */
  readonly ends: 'at once' | 'with its window';
}

/** Between two looks at a curve, less than between two scrapes: what was there for one scrape is seen. */
const NOTHING_MISSED_SECONDS = 0.5;

const isNumber = ({ value }: Sample): boolean => !Number.isNaN(value);

/**
 * What people look at, dashboards and alerts, over a real Prometheus that scrapes a cluster.
 *
 * @param provoked the alerts that a test brings about; of the others the series are looked for that they ask for
 */
export class Watched {
  readonly #cluster: Cluster;
  readonly #prometheus: Prometheus;
  readonly #sinceMs = Date.now();
  readonly #provoked: Readonly<Record<string, Provoked>>;

  constructor(cluster: Cluster, prometheus: Prometheus, provoked: Readonly<Record<string, Provoked>>) {
    this.#cluster = cluster;
    this.#prometheus = prometheus;
    this.#provoked = provoked;
  }

  /** Has all services scraped where they are now; those that are dead, where they were. */
  follow(): void {
    this.#prometheus.follow(this.#cluster);
  }

  /** @returns what is made for this condition and shows nothing, a line each; empty when all does */
  async gaps(condition: Condition): Promise<string[]> {
    const all = [...panelQueries(condition), ...this.#alertQueries(condition)];
    const wanted = new Map(all.map((each) => [each.expr, each])).values();
    const asked = [...wanted].map(async ({ what, expr, value }) => {
      const samples = (await this.#prometheus.query(expr)).filter(isNumber);
      if (samples.length === 0) return [`${what}: nothing for ${expr}`];
      return value === 'any' || samples.some((sample) => sample.value !== 0) ? [] : [`${what}: only 0 for ${expr}`];
    });
    return (await Promise.all(asked)).flat();
  }

  /**
   * Draws dashboards as they are now, into the folder that `WITAN_PICTURES` names; that is how those in the documents
   * were made.
   */
  async draw(names: readonly string[]): Promise<void> {
    const folder = process.env.WITAN_PICTURES;
    if (!folder) return;
    const span = { startMs: this.#sinceMs, endMs: Date.now() };
    for (const dashboard of DASHBOARDS.filter(({ name }) => names.includes(name))) {
      const picture = await drawDashboard(this.#prometheus, dashboard, span);
      writeFileSync(join(folder, `dashboard-${dashboard.name}.svg`), picture);
    }
  }

  /** Names of the alerts whose conditions hold now, whether they have held for long enough to fire or not. */
  async raised(): Promise<string[]> {
    const found = await Promise.all(
      ALERTS.map(async ({ alert, expr }) => ((await this.#prometheus.query(expr)).length > 0 ? [alert] : [])),
    );
    return [...new Set(found.flat())].toSorted();
  }

  /** Which processes a panel is about now, by address. */
  async instances(dashboard: string, panel: string): Promise<string[]> {
    const { rows } = DASHBOARDS.find(({ name }) => name === dashboard)!;
    const { queries } = rows.flatMap(({ panels }) => panels).find(({ title }) => title === panel)!;
    const found = await Promise.all(queries.map(({ expr }) => this.#prometheus.query(withoutVariables(expr))));
    return [...new Set(found.flat().map(({ metric }) => metric.instance!))].toSorted();
  }

  /** Names of the alerts that have held for long enough. */
  async firing(): Promise<string[]> {
    return this.#alerts('ALERTS{alertstate="firing"}');
  }

  /** Names of the alerts that did at any time of the last hour. */
  async fired(): Promise<string[]> {
    return this.#alerts('max_over_time(ALERTS{alertstate="firing"}[1h])');
  }

  /** Waits until each of these has fired, at the same time as the others or not, while `meanwhile` is done again and again. */
  async fires(alerts: readonly string[], meanwhile: () => unknown = () => {}): Promise<void> {
    const seen = new Set<string>();
    const all = async () => {
      await meanwhile();
      const firing = await this.firing();
      for (const alert of firing) seen.add(alert);
      const missing = alerts.filter((alert) => !seen.has(alert));
      if (missing.length > 0) throw new Error(`not ${missing}; these do: ${firing}`);
      return true;
    };
    await eventually(`${alerts} fire`, all, { withinMs: PATIENCE_MS, everyMs: 100 });
  }

  /** Waits until none of these fires any more. */
  async ends(...alerts: readonly string[]): Promise<void> {
    const none = async () => {
      const firing = await this.firing();
      const left = alerts.filter((alert) => firing.includes(alert));
      if (left.length > 0) throw new Error(`still firing: ${left}`);
      return true;
    };
    await eventually(`${alerts} end`, none, { withinMs: PATIENCE_MS, everyMs: 100 });
  }

  async #alerts(expr: string): Promise<string[]> {
    const found = await this.#prometheus.query(expr);
    return [...new Set(found.map(({ metric }) => metric.alertname!))].toSorted();
  }

  /**
   * @returns the curves of panels that had nothing but 0 all the time since this watches: dashboard, title, and legend
   * @param rateInterval over which the rates of panels are
   */
  async still(rateInterval: string): Promise<string[]> {
    const now = Date.now();
    const asked = DASHBOARDS.flatMap(({ name, rows }) =>
      rows
        .flatMap(({ panels }) => panels)
        .flatMap(({ title, queries }) =>
          queries.map(async ({ expr, legend }) => {
            const query = withoutVariables(expr, rateInterval);
            const curves = await this.#prometheus.range(query, this.#sinceMs, now, NOTHING_MISSED_SECONDS);
            const moved = curves.some(({ points }) => points.some(([, value]) => value !== 0 && !Number.isNaN(value)));
            return moved ? [] : [`${name}: ${title}: ${legend}`];
          }),
        ),
    );
    return (await Promise.all(asked)).flat().toSorted();
  }

  #alertQueries(condition: Condition): Wanted[] {
    const conditions = ALERTS.filter(({ alert }) => this.#provoked[alert]?.by === condition);
    const provoked = conditions.map(({ alert, expr }): Wanted => ({ what: alert, expr, value: 'any' }));
    if (condition !== 'recovered') return provoked;
    const others = ALERTS.filter(({ alert }) => this.#provoked[alert] === undefined);
    const selectors = [...others, ...RECORDINGS].flatMap((rule) => {
      const what = 'alert' in rule ? rule.alert : rule.record;
      const series = parseQuery(rule.expr).selectors.filter(({ text }) => !NOT_USED.includes(text));
      return series.map(({ text }): Wanted => ({ what, expr: text, value: 'any' }));
    });
    return [...provoked, ...selectors];
  }
}

function panelQueries(condition: Condition): Wanted[] {
  return DASHBOARDS.flatMap((dashboard) =>
    panelsOf(dashboard)
      .filter(({ madeFor }) => madeFor === condition)
      .flatMap(({ title, queries }) =>
        queries
          .filter(({ expr }) => !NOT_USED.some((metric) => expr.includes(metric)))
          .map(
            ({ expr }): Wanted => ({
              what: `${dashboard.title}, ${title}`,
              expr: withoutVariables(expr),
              value: condition === 'healthy' ? 'any' : 'moved',
            }),
          ),
      ),
  );
}
