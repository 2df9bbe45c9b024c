import { ALL_METRICS, type AnyDefinition } from '@witan/observability';

/** Set when the process starts, so that no definition can list their values. */
const BY_PROCESS: Readonly<Record<string, string>> = {
  actor: 'the kinds of actor of the process',
  route: 'the route templates of the API',
  service: 'the kind of service',
  version: 'of Witan',
  runtime: 'the version of Node',
};
const VALUES_SHOWN_MAX = 16;

/** docs/metrics.md: every metric that any process has. */
export function metricsDocument(): string {
  const sections = Object.entries(ALL_METRICS).map(
    ([concern, metrics]) =>
      `## ${concern}\n\n| metric | kind | labels | what it says |\n| --- | --- | --- | --- |\n${metrics.map(row).join('\n')}`,
  );
  return `# Metrics

Every service serves \`/metrics\` on its metrics port, in the text form of Prometheus or in that of OpenMetrics. What
matters at night is in [operations.md](operations.md#what-to-watch); this is the list of all there is. A label takes one of
a closed set of values, so no peer can make time series.

*Generated from \`ALL_METRICS\` of \`libs/observability\` by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

${sections.join('\n\n')}
`;
}

function row({ name, kind, labels, help, ...rest }: AnyDefinition): string {
  const shown = Object.entries(labels).map(([label, values]) => `\`${label}\`: ${valuesOf(label, values)}`);
  const buckets = 'buckets' in rest ? ` Buckets: ${rest.buckets.join(', ')}.` : '';
  return `| \`${name}\` | ${kind} | ${shown.join('; ') || '–'} | ${help.replaceAll('|', '\\|')}.${buckets} |`;
}

function valuesOf(label: string, values: readonly string[]): string {
  if (BY_PROCESS[label] !== undefined) return BY_PROCESS[label];
  return values.length > VALUES_SHOWN_MAX ? `one of ${values.length}` : values.join(', ');
}

export function metricNames(): ReadonlySet<string> {
  return new Set(
    Object.values(ALL_METRICS).flatMap((metrics) =>
      metrics.flatMap(({ name, kind }) =>
        kind === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    ),
  );
}
