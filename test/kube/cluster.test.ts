import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KubeWorld } from '../chaos/drivers/kube.ts';
import { missedOf, shortRun } from '../chaos/short-run.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { isReady, K8S, kubectl, whyNoCluster } from '../support/kube.ts';
import { badInputTests } from './bad-input.ts';
import { Network, namesOf, patience } from './network.ts';
import { Secrets } from './secrets.ts';
import { securityTests } from './security.ts';

const why = whyNoCluster();
if (why) console.error(`NOT RUN, the deployment: ${why}`);

const OVERLAYS = ['local', 'production'];
const LOCAL = `${K8S}/overlays/local`;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SECURED = here('secured');
const NAMESPACES = ['witan', 'witan-secured'];
const IMAGE = 'witan:0.1.0';
const UPGRADE = 'witan:0.1.1';
const CONTAINERS = {
  'statefulset/node': ['elder', 'adult'],
  'deployment/gateway': ['gateway'],
  'deployment/dkg-coordinator': ['dkg-coordinator'],
};

/**
 * Gives the images to the nodes of the cluster, by the command that `WITAN_TEST_KUBE_LOAD` names: those of the archive
 * `WITAN_TEST_KUBE_IMAGES`, or new ones.
 */
async function loadImages(command: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'witan-kube-'));
  try {
    const made = process.env.WITAN_TEST_KUBE_IMAGES;
    const archive = made ?? join(folder, 'images.tar');
    if (!made) execFileSync(here('images.sh'), [archive], { stdio: 'ignore' });
    execFileSync(command, [archive], { stdio: 'ignore' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The name of the node whose pod this is, which every line of its log has. */
async function nameOf(network: Network, pod: string): Promise<string> {
  const log = await network.kubectl('logs', pod, '-c', 'elder', '--tail=50');
  const name = /"node":"([0-9a-f]{64})"/.exec(log)?.[1];
  if (name === undefined) throw new Error(`${pod} has not said its name`);
  return name;
}

/** Deletes what an overlay has made, its namespace among it. */
async function remove(overlay: string): Promise<void> {
  await kubectl('delete', '-k', overlay, '--ignore-not-found', '--wait=false');
}

beforeAll(async () => {
  if (why) return;
  // What is not this suite's own is left alone, also at the end.
  const existing = await kubectl('get', 'namespaces', ...NAMESPACES, '--ignore-not-found', '-o', 'name');
  if (existing !== '') throw new Error(`the cluster has this already: ${existing}`);
  if (process.env.WITAN_TEST_KUBE_LOAD) await loadImages(process.env.WITAN_TEST_KUBE_LOAD);
});

describe.skipIf(why)('the overlay for one machine', () => {
  const witan = new Network('witan');
  /** What the server said to each overlay before there was anything. */
  const taken: string[] = [];

  beforeAll(async () => {
    await kubectl('apply', '-f', `${LOCAL}/namespace.yaml`);
    for (const overlay of OVERLAYS) {
      taken.push(await kubectl('apply', '--dry-run=server', '-k', `${K8S}/overlays/${overlay}`));
    }
  });

  afterAll(async () => {
    witan.close();
    await remove(LOCAL);
  });

  test('is taken by the server as it is written, and so is that of production', () => {
    expect(taken).toHaveLength(OVERLAYS.length);
    for (const said of taken) {
      const objects = said.split('\n').filter((line) => line.includes('(server dry run)'));
      expect(objects.length).toBeGreaterThan(20);
      expect(said).toContain('statefulset.apps/node created');
    }
  });

  test('becomes a section of seven that signs', async () => {
    const began = performance.now();
    await kubectl('apply', '-k', LOCAL);
    await witan.settled();
    figure('kubectl apply to a 5-of-7 section, all pods ready', performance.now() - began, { targetMs: 90_000 });
    await witan.attested();
  });

  test('loses nothing, whatever is killed in it', async () => {
    const history = await shortRun(new KubeWorld({ namespace: witan.name }), ['kill-one-of-each', 'kill-all-nats']);
    expect(history.violations).toEqual([]);
    expect(history.episodes.map(({ experiment }) => experiment)).toEqual(['kill-one-of-each', 'kill-all-nats']);
    expect(missedOf(history)).toEqual([]);
    expect(history.operations.length).toBeGreaterThan(20);
  });

  test('is gone when it is deleted, volumes and all', async () => {
    await remove(LOCAL);
    const left = () => witan.kubectl('get', 'all,pvc,configmap', '-o', 'name', '-l', 'app.kubernetes.io/part-of=witan');
    await eventually('nothing is left', async () => (await left()) === '', patience);
  });
});

describe.skipIf(why)('a network with sealed nodes on a secured bus', () => {
  const secrets = new Secrets('witan-secured');
  const witan = new Network('witan-secured', secrets.caFile);

  beforeAll(async () => {
    await kubectl('create', 'namespace', witan.name);
    await secrets.make();
    await secrets.seal();
    await kubectl('apply', '-k', SECURED);
    await witan.settled();
  });

  afterAll(async () => {
    witan.close();
    await remove(SECURED);
    rmSync(secrets.folder, { recursive: true, force: true });
  });

  test('warns of no setting that nobody knows', async () => {
    const logs = await witan.serviceLogs();
    expect(logs.filter((line) => line.includes('"event":"ready"')).length).toBeGreaterThan(0);
    expect(logs.filter((line) => line.includes('no such setting'))).toEqual([]);
  });

  securityTests(witan, secrets);

  test('goes on signing when an elder is killed, who is back with its share of the same key', async () => {
    const before = await witan.section();
    const victim = 'node-3';
    const { uid } = (await witan.pods('node')).find(({ metadata }) => metadata.name === victim)!.metadata;
    await witan.kill(victim);
    await witan.attested();
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
    expect((await witan.settled()).key).toBe(before.key);
  });

  test('two nodes, a NATS server, a gateway and a coordinator killed at once: what is asked is answered, all heal', async () => {
    const before = await witan.section();
    const one = async (component: string) => namesOf(await witan.pods(component))[0]!;
    const victims = ['node-1', 'node-5', 'nats-1', await one('gateway'), await one('dkg-coordinator')];
    const began = performance.now();
    await witan.kill(...victims);
    for (let count = 0; count < 10; count++) await witan.attested();
    expect((await witan.settled()).key).toBe(before.key);
    figure('two nodes, a NATS server, a gateway and a coordinator killed at once: healed', performance.now() - began, {
      targetMs: 30_000,
    });
  });

  test('every pod killed at once: the same chain, and usable shares', async () => {
    const before = await witan.section();
    const genesis = await witan.genesisKey();
    const began = performance.now();
    await witan.kill(...namesOf(await witan.pods()));
    const after = await witan.settled();
    figure('every pod killed at once: healed', performance.now() - began);
    expect([after.key, await witan.genesisKey()]).toEqual([before.key, genesis]);
    expect(after.elders.map(({ name }) => name)).toEqual(before.elders.map(({ name }) => name));
    await witan.attested();
  });

  test('an upgrade rolls to another version pod by pod, and back, and signs all the while', async () => {
    const before = await witan.section();
    const services = Object.keys(CONTAINERS);
    const rolled = async (image: string): Promise<void> => {
      for (const each of services) await witan.kubectl('rollout', 'status', each, '--timeout=280s');
      const images = (await witan.containers()).map((each) => each.image);
      expect(new Set(images)).toEqual(new Set([image]));
    };
    await witan.kubectl('rollout', 'restart', 'statefulset/nats');
    for (const [service, containers] of Object.entries(CONTAINERS)) {
      await witan.kubectl('set', 'image', service, ...containers.map((each) => `${each}=${UPGRADE}`));
    }
    expect(await witan.signsWhile(rolled(UPGRADE))).toBeGreaterThan(10);
    for (const service of services) await witan.kubectl('rollout', 'undo', service);
    expect(await witan.signsWhile(rolled(IMAGE))).toBeGreaterThan(10);
    expect((await witan.settled()).key).toBe(before.key);
  });

  test('a node whose volume was lost is the same node again, from its backup', async () => {
    const victim = 'node-6';
    const before = await witan.section();
    const name = await nameOf(witan, victim);
    await witan.kubectl('delete', 'pvc', `data-${victim}`, '--wait=false');
    await witan.kill(victim);
    const restored = () => witan.kubectl('logs', victim, '-c', 'restore');
    await eventually('the pod begins with its backup', async () => (await restored()).includes('/backup/'), patience);
    await eventually('it has its name again', async () => (await nameOf(witan, victim)) === name, patience);
    const after = await witan.settled();
    expect(after.members.map((member) => member.name)).toEqual(before.members.map((member) => member.name));
    await witan.attested();
  });

  badInputTests(witan, secrets, SECURED);
});
