import { expect, test } from 'vitest';
import { arrowsOf, type Linked } from './arrows.ts';

const selected = (app: string) => ({ podSelector: { matchLabels: { app } } });
const workload = (name: string, port: { name: string; containerPort: number }) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { template: { metadata: { labels: { app: name } }, spec: { containers: [{ ports: [port] }] } } },
});
const policy = (name: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name },
  spec,
});

/** A gateway that anybody may ask, and that alone may ask the servers; `api` takes the place of the rules for the former. */
function network(api: object = { ingress: [{ ports: [{ port: 'http', protocol: 'TCP' }] }] }): readonly Linked[] {
  const toServers = [{ port: 4222, protocol: 'TCP' }];
  return [
    workload('gateway', { name: 'http', containerPort: 8080 }),
    workload('nats', { name: 'client', containerPort: 4222 }),
    policy('nothing', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('api', { ...selected('gateway'), policyTypes: ['Ingress'], ...api }),
    policy('asking', {
      ...selected('gateway'),
      policyTypes: ['Egress'],
      egress: [{ to: [selected('nats')], ports: toServers }],
    }),
    policy('asked', {
      ...selected('nats'),
      policyTypes: ['Ingress'],
      ingress: [{ from: [selected('gateway')], ports: toServers }],
    }),
  ] as unknown as readonly Linked[];
}

test('the policies of a network are its arrows', () => {
  expect(arrowsOf(network())).toEqual({ allowed: ['anybody -> gateway:8080', 'gateway -> nats:4222'], faults: [] });
});

const http = { port: 'http', protocol: 'TCP' };

test('a rule with an empty list of peers is for anybody', () => {
  expect(arrowsOf(network({ ingress: [{ from: [], ports: [http] }] }))).toEqual(arrowsOf(network()));
});

test.for([
  ['a rule that says nothing', { ingress: [{}] }, 'ingress[0] is for every port'],
  ['a rule without ports', { ingress: [{ from: [selected('nats')] }] }, 'ingress[0] is for every port'],
  ['a rule with an empty list of ports', { ingress: [{ ports: [] }] }, 'ingress[0] is for every port'],
  [
    'a way out without ports',
    { policyTypes: ['Ingress', 'Egress'], ingress: [{ ports: [http] }], egress: [{ to: [selected('nats')] }] },
    'egress[0] is for every port',
  ],
  [
    'a port that is all of a protocol',
    { ingress: [{ ports: [http, { protocol: 'UDP' }] }] },
    'ingress[0].ports[1] has no port or protocol',
  ],
  [
    'a range of ports',
    { ingress: [{ ports: [{ ...http, endPort: 9000 }] }] },
    'spec.ingress[0].ports[0].endPort is not understood',
  ],
  [
    'a block with a hole',
    { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }], ports: [http] }] },
    'spec.ingress[0].from[0].ipBlock.except is not understood',
  ],
  [
    'an expression for who may come',
    {
      ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }], ports: [http] }],
    },
    'spec.ingress[0].from[0].podSelector.matchExpressions is not understood',
  ],
  [
    'an expression for whom it is about',
    {
      podSelector: { matchLabels: { app: 'gateway' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] },
      ingress: [{ ports: [http] }],
    },
    'spec.podSelector.matchExpressions is not understood',
  ],
  [
    'rules that count for nothing',
    { policyTypes: ['Egress'], ingress: [{ ports: [http] }] },
    'Ingress has rules and is no policyType',
  ],
] as const)('%s is a fault', ([, api, fault]) => {
  expect(arrowsOf(network(api)).faults).toContain(`NetworkPolicy api: ${fault}`);
});

test.for([
  ['a port that nobody has', { ingress: [{ ports: [{ port: 'https', protocol: 'TCP' }] }] }, 'no port https'],
  [
    'a way in for somebody who has no way out',
    { ingress: [{ from: [selected('nats')], ports: [http] }] },
    'one end only: nats -> gateway:8080',
  ],
  [
    'a selector of nobody',
    { ingress: [{ from: [selected('node')], ports: [http] }] },
    `selects no pod: {"matchLabels":{"app":"node"}}`,
  ],
] as const)('%s is a fault too', ([, api, fault]) => {
  expect(arrowsOf(network(api)).faults).toEqual([expect.stringContaining(fault)]);
});

test('who is shut off by no policy is named', () => {
  const others = network().filter(({ metadata }) => metadata.name !== 'nothing');
  expect(arrowsOf(others).faults).toEqual(['nats is open: no policy has its Egress']);
});
