import type { Rule } from '../breakable/link.ts';
import type { Cluster } from './cluster.ts';
import type { ClusterNode } from './cluster-node.ts';

/**
 * Adds nodes of which the elders hear in the same moment, so that they are all in the next session, with links that
 * follow `rule` from then on. The cluster has to have links.
 */
export async function addTogether(
  cluster: Cluster,
  count: number,
  rule: (node: ClusterNode) => Rule,
): Promise<ClusterNode[]> {
  const nodes = await Promise.all(
    Array.from({ length: count }, async () => {
      const node = await cluster.addNode();
      node.link.govern((message) => (message.subject.endsWith('.heartbeats') ? 'held' : message));
      return node;
    }),
  );
  await Promise.all(nodes.flatMap(({ elder, adult }) => [elder.ready(), adult.ready()]));
  await cluster.members(cluster.nodes.length);
  for (const node of nodes) {
    node.link.heal();
    node.link.govern(rule(node));
  }
  return nodes;
}
