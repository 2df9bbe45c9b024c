import type { Built } from './deploy.ts';
import { type Labels, type Peer, type Policy, type Port, type Selector, unreadIn } from './policy.ts';

interface Workload {
  readonly template: {
    readonly metadata: { readonly labels: Labels };
    readonly spec: {
      readonly containers: readonly {
        readonly ports?: readonly {
          readonly name: string;
          readonly containerPort: number;
          readonly protocol?: string;
        }[];
      }[];
    };
  };
}
export interface Linked extends Built {
  readonly spec: Policy & Workload;
}

/** Who may connect to whom, and what is wrong with the policies that say so. */
export interface Arrows {
  /** `SOURCE -> TARGET:PORT`, sorted; what is outside of the network by how it is selected. */
  readonly allowed: readonly string[];
  /** Selectors of nothing, ports that nobody has, directions in which somebody is not shut off, and what is not understood. */
  readonly faults: readonly string[];
}

interface Pod {
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

const WORKLOADS = ['Deployment', 'StatefulSet'];

/** What network policies allow in sum: an arrow within the network takes both its ends. */
export function arrowsOf(objects: readonly Linked[]): Arrows {
  const pods = objects.filter(({ kind }) => WORKLOADS.includes(kind)).map(podOf);
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  const faults: string[] = [];
  const leaving = new Set<string>();
  const arriving = new Set<string>();
  const outside = new Set<string>();
  const select = (selector: Selector, whose: string): readonly Pod[] => {
    const found = pods.filter(({ labels }) => isSelected(labels, selector));
    if (found.length === 0) faults.push(`${whose} selects no pod: ${JSON.stringify(selector)}`);
    return found;
  };
  for (const { metadata, spec } of policies) {
    const whose = `NetworkPolicy ${metadata.name}`;
    faults.push(...unreadIn(spec).map((what) => `${whose}: ${what}`));
    const owners = select(spec.podSelector, whose);
    for (const rule of spec.ingress ?? []) {
      for (const port of rule.ports ?? []) {
        if (!owners.some((owner) => numberOf(owner, port) !== undefined)) faults.push(`${whose}: no port ${port.port}`);
        for (const owner of owners) {
          const number = numberOf(owner, port);
          if (number === undefined) continue;
          for (const peer of peersOf(rule.from)) {
            if (isOutside(peer)) outside.add(`${named(peer)} -> ${owner.name}:${number}`);
            else
              for (const from of select(peer.podSelector!, whose))
                arriving.add(`${from.name} -> ${owner.name}:${number}`);
          }
        }
      }
    }
    for (const rule of spec.egress ?? []) {
      for (const port of rule.ports ?? []) {
        for (const owner of owners) {
          for (const peer of peersOf(rule.to)) {
            if (isOutside(peer)) outside.add(`${owner.name} -> ${named(peer)}:${port.port}/${port.protocol}`);
            else
              for (const target of select(peer.podSelector!, whose)) {
                const number = numberOf(target, port);
                if (number === undefined) faults.push(`${whose}: ${target.name} has no port ${port.port}`);
                leaving.add(`${owner.name} -> ${target.name}:${number}`);
              }
          }
        }
      }
    }
  }
  for (const direction of ['Ingress', 'Egress'] as const) {
    for (const { name, labels } of pods) {
      const isShut = policies.some(
        ({ spec }) => spec.policyTypes.includes(direction) && isSelected(labels, spec.podSelector),
      );
      if (!isShut) faults.push(`${name} is open: no policy has its ${direction}`);
    }
  }
  const within = [...leaving].filter((arrow) => arriving.has(arrow));
  for (const half of [...leaving, ...arriving]) if (!within.includes(half)) faults.push(`one end only: ${half}`);
  return { allowed: [...within, ...outside].toSorted(), faults };
}

function podOf({ metadata, spec }: Linked): Pod {
  const ports = spec.template.spec.containers.flatMap(({ ports = [] }) => ports);
  return {
    name: metadata.name,
    labels: spec.template.metadata.labels,
    ports: ports.map(({ name, containerPort, protocol = 'TCP' }) => ({ name, port: containerPort, protocol })),
  };
}

function numberOf({ ports }: Pod, { port, protocol }: Port): number | undefined {
  return ports.find((each) => (each.name === port || each.port === port) && each.protocol === protocol)?.port;
}

function isSelected(labels: Labels, { matchLabels = {} }: Selector): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

/** None at all are anybody. */
function peersOf(peers: readonly Peer[] = []): readonly Peer[] {
  return peers.length === 0 ? [{}] : peers;
}

/** A peer without a selector is anybody. */
function isOutside({ podSelector, namespaceSelector }: Peer): boolean {
  return podSelector === undefined || namespaceSelector !== undefined;
}

function named({ podSelector, namespaceSelector, ipBlock }: Peer): string {
  if (ipBlock) return ipBlock.cidr;
  const labels = { ...namespaceSelector?.matchLabels, ...podSelector?.matchLabels };
  return Object.values(labels).join(' ') || 'anybody';
}
