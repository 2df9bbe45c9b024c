import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { whyNoPromtool } from '../../../test/support/promtool.ts';

const why = whyNoPromtool();
if (why) console.error(`NOT RUN, what pods are called by Prometheus: ${why}`);

type Relabeling = Readonly<Record<string, unknown>>;
type Labels = Readonly<Record<string, string>>;

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** Of the PodMonitor, in the words of Prometheus itself. */
function ofOperator(): readonly Relabeling[] {
  const { spec } = parse(read('k8s/components/prometheus-operator/pod-monitor.yaml'), { merge: true });
  return (spec.podMetricsEndpoints as { relabelings: Relabeling[] }[])[0]!.relabelings.map((relabeling) =>
    Object.fromEntries(
      Object.entries(relabeling).map(([key, value]) => [key.replace(/[A-Z]/g, (of) => `_${of.toLowerCase()}`), value]),
    ),
  );
}

/** Of the configuration in the documents, for a Prometheus without operator. */
function ofDocument(): readonly Relabeling[] {
  const [, job] = /^```yaml\n(- job_name: witan\n[\s\S]*?)^```/m.exec(read('docs/deployment.md')) ?? [];
  return parse(job!)[0].relabel_configs;
}

/** What Kubernetes says of a port of a container. */
const port = (pod: string, container: string, number: number, address: string, phase = 'Running') => ({
  targets: [`${address}:${number}`],
  labels: {
    __meta_kubernetes_namespace: 'w',
    __meta_kubernetes_pod_name: pod,
    __meta_kubernetes_pod_phase: phase,
    __meta_kubernetes_pod_annotation_prometheus_io_scrape: 'true',
    __meta_kubernetes_pod_container_name: container,
    __meta_kubernetes_pod_container_port_name: `${container}-metrics`,
    __meta_kubernetes_pod_container_port_number: String(number),
  },
});

/** The labels that Prometheus gives to the series of each of these, without those that are its own. */
function labelsOf(relabelings: readonly Relabeling[], found: readonly ReturnType<typeof port>[]): readonly Labels[] {
  const folder = mkdtempSync(join(tmpdir(), 'witan-relabeling-'));
  try {
    const job = { job_name: 'pods', file_sd_configs: [{ files: ['pods.json'] }], relabel_configs: relabelings };
    writeFileSync(join(folder, 'prometheus.yml'), stringify({ scrape_configs: [job] }));
    writeFileSync(join(folder, 'pods.json'), JSON.stringify(found));
    const asked = ['check', 'service-discovery', '--timeout=2s', 'prometheus.yml', 'pods'];
    const { stdout, stderr } = spawnSync('promtool', asked, { cwd: folder, encoding: 'utf8' });
    const answer = JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`) as { labels: Labels }[];
    return answer.map(({ labels }) =>
      Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('__'))),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(why).each([
  ['the PodMonitor', ofOperator()],
  ['the documented configuration', ofDocument()],
])('by %s', (_, relabelings) => {
  test('a pod of a StatefulSet goes on as the same when it has another address', () => {
    const lives = ['10.0.0.1', '10.0.0.2'].map((address) => port('node-0', 'elder', 9465, address));
    const [before, after] = labelsOf(relabelings, lives);
    expect(before).toMatchObject({ job: 'witan-elder', instance: 'node-0:9465' });
    expect(after).toEqual(before);
  });

  test('what runs in one pod, or beside it, is told apart', () => {
    const all = labelsOf(relabelings, [
      port('node-0', 'elder', 9465, '10.0.0.1'),
      port('node-0', 'adult', 9464, '10.0.0.1'),
      port('node-1', 'elder', 9465, '10.0.0.2'),
    ]);
    // In any order, as promtool has them.
    expect(all.map(({ job, instance }) => `${job} ${instance}`).toSorted()).toEqual([
      'witan-adult node-0:9464',
      'witan-elder node-0:9465',
      'witan-elder node-1:9465',
    ]);
  });
});

// The operator adds the same to every PodMonitor.
test.skipIf(why)('by the documented configuration a pod that has ended is no target', () => {
  const found = ['Running', 'Failed', 'Succeeded', 'Pending'].map((phase, index) =>
    port(`gateway-${index}`, 'gateway', 9467, `10.0.0.${index}`, phase),
  );
  // What is dropped is listed as well, without labels.
  const kept = labelsOf(ofDocument(), found).flatMap(({ instance }) => instance ?? []);
  expect(kept.toSorted()).toEqual(['gateway-0:9467', 'gateway-3:9467']);
});
