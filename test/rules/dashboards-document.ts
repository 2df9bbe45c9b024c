import { DASHBOARDS, type DashboardSpec, type PanelSpec } from '../../deploy/grafana/src/index.ts';

/** docs/dashboards.md: every panel of every dashboard. */
export function dashboardsDocument(): string {
  return `# Dashboards

For Grafana, over the series of [metrics.md](metrics.md) and those that \`deploy/prometheus/rules/\` records. The JSON in
\`deploy/grafana/dashboards/\` is made from \`deploy/grafana/src/\`; how to install it: [observability.md](observability.md#grafana).
*Shows* is the state of a section in which a test looks for something to be seen there, over a real Prometheus; \`test/e2e/alerts.test.ts\` and
\`test/e2e/rare-alerts.test.ts\` have every curve be something else than 0, but for those that \`test/e2e/alert-table.ts\` lists.

*Generated from \`deploy/grafana/src/\` by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

${DASHBOARDS.map(section).join('\n\n')}
`;
}

function section({ title, description, rows }: DashboardSpec): string {
  const lines = rows.flatMap(({ panels }) => panels.map(row));
  return `## ${title.replace('Witan: ', '')}\n\n${description}\n\n| panel | what it shows | shows | alerts |\n| --- | --- | --- | --- |\n${lines.join('\n')}`;
}

function row({ title, description, madeFor, alerts = [] }: PanelSpec): string {
  const links = alerts.map((alert) => `[${alert}](runbooks/${alert}.md)`);
  return `| ${title} | ${description} | ${madeFor} | ${links.join(', ') || '–'} |`;
}
