import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tolerated } from '@witan/chain';
import { commonSettings } from '@witan/config';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { K8S, whyNoKubectl } from '../support/kube.ts';
import { arrowsOf, type Linked } from './arrows.ts';
import { type Built, build } from './deploy.ts';

const why = whyNoKubectl();
if (why) console.error(`NOT RUN, the manifests: ${why}`);

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly terminationMessagePolicy?: string;
  readonly securityContext: unknown;
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPathExpr?: string;
  }[];
}
interface Manifest extends Built {
  readonly automountServiceAccountToken?: boolean;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly maxUnavailable?: number;
    readonly unhealthyPodEvictionPolicy?: string;
    readonly template: {
      readonly spec: Record<string, unknown> & {
        readonly containers: readonly Container[];
        readonly initContainers?: readonly Container[];
        readonly volumes?: readonly Record<string, unknown>[];
        readonly terminationGracePeriodSeconds: number;
      };
    };
  };
}

interface Scaler {
  readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly { readonly resource: { readonly target: { readonly averageValue: string } } }[];
}

/** Kinds of volumes that are `restricted`, and are used. */
const VOLUMES = ['configMap', 'secret', 'projected', 'emptyDir', 'persistentVolumeClaim'];
const all = ({ spec }: Manifest): readonly Container[] => [
  ...(spec.template.spec.initContainers ?? []),
  ...spec.template.spec.containers,
];

/** Who connects to whom, as the design has it (docs/architecture.md), and nobody else. */
const SERVICES = ['node', 'gateway', 'dkg-coordinator'];
const toDns = (pod: string) => ['TCP', 'UDP'].map((protocol) => `${pod} -> kube-system:53/${protocol}`);
const OF_SERVICES = [
  ...SERVICES.flatMap(toDns),
  'anybody -> gateway:8080',
  'prometheus -> node:9464',
  'prometheus -> node:9465',
  'prometheus -> dkg-coordinator:9466',
  'prometheus -> gateway:9467',
];
const WITH_NATS = [
  ...OF_SERVICES,
  ...toDns('nats'),
  ...SERVICES.map((service) => `${service} -> nats:4222`),
  'nats -> nats:6222',
];

describe.skipIf(why)('network policies allow the arrows of the design and no others', () => {
  test.for([
    { of: `${K8S}/overlays/local`, arrows: WITH_NATS },
    { of: `${K8S}/overlays/production`, arrows: WITH_NATS },
    {
      of: fileURLToPath(new URL('external-nats', import.meta.url)),
      arrows: [...OF_SERVICES, ...SERVICES.map((service) => `${service} -> 203.0.113.7/32:4222/TCP`)],
    },
  ])('$of', async ({ of, arrows }) => {
    const { allowed, faults } = arrowsOf(await build<Linked>(of));
    expect(faults).toEqual([]);
    expect(allowed).toEqual(arrows.toSorted());
  });

  test('servers of somebody else are named to every service', async () => {
    const objects = await build<Manifest>(fileURLToPath(new URL('external-nats', import.meta.url)));
    const urls = objects.flatMap(({ data }) => data?.WITAN_NATS_URL ?? []);
    expect(urls).toEqual(['tls://nats.example.com:4222']);
    expect(objects.filter(({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'nats')).toEqual([]);
  });
});

describe.skipIf(why).each(['local', 'production'])('the manifests of the overlay %s', (overlay) => {
  const ofKind = async (...kinds: readonly string[]) =>
    (await build<Manifest>(`${K8S}/overlays/${overlay}`)).filter(({ kind }) => kinds.includes(kind));
  const workloads = () => ofKind('Deployment', 'StatefulSet', 'Job', 'DaemonSet');

  test('describe the services and NATS', async () => {
    const names = (await workloads()).map(({ metadata }) => metadata.name);
    expect(names.sort()).toEqual(['dkg-coordinator', 'gateway', 'nats', 'node']);
  });

  test('keep pods to what is `restricted`, with a root that is read-only', async () => {
    for (const workload of await workloads()) {
      const pod = workload.spec.template.spec;
      const { runAsUser, runAsGroup, fsGroup, fsGroupChangePolicy, ...rest } = pod.securityContext as {
        [field: string]: unknown;
      };
      expect(rest).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(runAsUser).toBeGreaterThan(0);
      expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
      for (const { name, ...kinds } of pod.volumes ?? [])
        expect(VOLUMES, String(name)).toContain(Object.keys(kinds)[0]);
      for (const { securityContext, ports = [] } of all(workload)) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(ports.filter(({ hostPort }) => hostPort !== undefined)).toEqual([]);
      }
    }
  });

  test('have a namespace that takes no other pods', async () => {
    const [namespace] = parseAllDocuments(readFileSync(`${K8S}/overlays/${overlay}/namespace.yaml`, 'utf8'));
    expect(namespace!.toJS()).toMatchObject({
      kind: 'Namespace',
      metadata: {
        name: 'witan',
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
      },
    });
    // To delete what production has made must leave volumes, backups and Secrets, which would go with it.
    expect(await ofKind('Namespace')).toHaveLength(overlay === 'production' ? 0 : 1);
  });

  test('have each container say why it ended', async () => {
    for (const { name, terminationMessagePolicy } of (await workloads()).flatMap(all)) {
      expect([name, terminationMessagePolicy]).toEqual([name, 'FallbackToLogsOnError']);
    }
  });

  test('give each pod the time that a graceful end takes', async () => {
    const data = Object.assign({}, ...(await ofKind('ConfigMap')).map((each) => each.data)) as Record<string, string>;
    const stopS = Number(data.WITAN_STOP_TIMEOUT_MS ?? commonSettings.stopTimeoutMs.default) / 1000;
    const seconds = (setting: string) => Number(new RegExp(`^${setting}: (\\d+)s$`, 'm').exec(data['nats.conf']!)![1]);
    for (const { metadata, spec } of await workloads()) {
      const { terminationGracePeriodSeconds: graceS, containers } = spec.template.spec;
      for (const { name, lifecycle } of containers) {
        const [command, argument] = lifecycle?.preStop.exec.command ?? [];
        const isNats = command === 'nats-server';
        expect([undefined, 'sleep', 'nats-server'], name).toContain(command);
        const beforeS = command === 'sleep' ? Number(argument) : 0;
        const lameDuckS = isNats ? seconds('lame_duck_duration') + seconds('lame_duck_grace_period') : 0;
        expect(graceS, `${metadata.name}/${name}`).toBeGreaterThan(isNats ? lameDuckS : beforeS + stopS);
      }
    }
  });

  test('give no pod a token, and nobody a role', async () => {
    expect(await ofKind('Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding')).toEqual([]);
    for (const { spec } of await workloads()) expect(spec.template.spec.automountServiceAccountToken).toBe(false);
    for (const account of await ofKind('ServiceAccount')) expect(account.automountServiceAccountToken).toBe(false);
  });

  test('ask each container whether it lives and whether it is ready, which are two things', async () => {
    for (const { spec } of await workloads()) {
      for (const { name, livenessProbe, readinessProbe, resources } of spec.template.spec.containers) {
        // That one serves nobody: when it ends it is started again.
        if (name !== 'reload') expect(livenessProbe?.httpGet.path).not.toBe(readinessProbe?.httpGet.path);
        expect(resources.requests).toEqual({ cpu: expect.any(String), memory: expect.any(String) });
        expect(resources.limits).toEqual({ memory: expect.any(String) });
      }
    }
  });

  test('have the first node wait for all the others', async () => {
    const node = (await workloads()).find(({ metadata }) => metadata.name === 'node')!;
    const config = (await ofKind('ConfigMap')).find(({ data }) => data?.WITAN_GENESIS !== undefined)!;
    expect(config.data).toMatchObject({
      WITAN_GENESIS: 'create',
      WITAN_GENESIS_HOST: 'node-0',
      WITAN_GENESIS_WITNESSES: String(node.spec.replicas! - 1),
    });
  });

  test('let a drain take no more than the threshold can spare', async () => {
    const budgets = await ofKind('PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(['dkg-coordinator', 'gateway', 'nats', 'node']);
    const config = (await ofKind('ConfigMap')).find(({ data }) => data?.WITAN_ELDER_COUNT !== undefined)!;
    const spare = tolerated(Number(config.data!.WITAN_ELDER_COUNT));
    const { spec } = budgets.find(({ metadata }) => metadata.name === 'node')!;
    expect(spec.maxUnavailable).toBeGreaterThan(0);
    // And one more in an accident meanwhile.
    expect(spec.maxUnavailable! + 1).toBeLessThanOrEqual(spare);
    for (const { metadata, spec } of budgets) expect([metadata.name, spec.maxUnavailable]).toEqual([metadata.name, 1]);
  });

  test('let a drain take pods that are not ready, of nodes none; the base is for a Kubernetes that has no word for it', async () => {
    const budgets = await ofKind('PodDisruptionBudget');
    const always = budgets.filter(({ spec }) => spec.unhealthyPodEvictionPolicy === 'AlwaysAllow');
    const allowed = overlay === 'production' ? ['dkg-coordinator', 'gateway', 'nats'] : [];
    expect(always.map(({ metadata }) => metadata.name).sort()).toEqual(allowed);
  });

  test('add gateways, of whom there are always two, when they run out of CPU', async () => {
    const scalers = (await ofKind('HorizontalPodAutoscaler')) as unknown as readonly { readonly spec: Scaler }[];
    expect(scalers).toHaveLength(1);
    const { scaleTargetRef, minReplicas, maxReplicas, metrics } = scalers[0]!.spec;
    expect(scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'gateway' });
    const gateway = (await ofKind(scaleTargetRef.kind)).find(({ metadata }) => metadata.name === scaleTargetRef.name)!;
    expect(gateway.apiVersion).toBe(scaleTargetRef.apiVersion);
    // Else each `apply` would undo what it has done.
    expect(gateway.spec.replicas).toBeUndefined();
    expect(minReplicas).toBeGreaterThanOrEqual(2);
    expect(maxReplicas).toBeGreaterThan(minReplicas);
    const averageValue = expect.stringMatching(/^\d+m$/);
    expect(metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue } } },
    ]);
    // Requests are served by one thread, which is full at 1000; one that is as idle as was requested is no reason.
    const wanted = Number.parseInt(metrics[0]!.resource.target.averageValue, 10);
    expect(wanted).toBeLessThan(1000);
    const requested = gateway.spec.template.spec.containers.map(({ resources }) => resources.requests.cpu);
    expect(requested).toEqual(requested.map(() => expect.stringMatching(/^\d+m$/)));
    expect(wanted).toBeGreaterThan(requested.reduce((sum, cpu) => sum + Number.parseInt(cpu!, 10), 0));
  });

  test('spread the pods of each over zones and hosts; production insists on hosts where it counts', async () => {
    for (const { metadata, spec } of await workloads()) {
      const insists = overlay === 'production' && ['nats', 'node'].includes(metadata.name);
      expect([metadata.name, spec.template.spec.topologySpreadConstraints]).toMatchObject([
        metadata.name,
        [
          { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' },
          {
            topologyKey: 'kubernetes.io/hostname',
            maxSkew: insists && metadata.name === 'node' ? 2 : 1,
            whenUnsatisfiable: insists ? 'DoNotSchedule' : 'ScheduleAnyway',
          },
        ],
      ]);
    }
  });

  test('lead from outside to gateways alone', async () => {
    const services = (await ofKind('Service')) as unknown as {
      metadata: { name: string };
      spec: { type?: string; externalIPs?: unknown };
    }[];
    expect(services.map(({ metadata }) => metadata.name)).toContain('nats');
    for (const { metadata, spec } of services) {
      if (metadata.name !== 'gateway')
        expect([metadata.name, spec.type ?? 'ClusterIP', spec.externalIPs]).toEqual([
          metadata.name,
          'ClusterIP',
          undefined,
        ]);
    }
    expect(await ofKind('Ingress')).toEqual([]);
  });

  test('hold no secret', async () => {
    expect(await ofKind('Secret')).toEqual([]);
  });
});

test.skipIf(why)(
  'a node of production is shown its own seeds and its own sealing key, and those of no other',
  async () => {
    const node = (await build<Manifest>(`${K8S}/overlays/production`)).find(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === 'node',
    );
    for (const { name, volumeMounts } of node!.spec.template.spec.containers) {
      const secret = volumeMounts!.filter((mount) => ['seeds', 'sealing-keys'].includes(mount.name));
      expect(secret.map(({ subPathExpr }) => subPathExpr).sort()).toEqual([
        `$(POD_NAME)-${name}.nk`,
        '$(POD_NAME).key',
      ]);
    }
  },
);

test.skipIf(why)('a gateway of production signs for those alone who have a key of the Secret', async () => {
  const gateway = (await build<Manifest>(`${K8S}/overlays/production`)).find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'gateway',
  );
  const { containers, volumes } = gateway!.spec.template.spec;
  const file = containers[0]!.env?.find(({ name }) => name === 'WITAN_API_KEYS_FILE')?.value;
  const mount = containers[0]!.volumeMounts!.find(({ mountPath }) => file === `${mountPath}/api-keys`);
  expect(volumes).toContainEqual({ name: mount?.name, secret: { secretName: 'witan-api-keys', defaultMode: 0o440 } });
});
