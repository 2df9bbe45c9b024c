import { eventually } from '../support/eventually.ts';
import { apply, kubectl } from '../support/kube.ts';
import { type Network, patience } from './network.ts';

async function patchVolume(volume: string, ...operations: readonly object[]): Promise<void> {
  await kubectl('patch', 'pv', volume, '--type=json', '-p', JSON.stringify(operations));
}

const keep = (policy: 'Retain' | 'Delete') => ({
  op: 'replace',
  path: '/spec/persistentVolumeReclaimPolicy',
  value: policy,
});

/**
 * Gives two nodes the volumes of each other, as one does who puts claims back by hand. Their pods are gone afterwards, and
 * so is the StatefulSet: applied again, it takes the other pods over and makes these two anew.
 */
export async function swapVolumes(network: Network, nodes: readonly [string, string]): Promise<void> {
  const claims = nodes.map((node) => `data-${node}`);
  const volumes = await Promise.all(
    claims.map((claim) => network.kubectl('get', 'pvc', claim, '-o', 'jsonpath={.spec.volumeName}')),
  );
  const storageClass = await network.kubectl('get', 'pvc', claims[0]!, '-o', 'jsonpath={.spec.storageClassName}');
  for (const volume of volumes) await patchVolume(volume, keep('Retain'));
  await network.kubectl('delete', 'statefulset', 'node', '--cascade=orphan');
  await network.kill(...nodes);
  await network.kubectl('delete', 'pvc', ...claims);
  for (const [at, volume] of volumes.entries()) {
    await patchVolume(volume, { op: 'remove', path: '/spec/claimRef' });
    const metadata = {
      name: claims[1 - at],
      namespace: network.name,
      labels: { 'app.kubernetes.io/name': 'witan', 'app.kubernetes.io/part-of': 'witan' },
    };
    const resources = { requests: { storage: '1Gi' } };
    const spec = { accessModes: ['ReadWriteOnce'], storageClassName: storageClass, volumeName: volume, resources };
    await apply(JSON.stringify({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec }));
  }
  await eventually(
    'each claim has the volume of the other',
    async () => {
      const phases = await network.kubectl('get', 'pvc', ...claims, '-o', 'jsonpath={.items[*].status.phase}');
      return phases === 'Bound Bound';
    },
    patience,
  );
  // As they were: they go with their claims.
  for (const volume of volumes) await patchVolume(volume, keep('Delete'));
}
