import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { kubectl, whyNoKubectl } from '../support/kube.ts';

const why = whyNoKubectl();
if (why) console.error(`NOT RUN, what the Prometheus operator is given: ${why}`);

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const RULES = path('../../deploy/prometheus/rules');
const DASHBOARDS = path('../../deploy/grafana/dashboards');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly groups: readonly { readonly rules: readonly object[] }[];
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podMetricsEndpoints: readonly {
      readonly port: string;
      readonly scheme: string;
      readonly relabelings: unknown;
    }[];
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly ports?: readonly { readonly name: string }[] }[] };
    };
  };
}

/** Kinds of monitoring.coreos.com/v1 by the schemas of the operator, which a server without it has not. */
const KINDS = { PodMonitor, PrometheusRule };
/** What is used of them: their schemas let pass what a server would drop or refuse since it does not know it. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  group: ['name', 'rules'],
  rule: ['record', 'alert', 'expr', 'for', 'labels', 'annotations'],
  endpoint: ['port', 'scheme', 'interval', 'relabelings', 'tlsConfig'],
};
const unknown = (kind: string, those: readonly object[]): string[] =>
  those.flatMap((each) => Object.keys(each)).filter((field) => !KNOWN[kind]!.includes(field));

describe.skipIf(why)('what the Prometheus operator is given', () => {
  let all: readonly Manifest[];
  const ofKind = (kind: string) => all.filter((each) => each.kind === kind);

  beforeAll(async () => {
    const text = await kubectl('kustomize', path('monitored'));
    all = parseAllDocuments(text, { merge: true }).map((document) => document.toJS());
  });

  test.for(['PodMonitor', 'PrometheusRule'] as const)('each %s, as its schema wants it', (kind) => {
    const validate = (manifest: object) => () => new KINDS[kind](manifest as never).validate();
    const manifests = ofKind(kind);
    expect(manifests).not.toEqual([]);
    for (const manifest of manifests) expect(validate(manifest)).not.toThrow();
    const text = JSON.stringify(manifests[0]).replace(/"(for|interval)":"\w+"/, '"$1":"soon"');
    expect(validate(JSON.parse(text))).toThrow(/must match pattern/);
  });

  test('every rule, in its own form', () => {
    const rules = ofKind('PrometheusRule');
    const files = readdirSync(RULES);
    const wanted = files.map((file) => parse(readFileSync(`${RULES}/${file}`, 'utf8')).groups);
    expect(rules.map(({ metadata }) => metadata.name)).toEqual(
      files.map((file) => `witan-${file.replace('.yml', '')}`),
    );
    expect(rules.map(({ spec }) => spec.groups)).toEqual(wanted);
    const groups = rules.flatMap(({ spec }) => spec.groups);
    expect([
      ...unknown('group', groups),
      ...unknown(
        'rule',
        groups.flatMap((group) => group.rules),
      ),
    ]).toEqual([]);
    for (const { apiVersion } of rules) expect(apiVersion).toBe('monitoring.coreos.com/v1');
  });

  test('every port with metrics, over TLS where the services take nothing else', () => {
    const [monitor] = ofKind('PodMonitor');
    const { selector, podMetricsEndpoints: endpoints } = monitor!.spec;
    const isWatched = ({ spec }: Manifest) =>
      Object.entries(selector.matchLabels).every(([key, value]) => spec?.template?.metadata.labels[key] === value);
    const containers = all.filter(isWatched).flatMap(({ spec }) => spec.template!.spec.containers);
    const ports = containers.flatMap((each) => (each.ports ?? []).map(({ name }) => name));
    const metrics = ports.filter((name) => name.endsWith('metrics'));
    expect(metrics).toHaveLength(4);
    expect(endpoints.map(({ port }) => port).toSorted()).toEqual(metrics.toSorted());
    for (const { scheme, relabelings } of endpoints) {
      expect({ scheme, relabelings }).toEqual({ scheme: 'https', relabelings: endpoints[0]!.relabelings });
    }
    expect(unknown('endpoint', endpoints)).toEqual([]);
  });

  test('every dashboard, where its sidecar looks for them', () => {
    const maps = ofKind('ConfigMap').filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1');
    const files = readdirSync(DASHBOARDS).map((file) => [file, readFileSync(`${DASHBOARDS}/${file}`, 'utf8')]);
    expect(maps.flatMap(({ data }) => Object.entries(data!))).toEqual(files);
  });
});
