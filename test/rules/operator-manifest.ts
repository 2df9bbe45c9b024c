import { posix } from 'node:path';
import { parse, stringify } from 'yaml';
import { FILES, read } from './repo.ts';

/** k8s/components/prometheus-operator/prometheus-rules.yaml: the rules in the form that the operator takes. */
export function operatorManifest(): string {
  const manifests = FILES.filter((path) => posix.dirname(path) === 'deploy/prometheus/rules').map((path) => {
    const { groups } = parse(read(path)) as { groups: unknown };
    const manifest = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: {
        name: `witan-${posix.basename(path, '.yml')}`,
        labels: { 'app.kubernetes.io/part-of': 'witan' },
      },
      spec: { groups },
    };
    return stringify(manifest, { lineWidth: 0 });
  });
  return `# Generated from deploy/prometheus/rules by npx vitest run --project rules --update; a test keeps the two equal.
${manifests.join('---\n')}`;
}
