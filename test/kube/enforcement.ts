import { eventually } from '../support/eventually.ts';
import { apply, isReady, type Namespace } from '../support/kube.ts';
import { imageOf } from './deploy.ts';
import { opensFrom } from './in-pod.ts';
import { patience } from './network.ts';

const PORT = 8000;
const LISTEN = `require('node:net').createServer().listen(${PORT}); process.on('SIGTERM', () => process.exit())`;
/** What a policy needs to come into force, at most. */
const TAKES_MS = 15_000;

/** Two pods that no policy of Witan's selects: one listens. */
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { 'witan/probe': name } },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name,
        image: imageOf('witan:0.1.0'),
        command: ['node', '-e', LISTEN],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

const NOBODY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'probe' },
  spec: { podSelector: { matchLabels: { 'witan/probe': 'probe-heard' } }, policyTypes: ['Ingress'] },
};

/** Whether the cluster keeps anybody from anything: by what comes of a policy that lets nobody in, between two pods of its own. */
export async function enforcesPolicies(namespace: Namespace): Promise<boolean> {
  const names = ['probe-asks', 'probe-heard'];
  const list = (items: readonly object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  try {
    await apply(list(names.map(pod)), '-n', namespace.name);
    const probes = async () => JSON.parse(await namespace.kubectl('get', 'pods', ...names, '-o', 'json')).items;
    await eventually('both probes run', async () => (await probes()).every(isReady), patience);
    const address = await namespace.kubectl('get', 'pod', 'probe-heard', '-o', 'jsonpath={.status.podIP}');
    const opens = () => opensFrom(namespace, 'probe-asks', address, PORT);
    await eventually('one probe reaches the other', opens, patience);
    await apply(list([NOBODY]), '-n', namespace.name);
    const isShut = eventually('it does no longer', async () => !(await opens()), { withinMs: TAKES_MS, everyMs: 1000 });
    return await isShut.catch(() => false);
  } finally {
    await namespace.kubectl('delete', 'pods', ...names, '--ignore-not-found', '--grace-period=0', '--force');
    await namespace.kubectl('delete', 'networkpolicy', 'probe', '--ignore-not-found');
  }
}
