import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@witan/api';
import { CODES } from '@witan/errors';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Authority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { NODE } from '../../support/service-process.ts';
import { KubeWorld } from './kube.ts';

const KUBECTL = fileURLToPath(new URL('../fake-kubectl.mjs', import.meta.url));
const patience = { withinMs: 30_000 };
const folder = mkdtempSync(join(tmpdir(), 'witan-kube-'));
const { PATH } = process.env;

const COUNTERS = [
  'actor_crashes',
  'actor_poison_messages',
  'actor_effect_failures',
  'bus_handler_errors',
  'bus_forbidden',
];
const counted = (more: Readonly<Record<string, number>> = {}): string =>
  [...COUNTERS, 'held_messages_failed'].map((name) => `witan_${name}_total ${more[name] ?? 0}`).join('\n');

const pod = (
  name: string,
  component: string,
  restartCounts: Readonly<Record<string, number>>,
  uid = `uid-${name}`,
  exitCode = 70,
) => ({
  metadata: { name, uid, labels: { 'app.kubernetes.io/component': component } },
  spec: { containers: Object.keys(restartCounts).map((each) => ({ name: each, image: 'witan' })) },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: Object.entries(restartCounts).map(([each, restartCount]) => ({
      name: each,
      restartCount,
      lastState: restartCount > 0 ? { terminated: { exitCode, message: 'it fell' } } : {},
    })),
  },
});

const elder = (more: object = {}) => ({
  'statefulset/node': { spec: { template: { spec: { containers: [{ name: 'elder', image: 'witan:2', ...more }] } } } },
});
const configured = {
  ...elder({ envFrom: [{ configMapRef: { name: 'witan' } }, { configMapRef: { name: 'witan-elder' } }] }),
  'configmap/witan': { data: { WITAN_ABSENT_AFTER_MS: '7000' } },
  'configmap/witan-elder': { data: { WITAN_ABSENT_AFTER_MS: '6000' } },
};
const healthy = {
  pods: [pod('node-0', 'node', { elder: 3, adult: 0 }), pod('gateway-0', 'gateway', { gateway: 0 })],
  objects: configured,
  logs: [],
  answers: { 'node-0:9465': counted(), 'node-0:9464': counted(), 'gateway-0:9467': counted() },
};

function cluster(state: object): void {
  writeFileSync(join(folder, 'cluster.json'), JSON.stringify({ ...healthy, ...state }));
}

beforeAll(() => {
  const program = join(folder, 'kubectl');
  writeFileSync(program, `#!/bin/sh\nexec "${NODE}" "${KUBECTL}" "$@"\n`);
  chmodSync(program, 0o755);
  process.env.PATH = `${folder}${delimiter}${PATH}`;
  process.env.FAKE_CLUSTER = join(folder, 'cluster.json');
});
afterAll(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});
test('a cluster that does not answer is missing, in the words in which kubectl ends, and so is kubectl', async () => {
  const refused = 'The connection to the server localhost:8080 was refused';
  cluster({ refused });
  const opened = () => KubeWorld.open({ namespace: 'witan' });
  await expect(opened()).rejects.toMatchObject({
    code: 'WITAN_ERR_DEPENDENCY',
    detail: `no cluster to break: ${refused}`,
  });
  const { PATH: before } = process.env;
  process.env.PATH = folder.concat('-of-nothing');
  try {
    await expect(opened()).rejects.toMatchObject({
      code: 'WITAN_ERR_DEPENDENCY',
      detail: expect.stringContaining('kubectl is missing'),
    });
  } finally {
    process.env.PATH = before;
  }
});

describe('pods', () => {
  let world: KubeWorld;
  beforeEach(async () => {
    cluster({});
    world = await KubeWorld.open({ namespace: 'witan' });
    await world.start();
  }, 60_000);
  afterEach(() => world.stop(), 60_000);

  test('that were started again before the run are not accused of it', async () => {
    expect(await world.complaints()).toEqual([]);
  });

  test('are accused of each end that they came to in the run, also where there is a new pod of that name', async () => {
    cluster({ pods: [pod('node-0', 'node', { elder: 4, adult: 0 })] });
    expect(await world.complaints()).toEqual(['node-0/elder has ended by itself with 70: it fell']);
    cluster({ pods: [pod('node-0', 'node', { elder: 0, adult: 1 }, 'another')] });
    expect(await world.complaints()).toEqual(['node-0/adult has ended by itself with 70: it fell']);
  });

  test('that are kept down stay where they ended until they are let go, at the end of the run at the latest', async () => {
    const calls = () => readFileSync(join(folder, 'cluster.json.calls'), 'utf8').trim().split('\n');
    const parts = ['node-0', 'node-1'].map((name) => ({ name, role: 'node' as const }));
    const held = (name: string) =>
      `patch pod ${name} --type=merge -p {"metadata":{"finalizers":["chaos.witan/kept-down"]}}`;
    const free = (name: string) => `patch pod ${name} --type=merge -p {"metadata":{"finalizers":null}}`;
    const end = (name: string) => `delete pod --grace-period=1 --wait=false ${name}`;
    await world.keepDown(parts);
    await world.revive(parts.slice(0, 1));
    await world.stop();
    const [first, second] = ['node-0', 'node-1'] as const;
    expect(calls()).toEqual([held(first), end(first), held(second), end(second), free(first), free(second)]);
  });

  test('are not accused of having found their data in use by those before them', async () => {
    const { exit } = CODES.WITAN_ERR_LOCKED;
    cluster({ pods: [pod('node-0', 'node', { elder: 1, adult: 0 }, 'another', exit)] });
    expect(await world.complaints()).toEqual([]);
  });

  test('that are not ready are not asked for what they have counted', async () => {
    const [first, ...others] = healthy.pods;
    const starting = { ...first, status: { ...first!.status, conditions: [] } };
    cluster({ pods: [starting, ...others], answers: { 'gateway-0:9467': counted() } });
    expect(await world.complaints()).toEqual([]);
  });

  test('that log two keys of one session, or a held message that failed, are told, also when that log is gone later', async () => {
    const done = (key: string) => JSON.stringify({ event: 'dkg-done', session: 's1', key });
    const failed = { event: 'dkg-held-failed', session: 's2', phase: 'commitment', reason: 'invalid', from: 'ab' };
    cluster({
      logs: [`[pod/node-0/elder] ${done('aa')}`, '[pod/nats-0/nats] not of ours', '[pod/node-0/elder] {"cut'],
    });
    expect(await world.complaints()).toEqual([]);
    cluster({ logs: [`[pod/node-1/elder] ${done('bb')}`, `[pod/node-2/elder] ${JSON.stringify(failed)}`] });
    const told = ['session s1: aa: bb', expect.stringMatching(/^node-2\/elder: a held message failed: .*"s2"/)];
    expect(await world.complaints()).toEqual(told);
    cluster({});
    expect(await world.complaints()).toEqual(told);
  });

  test('whose elder comes back without the share that it had before the run are told', async () => {
    const said = (more: object) => {
      const fields = { service: 'elder', node: 'ab', generation: 8, key: 'k1', ...more };
      return `[pod/node-0/elder] ${JSON.stringify(fields)}`;
    };
    cluster({ logs: [said({ event: 'share', time: 1 })] });
    const another = await KubeWorld.open({ namespace: 'witan' });
    await another.start();
    try {
      cluster({ logs: [said({ event: 'recovered', usableShare: false, time: 2 })] });
      expect(await another.complaints()).toEqual([expect.stringMatching(/^lost key share of k1: ab has come back/)]);
    } finally {
      await another.stop();
    }
  });

  test('that are away, or not ready, are missed, whatever their names are then', async () => {
    expect(await world.unready()).toEqual([]);
    const [node, gateway] = healthy.pods;
    cluster({ pods: [node, pod('gateway-7', 'gateway', { gateway: 0 })] });
    expect(await world.unready()).toEqual([]);
    cluster({ pods: [{ ...node, status: { ...node!.status, conditions: [] } }, gateway] });
    expect(await world.unready()).toEqual(['of 1 pods of the role node 0 are ready']);
    cluster({ pods: [node] });
    expect(await world.unready()).toEqual(['of 1 pods of the role gateway 0 are ready']);
  });

  test('that have counted a defect are told', async () => {
    cluster({ answers: { ...healthy.answers, 'node-0:9465': counted({ actor_crashes: 2 }) } });
    expect(await world.complaints()).toEqual(['node-0/elder: witan_actor_crashes_total is 2']);
  });
});

describe('pods of nodes that have a line of their own', () => {
  const breakable = (name: string, shareProcessNamespace = true) => {
    const plain = pod(name, 'node', { elder: 0, adult: 0, line: 0 });
    return { ...plain, spec: { ...plain.spec, shareProcessNamespace } };
  };
  const three = ['node-0', 'node-1', 'node-2'];
  const disks = { 'node-0': '11 16384 4096', 'node-1': '22 99999999 4096', 'node-2': '33 16384 4096' };
  const calls = () => readFileSync(join(folder, 'cluster.json.calls'), 'utf8').trim().split('\n');
  const part = (name: string) => ({ name, role: 'node' as const });
  const open = () => KubeWorld.open({ namespace: 'witan' });
  beforeEach(() => rmSync(join(folder, 'cluster.json.calls'), { force: true }));

  test('can be cut off, disturbed, paused, put out of time and filled, where their disk is small and their own', async () => {
    cluster({ pods: three.map((name) => breakable(name)), disks });
    const world = await open();
    const all = ['cut', 'cut-one-way', 'disturb', 'fill-disk', 'jump-clock', 'keep-down', 'kill', 'pause', 'restart'];
    expect([...world.abilities].toSorted()).toEqual(all);
    expect(world.fillable()).toEqual([part('node-0'), part('node-2')]);

    await world.cut([part('node-0')], 'says');
    await world.mend([part('node-0')]);
    await world.pause([part('node-1')]);
    await world.resume([part('node-1')]);
    await world.jumpClock([part('node-2')], -500);
    await world.fillDisk([part('node-2')]);
    const full = { event: 'store', err: { code: 'WITAN_ERR_STORE_FULL' } };
    const said = (name: string, line: object) => `[pod/${name}/adult] ${JSON.stringify(line)}`;
    cluster({ logs: [said('node-1', full), said('node-2', { ...full, err: { code: 'WITAN_ERR_STORE' } })] });
    expect(await world.withoutRoom([part('node-2')])).toEqual([]);
    cluster({ logs: [said('node-2', full)] });
    expect(await world.withoutRoom([part('node-0'), part('node-2')])).toEqual(['node-2']);
    await world.clearDisk([part('node-2')]);
    expect(calls()).toEqual([
      'node-0 true line.json {"cut":"says"}',
      'node-0 true line.json {}',
      'node-1 true signal.sh STOP',
      'node-1 true signal.sh CONT',
      'node-2 true clock -500',
      'node-2 true signal.sh STOP',
      'node-2 true disk.sh cut /data',
      'node-2 true disk.sh fill /data',
      'node-2 true signal.sh CONT',
      'node-2 true disk.sh clear /data',
    ]);
  });

  test('that do not run yet are waited for by a person', async () => {
    cluster({ pods: three.map((name) => breakable(name)), disks, away: ['node-1'] });
    await expect(open()).rejects.toMatchObject({
      code: 'WITAN_ERR_UNAVAILABLE',
      detail: expect.stringContaining('kubectl -n witan rollout status statefulset/node'),
    });
  });

  test.each([
    ['share a disk', disks['node-0'], true, 'fill-disk'],
    ['are alone with their processes', disks['node-1'], false, 'pause'],
  ] as const)('that %s cannot be broken so', async (_, disk, isShared, lacking) => {
    const same = Object.fromEntries(three.map((name) => [name, disk]));
    cluster({ pods: three.map((name) => breakable(name, isShared)), disks: same });
    const { abilities } = await open();
    expect(abilities).toContain('cut');
    expect(abilities).not.toContain(lacking);
  });

  test('cannot be broken so where one of them has none', async () => {
    cluster({ pods: [breakable('node-0'), pod('node-1', 'node', { elder: 0, adult: 0 })], disks });
    expect([...(await open()).abilities].toSorted()).toEqual(['keep-down', 'kill', 'restart']);
  });

  test('are put right when they are back, and not given up before', async () => {
    cluster({ pods: three.map((name) => breakable(name)), disks });
    const world = await open();
    cluster({ away: ['node-1'] });
    await expect(world.pause([part('node-1')])).rejects.toThrow();
    const mended = world.mend([part('node-0'), part('node-1')]);
    await eventually('one is', () => calls().length === 1, patience);
    cluster({});
    await mended;
    expect(calls()).toEqual(['node-0 true line.json {}', 'node-1 true line.json {}']);
  });
});

describe('an upgrade', () => {
  const images = () => {
    const { pods } = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) as typeof healthy;
    return pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image));
  };
  const { signal } = new AbortController();
  const opened = async (state: object) => {
    cluster({ image: 'witan', ...state });
    const world = await KubeWorld.open({ namespace: 'witan', image: 'witan:2' });
    await world.start();
    onTestFinished(() => world.stop());
    return world;
  };

  test('to the image that runs already is refused before anything is broken', async () => {
    const refusal = { code: 'WITAN_ERR_CONFIG', detail: expect.stringContaining('witan:2 runs already') };
    await expect(opened({ image: 'witan:2' })).rejects.toMatchObject(refusal);
  });

  test('leaves all as it was', async () => {
    const world = await opened({});
    await world.upgrade(signal);
    expect(new Set(images())).toEqual(new Set(['witan']));
    cluster({ image: 'witan:3' });
    await world.rollBack();
    expect(new Set(images())).toEqual(new Set(['witan']));
  });

  test.each([
    ['does not get ready', { broken: 'witan:2' }, /rollout/],
    ['is not of the new image', { stuck: ['gateway-0'] }, /gateway-0 is not of the image witan:2/],
  ])('of which a pod %s fails, and is rolled back', async (_, state, why) => {
    const world = await opened(state);
    await expect(world.upgrade(signal)).rejects.toThrow(why);
    expect(images()).toContain('witan:2');
    await world.rollBack();
    expect(new Set(images())).toEqual(new Set(['witan']));
  });
});

describe('when elders are replaced', () => {
  test.each([
    ['by the last ConfigMap that says so', configured, 'nodes of the image witan:2, WITAN_ABSENT_AFTER_MS=6000'],
    [
      'by the environment before those',
      { ...configured, ...elder({ env: [{ name: 'WITAN_ABSENT_AFTER_MS', value: '5000' }], envFrom: [] }) },
      'nodes of the image witan:2, WITAN_ABSENT_AFTER_MS=5000',
    ],
    ['or not', elder(), expect.stringContaining('is not set')],
  ])('is told as the pods are told, %s', async (_, objects, what) => {
    cluster({ objects });
    const world = await KubeWorld.open({ namespace: 'witan' });
    expect(await world.settings()).toEqual([what]);
  });
});

test('gateways and metrics are reached by HTTPS where an authority is given, and a file that is none is named', async () => {
  const authority = new Authority(folder, 'authority');
  const named = (name: string) => authority.issue(name, { names: [name] });
  const metrics = named('witan-metrics');
  cluster({ tls: { 8080: named('localhost'), 9464: metrics, 9465: metrics, 9467: metrics } });
  const secured = await KubeWorld.open({ namespace: 'witan', ca: authority.caFile });
  try {
    await secured.start();
    expect(secured.urls()).toEqual([expect.stringMatching(/^https:\/\/localhost:\d+$/)]);
    const ready = () => createClient(secured.urls()[0]!).readyz();
    expect(await eventually('a gateway answers', ready, patience)).toMatchObject({ status: 'ok' });
    expect(await secured.complaints()).toEqual([]);
  } finally {
    await secured.stop();
  }
  const wrong = await KubeWorld.open({ namespace: 'witan', ca: join(folder, 'nowhere.pem') });
  await expect(wrong.start()).rejects.toMatchObject({ code: 'WITAN_ERR_CONFIG', detail: /--ca: .*nowhere/ });
});
