import { ALERT_NAMES, ALERTS } from './prometheus-rules.ts';

/** docs/runbooks/README.md: every alert, by the file of its rules. */
export function runbooksDocument(): string {
  const files = [...new Set(ALERTS.map(({ file }) => file))];
  const sections = files.map((file) => {
    const names = ALERT_NAMES.filter((name) => ALERTS.some((alert) => alert.alert === name && alert.file === file));
    return `## ${titleOf(file)}\n\n| alert | severity | it means |\n| --- | --- | --- |\n${names.map(row).join('\n')}`;
  });
  return `# Runbooks

A page for each alert, for one who was woken up: what it means, what to look at, what to do, when it ends by itself.
\`critical\` wakes, \`warning\` is for the day. Queries are for Prometheus; commands with \`HOST\`, \`SESSION\` and the like
want their value. [operations.md](../operations.md#at-three-in-the-morning) begins from what one sees without alerts.

*Generated from \`deploy/prometheus/rules\` by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

${sections.join('\n\n')}
`;
}

const titleOf = (file: string): string => /([^/]+)\.yml$/.exec(file)![1]!;

function row(name: string): string {
  const rules = ALERTS.filter(({ alert }) => alert === name);
  const severities = [...new Set(rules.map(({ labels }) => labels.severity))];
  return `| [${name}](${name}.md) | ${severities.join(', ')} | ${rules[0]!.annotations.summary} |`;
}
