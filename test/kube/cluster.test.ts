import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Section } from '@witan/api';
import { CODES } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, witanImage } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { isReady, K8S, kubectl, Namespace, type Pod, whyNoCluster } from '../support/kube.ts';

const why = whyNoCluster();
if (why) console.error(`NOT RUN, the deployment: ${why}`);

const OVERLAYS = ['local', 'production'];
const OVERLAY = `${K8S}/overlays/local`;
const IMAGE = 'witan:0.1.0';
const NODES = 9;
const ELDERS = 7;
const PATIENCE_MS = 240_000;
const patience = { withinMs: PATIENCE_MS, everyMs: 500 };
const witan = new Namespace('witan');

/** Makes the image and gives it to the nodes of the cluster, by the command that `WITAN_TEST_KUBE_LOAD` names. */
async function loadImages(command: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'witan-kube-'));
  try {
    await docker('tag', await witanImage(), IMAGE);
    const tar = join(folder, 'images.tar');
    await docker('save', '--output', tar, IMAGE, 'nats:2.9.10');
    execFileSync(command, [tar], { stdio: 'ignore' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const section = async (): Promise<Section> => (await witan.api()).section({ prefix: 'root' });

/** All that are wanted are elders, live, with a usable share, and every pod is ready. */
function settled(members = NODES): Promise<Section> {
  return eventually(
    'seven elders can sign, and every pod is ready',
    async () => {
      const found = await section();
      const able = found.elders.filter(({ live, usableShare }) => live && usableShare).length;
      if (able < ELDERS || found.members.length < members) {
        throw new Error(`${able} of ${found.elders.length} elders able, ${found.members.length} members`);
      }
      const unready = (await witan.pods()).filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name);
      if (unready.length > 0) throw new Error(`not ready: ${unready}`);
      return found;
    },
    patience,
  );
}

const attest = async (): Promise<unknown> => (await witan.api()).attest({ body: { payload: 'aGVsbG8' } });
const attested = () => eventually('something is signed', attest, { withinMs: 60_000, everyMs: 100 });

/** As the component `sealing-key` does it. */
async function sealWith(secretName: string): Promise<void> {
  const pod = '/spec/template/spec';
  const volume = { name: 'sealing-key', secret: { secretName, defaultMode: 0o440 } };
  const mount = { name: 'sealing-key', mountPath: '/run/secrets/witan', readOnly: true };
  const variable = { name: 'WITAN_SEALING_KEY_FILE', value: '/run/secrets/witan/sealing.key' };
  const patch = [
    { op: 'add', path: `${pod}/volumes`, value: [volume] },
    ...[0, 1].flatMap((container) => [
      { op: 'add', path: `${pod}/containers/${container}/env/-`, value: variable },
      { op: 'add', path: `${pod}/containers/${container}/volumeMounts/-`, value: mount },
    ]),
  ];
  await witan.kubectl('patch', 'statefulset', 'node', '--type=json', '-p', JSON.stringify(patch));
}

const namesOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
const genesisKey = async () => (await (await witan.api()).network()).genesisKey;

describe.skipIf(why)('a network on Kubernetes', () => {
  let isOurs = false;
  /** What the server said to each overlay before there was anything. */
  const taken: string[] = [];

  beforeAll(async () => {
    // What is not this suite's own is left alone, also at the end.
    const existing = await kubectl('get', 'namespace', witan.name, '--ignore-not-found');
    if (existing !== '') throw new Error(`the cluster has a namespace ${witan.name} already`);
    if (process.env.WITAN_TEST_KUBE_LOAD) await loadImages(process.env.WITAN_TEST_KUBE_LOAD);
    isOurs = true;
    await kubectl('apply', '-f', `${OVERLAY}/namespace.yaml`);
    for (const overlay of OVERLAYS) {
      taken.push(await kubectl('apply', '--dry-run=server', '-k', `${K8S}/overlays/${overlay}`));
    }
    const began = performance.now();
    await kubectl('apply', '-k', OVERLAY);
    await settled();
    figure('kubectl apply to a 5-of-7 section, all pods ready', performance.now() - began, { targetMs: 90_000 });
  });

  afterAll(async () => {
    witan.close();
    if (isOurs) await kubectl('delete', '-k', OVERLAY, '--ignore-not-found', '--wait=false');
  });

  test('signs', async () => {
    expect(await attested()).toMatchObject({});
    expect((await section()).elders).toHaveLength(ELDERS);
  });

  test('is taken by the server as it is written, and so is that of production', () => {
    expect(taken).toHaveLength(OVERLAYS.length);
    for (const said of taken) {
      const objects = said.split('\n').filter((line) => line.includes('(server dry run)'));
      expect(objects.length).toBeGreaterThan(20);
      expect(said).toContain('statefulset.apps/node created');
    }
  });

  test('warns of no setting that nobody knows', async () => {
    const logs = await witan.kubectl(
      'logs',
      '--all-containers',
      '--prefix',
      '--tail=-1',
      '-l',
      'app.kubernetes.io/name=witan',
      '--max-log-requests=40',
    );
    expect(logs).toContain('"event":"ready"');
    expect(logs.split('\n').filter((line) => line.includes('no such setting'))).toEqual([]);
  });

  test('goes on signing when an elder is killed, who is back with its share of the same key', async () => {
    const before = await section();
    const victim = 'node-3';
    const { uid } = (await witan.pods('node')).find(({ metadata }) => metadata.name === victim)!.metadata;
    await witan.kill(victim);
    await attested();
    const back = await eventually(
      `${victim} is back and ready`,
      async () =>
        (await witan.pods('node')).find(
          (pod) => pod.metadata.name === victim && pod.metadata.uid !== uid && isReady(pod),
        ),
      patience,
    );
    const started = Date.parse(
      back.status.containerStatuses!.find(({ name }) => name === 'elder')!.state.running!.startedAt,
    );
    figure('a killed elder pod: start of its container to a usable share', Date.now() - started, { targetMs: 10_000 });
    expect((await settled()).key).toBe(before.key);
  });

  test('two nodes, a NATS server, a gateway and a coordinator killed at once: what is asked is answered, all heal', async () => {
    const before = await section();
    const one = async (component: string) => namesOf(await witan.pods(component))[0]!;
    const victims = ['node-1', 'node-5', 'nats-1', await one('gateway'), await one('dkg-coordinator')];
    const began = performance.now();
    await witan.kill(...victims);
    for (let count = 0; count < 10; count++) await attested();
    expect((await settled()).key).toBe(before.key);
    figure('two nodes, a NATS server, a gateway and a coordinator killed at once: healed', performance.now() - began, {
      targetMs: 30_000,
    });
  });

  test('every pod killed at once: the same chain, and usable shares', async () => {
    const before = await section();
    const genesis = await genesisKey();
    const began = performance.now();
    await witan.kill(...namesOf(await witan.pods()));
    const after = await settled();
    figure('every pod killed at once: healed', performance.now() - began);
    expect([after.key, await genesisKey()]).toEqual([before.key, genesis]);
    expect(after.elders.map(({ name }) => name)).toEqual(before.elders.map(({ name }) => name));
    await attested();
  });

  test('rolls an upgrade pod by pod, and signs all the while', async () => {
    const before = await section();
    await witan.kubectl(
      'rollout',
      'restart',
      'statefulset/node',
      'deployment/gateway',
      'deployment/dkg-coordinator',
      'statefulset/nats',
    );
    let rolling = true;
    const done = witan.kubectl('rollout', 'status', 'statefulset/node', '--timeout=240s').finally(() => {
      rolling = false;
    });
    let signed = 0;
    do {
      await attested();
      signed++;
    } while (rolling);
    await done;
    expect(signed).toBeGreaterThan(10);
    expect((await settled()).key).toBe(before.key);
  });

  test('a missing Secret and a wrong sealing key are named by the pod that has them, and an upgrade stops there', async () => {
    const before = await section();
    await sealWith('witan-sealing-key');
    const last = `node-${NODES - 1}`;
    try {
      await eventually(
        'the pod says that the Secret is missing',
        async () => {
          const events = await witan.kubectl('get', 'events', '-o', 'jsonpath={.items[*].message}');
          return events.includes('secret "witan-sealing-key" not found');
        },
        patience,
      );
      await attested();
      const key = randomBytes(32).toString('hex');
      await witan.kubectl('create', 'secret', 'generic', 'witan-sealing-key', `--from-literal=sealing.key=${key}`);
      const { message } = await eventually(
        'the elder has refused the key',
        async () =>
          (await witan.pods('node'))
            .filter(({ metadata }) => metadata.name === last)
            .flatMap(({ status }) => status.containerStatuses ?? [])
            .map(({ lastState }) => lastState.terminated)
            .find((terminated) => terminated?.exitCode === CODES.WITAN_ERR_SEALED.exit),
        patience,
      );
      expect(message).toContain('WITAN_ERR_SEALED');
      expect(message).not.toContain(key);
      expect((await witan.pods('node')).filter(isReady)).toHaveLength(NODES - 1);
      await attested();
    } finally {
      await witan.kubectl('rollout', 'undo', 'statefulset/node');
    }
    await eventually('all nodes are ready', async () => (await witan.pods('node')).every(isReady), patience);
    expect((await section()).key).toBe(before.key);
  });

  test('the first node with an empty volume joins again, and there is no second network', async () => {
    const genesis = await genesisKey();
    const members = new Set((await section()).members.map(({ name }) => name));
    await witan.kubectl('delete', 'pvc', 'data-node-0', '--wait=false');
    await witan.kill('node-0');
    const newcomer = await eventually(
      'node-0 is a member under another name',
      async () => (await section()).members.find(({ name }) => !members.has(name)),
      patience,
    );
    const logs = await witan.kubectl('logs', 'node-0', '-c', 'elder');
    expect(logs).toContain(newcomer.name);
    expect(logs).toContain('"event":"founding"');
    expect(logs).not.toMatch(/"action":"genesis".*"source":"own"/);
    expect(await genesisKey()).toBe(genesis);
    await attested();
  });

  test('a pod with a wrong setting says which, and the others go on', async () => {
    await witan.kubectl('set', 'env', 'deployment/dkg-coordinator', 'WITAN_PHASE_DEADLINE_MS=soon');
    try {
      const { exitCode, message } = await eventually(
        'a coordinator has ended',
        async () =>
          (await witan.pods('dkg-coordinator'))
            .flatMap(({ status }) => status.containerStatuses ?? [])
            .map(({ lastState }) => lastState.terminated)
            .find((terminated) => terminated?.exitCode === CODES.WITAN_ERR_CONFIG.exit),
        patience,
      );
      expect(exitCode).toBe(CODES.WITAN_ERR_CONFIG.exit);
      expect(message).toContain('WITAN_PHASE_DEADLINE_MS="soon"');
      expect((await witan.pods('dkg-coordinator')).filter(isReady)).toHaveLength(2);
    } finally {
      await witan.kubectl('rollout', 'undo', 'deployment/dkg-coordinator');
    }
  });

  test('is gone when it is deleted, volumes and all', async () => {
    await kubectl('delete', '-k', OVERLAY, '--wait=false');
    const left = async () =>
      witan.kubectl('get', 'all,pvc,configmap', '-o', 'name', '-l', 'app.kubernetes.io/part-of=witan');
    await eventually('nothing is left', async () => (await left()) === '', patience);
  });
});
