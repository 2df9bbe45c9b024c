import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { kubectl, kubectlOf } from '../support/kube.ts';
import { type Network, patience } from './network.ts';

/** As `kubectl drain` does it. */
async function evict(network: Network, pod: string): Promise<void> {
  const { resources } = JSON.parse(await kubectl('get', '--raw', '/api/v1')) as {
    resources: { name: string; group?: string; version?: string }[];
  };
  const { group, version } = resources.find(({ name }) => name === 'pods/eviction')!;
  const metadata = { name: pod, namespace: network.name };
  const eviction = JSON.stringify({ apiVersion: `${group}/${version}`, kind: 'Eviction', metadata });
  await kubectlOf(eviction, 'create', '--raw', `/api/v1/namespaces/${network.name}/pods/${pod}/eviction`, '-f', '-');
}

export function evictionTests(network: Network): void {
  test('a drain gets no second elder before the first is back', async () => {
    await network.settled();
    const [first, second] = await network.elderPods();
    await evict(network, first!);
    await expect(evict(network, second!)).rejects.toThrow(/disruption budget/);
    await network.settled();
    await eventually('the budget has one to spare again', () => evict(network, second!).then(() => true), patience);
    await network.settled();
  });
}
