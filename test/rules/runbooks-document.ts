import { ALERT_NAMES, ALERTS } from './prometheus-rules.ts';

/** `test/containers/compose.test.ts` runs what is said of compose. */
const ASKING = `## Asking a service

Each service has \`/livez\` and \`/readyz\` on its metrics port: 9464 adult, 9465 elder, 9466 coordinator, 9467 gateway. No answer
to the first: the process hangs or is not reached; 503 to the second names the check that fails
([health](../operations.md#health)). How to get there, and what stands for \`npx witan\`:

On one machine. What \`npm start\` runs has other ports, which \`.witan/cluster.json\` names:

\`\`\`sh
npx witan status
curl -sS 127.0.0.1:9465/readyz
\`\`\`

In compose, where the metrics ports are HTTPS and not published:

\`\`\`sh
export COMPOSE_FILE=deploy/compose/compose.yaml
docker compose exec gateway witan status
docker compose exec node-3-elder env NODE_EXTRA_CA_CERTS=/run/witan/ca.pem \\
  node -e 'fetch(process.argv[1]).then(async (r) => console.log(r.status, await r.text()))' https://localhost:9465/readyz
\`\`\`

On Kubernetes, where network policies let nobody but Prometheus near them; a forwarded port is not asked. Without
\`bus-security\`, as in the overlay \`local\`, it is \`http\`:

\`\`\`sh
kubectl -n witan exec deploy/gateway -- witan status
kubectl -n witan port-forward pod/node-3 9465          # and meanwhile, in another terminal:
curl -sSk https://127.0.0.1:9465/readyz
\`\`\`

Which process or pod an elder is, of whose name \`witan status\` shows the first eight digits (\`3208bd03\`), Prometheus knows, of a
day back as well:

\`\`\`promql
floor(last_over_time(witan_node_id[1d]) / 0x10000) == 0x3208bd03
\`\`\``;

/** docs/runbooks/README.md: every alert, by the file of its rules. */
export function runbooksDocument(): string {
  const files = [...new Set(ALERTS.map(({ file }) => file))];
  const sections = files.map((file) => {
    const names = ALERT_NAMES.filter((name) => ALERTS.some((alert) => alert.alert === name && alert.file === file));
    return `## ${titleOf(file)}\n\n| alert | severity | it means |\n| --- | --- | --- |\n${names.map(row).join('\n')}`;
  });
  return `# Runbooks

A page for each alert, for one who was woken up: what it means, what to look at, what to do, when it ends by itself.
\`critical\` wakes, \`warning\` is for the day. Queries are for Prometheus; commands with \`SESSION\` and the like
want their value. What they ask of a service, and \`npx witan\`, [is reached in another way](#asking-a-service) in compose and on
Kubernetes. [operations.md](../operations.md#at-three-in-the-morning) begins from what one sees without alerts.

*Generated from \`deploy/prometheus/rules\` by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

${sections.join('\n\n')}

${ASKING}
`;
}

const titleOf = (file: string): string => /([^/]+)\.yml$/.exec(file)![1]!;

function row(name: string): string {
  const rules = ALERTS.filter(({ alert }) => alert === name);
  const severities = [...new Set(rules.map(({ labels }) => labels.severity))];
  return `| [${name}](${name}.md) | ${severities.join(', ')} | ${rules[0]!.annotations.summary} |`;
}
