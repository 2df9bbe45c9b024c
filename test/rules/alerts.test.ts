import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { operatorManifest } from './operator-manifest.ts';
import { ALERT_NAMES, ALERTS, RECORDINGS, RULE_TESTS } from './prometheus-rules.ts';
import { queryFaults } from './query-faults.ts';
import { exists, FILES, read } from './repo.ts';

const SEVERITIES = ['critical', 'warning', 'info'];
const RUNBOOKS = 'docs/runbooks';
const SECTIONS = ['What it means', 'Look at', 'Do', 'It ends'];
const runbookOf = (alert: string): string => `${RUNBOOKS}/${alert}.md`;

describe.each(ALERT_NAMES)('%s', (name) => {
  const rules = ALERTS.filter(({ alert }) => alert === name);

  test('asks for what services have', () => {
    expect(rules.flatMap(({ expr }) => queryFaults(expr))).toEqual([]);
  });

  test('says how bad it is, what it is, and where its runbook is', () => {
    for (const { labels, annotations } of rules) {
      expect(SEVERITIES).toContain(labels.severity);
      expect(annotations.summary).toMatch(/^[A-Z].{10,80}$/);
      expect(annotations.description).toMatch(/\.$/);
      expect(annotations.runbook_url).toBe(`{{ or $externalLabels.witan_runbooks "${RUNBOOKS}" }}/${name}.md`);
    }
  });

  test('has a runbook in the form of all, with queries and commands that can be pasted', () => {
    expect(exists(runbookOf(name)), runbookOf(name)).toBe(true);
    const page = read(runbookOf(name));
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect([page.split('\n')[0], ...headings]).toEqual([`# ${name}`, ...SECTIONS]);
    const queries = [...page.matchAll(/^```promql\n([\s\S]*?)^```/gm)].map(([, query]) => query!);
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.flatMap((block) => block.trim().split('\n\n')).flatMap(queryFaults)).toEqual([]);
    expect(page.split('\n').length).toBeLessThanOrEqual(60);
    // How a service is asked depends on where it runs: README.md says it for each.
    expect(page).not.toMatch(/\bcurl\b|\b[A-Z]+:\d{4}\b/);
  });

  test('is tested where it has to fire, for each of its severities, and where it has to be silent', () => {
    const cases = RULE_TESTS.filter(({ alertname }) => alertname === name);
    expect(cases.filter(({ exp_alerts: alerts }) => alerts.length === 0)).not.toEqual([]);
    const fired = cases.flatMap(({ exp_alerts: alerts }) => alerts as { exp_labels: Record<string, string> }[]);
    for (const { labels } of rules) {
      expect(fired.map(({ exp_labels: of }) => of)).toContainEqual(expect.objectContaining(labels));
    }
  });
});

test.each(RECORDINGS.map(({ record, expr }) => [record, expr] as const))(
  '%s asks for what services have',
  (_, expr) => {
    expect(queryFaults(expr)).toEqual([]);
  },
);

test('what is recorded has its own name', () => {
  const names = RECORDINGS.map(({ record }) => record);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(names.filter((name) => !/^(namespace|instance):[a-z_]+:[a-z0-9_]+$/.test(name))).toEqual([]);
});

test('the rules are in the form that the Prometheus operator takes as well', async () => {
  const manifest = new URL('../../k8s/components/prometheus-operator/prometheus-rules.yaml', import.meta.url);
  await expect(operatorManifest()).toMatchFileSnapshot(fileURLToPath(manifest));
});

test('every runbook belongs to an alert', () => {
  const pages = FILES.filter((path) => path.startsWith(`${RUNBOOKS}/`) && !path.endsWith('/README.md'));
  expect(pages).toEqual(ALERT_NAMES.map(runbookOf).toSorted());
});

test('all runbooks fit into one ConfigMap, under names that it takes', () => {
  const pages = FILES.filter((path) => path.startsWith(`${RUNBOOKS}/`));
  expect(pages.filter((path) => !/^[-.\w]+$/.test(path.slice(RUNBOOKS.length + 1)))).toEqual([]);
  const bytes = pages.reduce((sum, path) => sum + Buffer.byteLength(read(path)), 0);
  expect(bytes).toBeLessThan(1024 * 1024);
});

test('a fault in a query is seen', () => {
  const faults = {
    'witan_held_mesages > 0': ['no service has witan_held_mesages'],
    'witan_dkg_blames_total > 0': ['witan_dkg_blames_total only grows, and is asked for as it is'],
    'rate(witan_held_messages[5m])': ['witan_held_messages is a gauge, and its growth is asked for'],
    'increase(witan_dkg_sessions_total{outcome="fail"}[5m])': ['witan_dkg_sessions_total: outcome is never fail'],
    'increase(witan_dkg_sessions_total{outcome=~"failed|lost"}[5m])': [
      'witan_dkg_sessions_total: outcome is never lost',
    ],
    'witan_build_info{service="elders"}': ['witan_build_info: service is never elders'],
    'witan_held_messages{peer="a"}': ['witan_held_messages has no label peer'],
    'sum by (peer) (count_values("node", witan_node_id))': ['nothing in it has the label peer'],
    'sum by (peer) (witan_held_messages)': ['nothing in it has the label peer'],
    'witan_node_is_elder + on (job, instance) witan_elder_usable_share': [
      'on (job, instance) pairs what is of two networks',
    ],
    'witan_node_is_elder + ignoring (namespace) witan_elder_usable_share': [
      'ignoring (namespace) pairs what is of two networks',
    ],
    witan_dkg_phase_duration_seconds: ['no service has witan_dkg_phase_duration_seconds'],
  };
  for (const [query, expected] of Object.entries(faults)) expect(queryFaults(query)).toEqual(expected);
  expect(queryFaults('sum(witan_held_messages')[0]).toMatch(/^it is no query/);
});
