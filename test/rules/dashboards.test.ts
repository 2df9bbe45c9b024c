import { fileURLToPath } from 'node:url';
import { ALL_METRICS } from '@witan/observability';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildDashboard, DASHBOARDS, type PanelSpec, panelsOf } from '../../deploy/grafana/src/index.ts';
import { withoutVariables } from '../support/panel-queries.ts';
import { parseQuery } from '../support/promql.ts';
import { dashboardsDocument } from './dashboards-document.ts';
import { ALERT_NAMES, ALERTS, RECORDINGS } from './prometheus-rules.ts';
import { queryFaults } from './query-faults.ts';
import { FILES, read } from './repo.ts';

const FOLDER = 'deploy/grafana/dashboards';
const place = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const queriesOf = ({ queries }: PanelSpec) => queries.map(({ expr }) => withoutVariables(expr));
const ALL_PANELS = DASHBOARDS.flatMap((dashboard) =>
  panelsOf(dashboard).map((panel) => [`${dashboard.name}: ${panel.title}`, panel, dashboard] as const),
);

/** The JSON that Grafana gets, as far as it is looked at here. */
interface Built {
  readonly uid: string;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly panels: readonly BuiltPanel[];
}

interface BuiltPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly links?: readonly { readonly url: string }[];
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: { uid: string } }[];
}

const stored = (name: string): Built => JSON.parse(read(`${FOLDER}/${name}.json`)) as Built;

describe.each(DASHBOARDS.map((dashboard) => [dashboard.name, dashboard] as const))('the dashboard %s', (name, spec) => {
  test('is stored as its source says', async () => {
    const text = `${JSON.stringify(buildDashboard(spec), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(place(`${FOLDER}/${name}.json`));
  });

  test('asks the datasource that is chosen, and says the unit of everything', () => {
    const { uid, templating, panels } = stored(name);
    expect(uid).toBe(`witan-${name}`);
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    const shown = panels.filter(({ type }) => type !== 'row');
    expect(shown).toHaveLength(panelsOf(spec).length);
    for (const panel of shown) {
      const sources = [panel.datasource, ...panel.targets!.map(({ datasource }) => datasource)];
      expect([panel.title, ...new Set(sources.map((source) => source?.uid))]).toEqual([panel.title, `\${datasource}`]);
      expect([panel.title, panel.fieldConfig?.defaults.unit]).toEqual([panel.title, expect.stringMatching(/./)]);
    }
  });

  test('has every variable that its queries and links name', () => {
    const { templating, panels } = stored(name);
    const known = new Set(['__rate_interval', ...templating.list.map((variable) => variable.name)]);
    const named = [...JSON.stringify(panels).matchAll(/\$\{?(\w+)/g)].map(([, variable]) => variable!);
    expect(named.filter((variable) => !known.has(variable))).toEqual([]);
  });

  test('lays no panel over another, nor beyond the edge', () => {
    const { panels } = stored(name);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.trunc(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

describe.each(ALL_PANELS)('%s', (_, panel, dashboard) => {
  test('asks for what services have, of the network and the processes that are chosen', () => {
    expect(queriesOf(panel).flatMap(queryFaults)).toEqual([]);
    for (const { expr } of panel.queries) {
      const chosen = dashboard.byInstance ? ['namespace', 'instance'] : ['namespace'];
      for (const { metric, matchers } of parseQuery(expr.replaceAll('$__rate_interval', '5m')).selectors) {
        const variables = matchers.filter(({ value, label }) => value === `$${label}`).map(({ label }) => label);
        expect([metric, variables]).toEqual([metric, chosen]);
      }
    }
  });

  test('adds up nothing of two networks, and says of which one each series is', () => {
    for (const { aggregations } of queriesOf(panel).map(parseQuery)) {
      for (const labels of aggregations) expect(labels).toEqual(expect.arrayContaining(['cluster', 'namespace']));
    }
    for (const { legend } of panel.queries) expect(legend).toMatch(/\{\{cluster\}\}.*\{\{namespace\}\}/);
  });

  test('explains itself, and leads to the runbooks of its alerts', () => {
    expect(panel.description).toMatch(/^[A-Z1].{15,}\.$/);
    expect(panel.description).not.toBe(panel.title);
    expect((panel.alerts ?? []).filter((alert) => !ALERT_NAMES.includes(alert))).toEqual([]);
    const built = stored(dashboard.name).panels.find(
      ({ title, description }) => title === panel.title && description === panel.description,
    );
    const links = (built?.links ?? []).map(({ url }) => url);
    expect(links).toEqual((panel.alerts ?? []).map((alert) => `\${runbooks:raw}/${alert}.md`));
  });

  test('tells its series apart by labels that they have', () => {
    for (const { expr, legend } of panel.queries) {
      const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label!);
      const { groupedBy } = parseQuery(withoutVariables(expr));
      const isGrouped = /^(sum|max|min|count|histogram_quantile|quantile)\b/.test(expr);
      if (isGrouped) expect([expr, named.filter((label) => !groupedBy.includes(label))]).toEqual([expr, []]);
    }
  });
});

describe('all of them together', () => {
  test('are stored, and nothing else is', () => {
    const files = FILES.filter((path) => path.startsWith(`${FOLDER}/`));
    expect(files).toEqual(DASHBOARDS.map(({ name }) => `${FOLDER}/${name}.json`).toSorted());
  });

  test('show every metric that there is, here or in an alert', () => {
    const asked = [
      ...ALL_PANELS.flatMap(([, panel]) => queriesOf(panel)),
      ...ALERTS.map(({ expr }) => expr),
      ...RECORDINGS.map(({ expr }) => expr),
    ];
    const names = new Set(asked.flatMap((expr) => parseQuery(expr).selectors.map(({ metric }) => metric)));
    const shown = (name: string) => ['', '_bucket', '_count', '_sum'].some((suffix) => names.has(`${name}${suffix}`));
    const definitions = Object.values(ALL_METRICS).flat();
    expect(definitions.map(({ name }) => name).filter((name) => !shown(name))).toEqual([]);
  });

  test('ask for every series that is recorded, here or in an alert', () => {
    const asked = [...ALL_PANELS.flatMap(([, panel]) => queriesOf(panel)), ...ALERTS.map(({ expr }) => expr)];
    const names = new Set(asked.flatMap((expr) => parseQuery(expr).selectors.map(({ metric }) => metric)));
    expect(RECORDINGS.map(({ record }) => record).filter((record) => !names.has(record))).toEqual([]);
  });

  test('show what each alert watches', () => {
    const linked = new Set(ALL_PANELS.flatMap(([, panel]) => panel.alerts ?? []));
    expect(ALERT_NAMES.filter((alert) => !linked.has(alert))).toEqual([]);
  });

  test('are listed', async () => {
    await expect(dashboardsDocument()).toMatchFileSnapshot(place('docs/dashboards.md'));
  });

  test('are ConfigMaps for Kubernetes, each of them', () => {
    const { configMapGenerator } = parse(read('deploy/grafana/kustomization.yaml')) as { configMapGenerator: unknown };
    const wanted = DASHBOARDS.map(({ name }) => ({
      name: `witan-dashboard-${name}`,
      files: [`dashboards/${name}.json`],
    }));
    expect(configMapGenerator).toEqual(wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  });

  test('are provisioned', () => {
    const [dashboards, datasources] = ['dashboards', 'datasources'].map(
      (kind) => parse(read(`deploy/grafana/provisioning/${kind}/witan.yml`)) as Record<string, unknown>,
    );
    expect(dashboards).toMatchObject({
      apiVersion: 1,
      providers: [{ type: 'file', options: { path: expect.stringMatching(/^\//) } }],
    });
    expect(datasources).toMatchObject({ apiVersion: 1, datasources: [{ type: 'prometheus' }] });
  });
});
