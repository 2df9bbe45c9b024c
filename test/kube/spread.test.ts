import { tolerated } from '@witan/chain';
import { beforeAll, describe, expect, test } from 'vitest';
import { K8S, whyNoKubectl } from '../support/kube.ts';
import { type Built, build } from './deploy.ts';
import { type Spread, worstOf } from './spread.ts';

const why = whyNoKubectl();
if (why) console.error(`NOT RUN, on which hosts production puts pods: ${why}`);

interface Constraint extends Spread {
  readonly topologyKey: string;
  readonly whenUnsatisfiable: string;
  readonly labelSelector: unknown;
}
interface Term {
  readonly topologyKey: string;
  readonly labelSelector: unknown;
}
interface Manifest extends Built {
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas: number;
    readonly maxUnavailable: number;
    readonly selector: unknown;
    readonly template: {
      readonly spec: {
        readonly topologySpreadConstraints: readonly Constraint[];
        readonly affinity?: {
          readonly podAntiAffinity: {
            readonly preferredDuringSchedulingIgnoredDuringExecution: readonly { readonly podAffinityTerm: Term }[];
          };
        };
      };
    };
  };
}

describe.skipIf(why)('in production', () => {
  let objects: readonly Manifest[];
  beforeAll(async () => {
    objects = await build<Manifest>(`${K8S}/overlays/production`);
  });

  const specOf = (kind: string, name: string) =>
    objects.find((each) => each.kind === kind && each.metadata.name === name)!.spec;

  /** Of the StatefulSet, with its one constraint that the scheduler has to keep to. */
  const worst = (name: string, hosts: number) => {
    const { replicas, selector, template } = specOf('StatefulSet', name);
    const kept = template.spec.topologySpreadConstraints.filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    expect(kept).toMatchObject([{ topologyKey: 'kubernetes.io/hostname', labelSelector: selector }]);
    return worstOf(kept[0]!, replicas, hosts, specOf('PodDisruptionBudget', name).maxUnavailable);
  };

  test.for([
    [5, 1],
    [6, 0],
    [7, 0],
    [9, 0],
    [12, 0],
  ] as const)(
    'nodes on %i hosts: a drain ends with %i of them waiting, and a host never has more than the section can lose',
    ([hosts, waiting]) => {
      const { most, ...rest } = worst('node', hosts);
      expect(rest).toEqual({ placed: true, waiting, hangs: false });
      const config = objects.find(({ data }) => data?.WITAN_ELDER_COUNT !== undefined)!;
      expect(most).toBeLessThanOrEqual(tolerated(Number(config.data!.WITAN_ELDER_COUNT)));
    },
  );

  test('four hosts take only eight of the nodes', () => {
    expect(worst('node', 4)).toMatchObject({ most: 2, placed: false });
  });

  test('on more hosts than are needed, a node rather has one of its own', () => {
    const { selector, template } = specOf('StatefulSet', 'node');
    expect(template.spec.affinity).toEqual({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: selector } },
        ],
      },
    });
  });

  test.for([
    [3, 1],
    [4, 0],
    [6, 0],
  ] as const)(
    'NATS servers on %i hosts: a drain ends with %i of them waiting, and no two are on one',
    ([hosts, waiting]) => {
      expect(worst('nats', hosts)).toEqual({ most: 1, placed: true, waiting, hangs: false });
    },
  );

  test('two hosts take only two of the NATS servers', () => {
    expect(worst('nats', 2)).toMatchObject({ most: 1, placed: false });
  });
});

test.for([
  [
    'an even spread over at least as many hosts as there are cannot be drained',
    { maxSkew: 1, minDomains: 5, nodeTaintsPolicy: 'Honor' },
    { pods: 9, hosts: 5 },
    { most: 2, placed: true, hangs: true },
  ],
  [
    'with one to spare, it can',
    { maxSkew: 1, minDomains: 5, nodeTaintsPolicy: 'Honor' },
    { pods: 9, hosts: 6 },
    { most: 2, placed: true, hangs: false },
  ],
  [
    'an even spread over those that are left puts three on one',
    { maxSkew: 1, minDomains: 4, nodeTaintsPolicy: 'Honor' },
    { pods: 9, hosts: 5 },
    { most: 3, placed: true, hangs: false },
  ],
  [
    'without any least number, a drain has two of three share a host',
    { maxSkew: 1, nodeTaintsPolicy: 'Honor' },
    { pods: 3, hosts: 3 },
    { most: 2, placed: true, hangs: false },
  ],
  [
    'a tainted host that counts is the emptiest one',
    { maxSkew: 1 },
    { pods: 3, hosts: 3 },
    { most: 1, waiting: 1, hangs: false },
  ],
] as const)('of other constraints: %s', ([, spread, { pods, hosts }, outcome]) => {
  expect(worstOf(spread, pods, hosts, 1)).toMatchObject(outcome);
});
