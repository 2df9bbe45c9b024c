import {
  BigValueColorMode,
  BigValueGraphMode,
  type DataSourceRef,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardSpec, PanelSpec, Query } from './model.ts';

const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };
const TAG = 'witan';
const HEIGHTS = { graph: 8, number: 4, states: 8, table: 8 } as const;
const OPPOSITE = { green: 'red', yellow: 'green', red: 'green' } as const;

type AnyBuilder = TimeseriesBuilder | StatBuilder | StateTimelineBuilder | TableBuilder;

/** Grafana's JSON of a dashboard. */
export function buildDashboard({ name, title, description, rows, byInstance = false }: DashboardSpec): Dashboard {
  const dashboard = new DashboardBuilder(title)
    .uid(`witan-${name}`)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .link(
      new DashboardLinkBuilder('Witan')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(labelValues('namespace', 'Network', 'label_values(witan_build_info, namespace)'));
  if (byInstance) {
    const query = 'label_values(witan_build_info{namespace=~"$namespace"}, instance)';
    dashboard.withVariable(labelValues('instance', 'Process', query));
  }
  dashboard.withVariable(
    new TextBoxVariableBuilder('runbooks')
      .label('Runbooks')
      .description('Where docs/runbooks is served')
      .defaultValue('/public/runbooks'),
  );
  let id = 0;
  for (const row of rows) {
    dashboard.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) dashboard.withPanel(buildPanel(panel).id(++id));
  }
  return dashboard.build();
}

/** A variable with all values chosen at first; a label that is not there counts as one of them. */
function labelValues(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'], selected: true });
}

function buildPanel(spec: PanelSpec): AnyBuilder {
  const panel = visualisation(spec)
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .span(spec.width)
    .height(HEIGHTS[spec.kind])
    .targets(spec.queries.map((query, index) => target(query, String.fromCharCode(65 + index), spec.kind)));
  const { alerts = [], colours = [], words = {}, max } = spec;
  panel.links(
    alerts.map((alert) =>
      new DashboardLinkBuilder(`Runbook: ${alert}`)
        .type(DashboardLinkType.Link)
        .url(`\${runbooks:raw}/${alert}.md`)
        .targetBlank(true),
    ),
  );
  if (max !== undefined) panel.min(0).max(max);
  if (colours.length > 0) {
    const base = { value: null, color: OPPOSITE[colours[0]!.colour] };
    const steps = [base, ...colours.map(({ from, colour }) => ({ value: from, color: colour }))];
    panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
  }
  if (Object.keys(words).length > 0) {
    const options = Object.fromEntries(Object.entries(words).map(([value, text], index) => [value, { text, index }]));
    panel.mappings([{ type: MappingType.ValueToText, options }]);
  }
  return panel;
}

function visualisation({ kind, stacked = false }: PanelSpec): AnyBuilder {
  const legend = new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom);
  switch (kind) {
    case 'graph': {
      const lines = new TimeseriesBuilder()
        .drawStyle(GraphDrawStyle.Line)
        .lineWidth(1)
        .fillOpacity(stacked ? 30 : 8)
        .showPoints(VisibilityMode.Never)
        .axisSoftMin(0)
        .legend(legend);
      return stacked ? lines.stacking(new StackingConfigBuilder().mode(StackingMode.Normal)) : lines;
    }
    case 'number':
      return new StatBuilder()
        .colorMode(BigValueColorMode.Value)
        .graphMode(BigValueGraphMode.Area)
        .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']));
    case 'states':
      return new StateTimelineBuilder().mergeValues(true).showValue(VisibilityMode.Auto).rowHeight(0.8).legend(legend);
    case 'table':
      return new TableBuilder().showHeader(true);
  }
}

function target({ expr, legend, exemplars = false }: Query, refId: string, kind: PanelSpec['kind']): DataqueryBuilder {
  const query = new DataqueryBuilder().refId(refId).datasource(DATASOURCE).expr(expr).legendFormat(legend);
  if (kind === 'table') return query.instant().format(PromQueryFormat.Table);
  return exemplars ? query.range().exemplar(true) : query.range();
}
