import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { K8S, kubectl, whyNoCluster } from '../support/kube.ts';
import { badInputTests } from './bad-input.ts';
import { BREAKABLE, chaosTests } from './broken.ts';
import { build, deploy, remove, tried } from './deploy.ts';
import { evictionTests } from './eviction.ts';
import { killedTests } from './killed.ts';
import { Network, patience } from './network.ts';
import { rolledTests } from './rolled.ts';
import { Secrets } from './secrets.ts';
import { securityTests } from './security.ts';
import { SmallDisks } from './small-disks.ts';

const why = whyNoCluster();
if (why) console.error(`NOT RUN, the deployment: ${why}`);

const LOCAL = `${K8S}/overlays/local`;
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SECURED = here('secured');
const NAMESPACES = ['witan', 'witan-secured'];
/** Beside these two, whatever of `k8s/components` is in neither. */
const OVERLAYS = [
  LOCAL,
  `${K8S}/overlays/production`,
  SECURED,
  BREAKABLE,
  ...['monitored', 'external-nats', 'stored'].map(here),
];
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

beforeAll(async () => {
  if (why) return;
  // What is not this suite's own is left alone, also at the end.
  const existing = await kubectl('get', 'namespaces', ...NAMESPACES, '--ignore-not-found', '-o', 'name');
  if (existing !== '') throw new Error(`the cluster has this already: ${existing}`);
  if (process.env.WITAN_TEST_KUBE_LOAD) await loadImages(process.env.WITAN_TEST_KUBE_LOAD);
});

describe.skipIf(why)('the overlay for one machine', () => {
  const witan = new Network('witan');
  const disks = new SmallDisks(witan.name, ['data-node-6', 'data-node-7', 'data-node-8']);

  beforeAll(async () => {
    await kubectl('apply', '-f', `${LOCAL}/namespace.yaml`);
    await disks.make();
  });

  afterAll(async () => {
    witan.close();
    await remove(LOCAL);
    await disks.remove();
  });

  test.for(OVERLAYS)('%s is taken by the server as it is written', async (overlay) => {
    const { taken, unserved } = await tried(overlay, witan.name);
    for (const kind of unserved) console.info(`NOT RUN, ${kind} of ${overlay}: this cluster does not serve it`);
    const objects = await build(overlay);
    expect(taken).toHaveLength(objects.filter(({ kind }) => !unserved.includes(kind)).length);
    expect(['PodMonitor', 'PrometheusRule']).toEqual(expect.arrayContaining([...unserved]));
  });

  test('becomes a section of seven that signs', async () => {
    const began = performance.now();
    await deploy(LOCAL);
    await witan.settled();
    figure('kubectl apply to a 5-of-7 section, all pods ready', performance.now() - began, { targetMs: 90_000 });
    await witan.attested();
  });

  evictionTests(witan);

  chaosTests(witan);

  test('is gone when it is deleted, volumes and all', async () => {
    await remove(LOCAL);
    const left = () => witan.kubectl('get', 'all,pvc,configmap', '-o', 'name', '-l', 'app.kubernetes.io/part-of=witan');
    await eventually('nothing is left', async () => (await left()) === '', patience);
  });
});

describe.skipIf(why)('a network with sealed nodes on a secured bus', () => {
  const secrets = new Secrets('witan-secured');
  const { caFile, apiKey } = secrets;
  const witan = new Network('witan-secured', { caFile, apiKey });

  beforeAll(async () => {
    await kubectl('create', 'namespace', witan.name);
    await secrets.make();
    await secrets.seal();
    await secrets.allow(apiKey);
    await deploy(SECURED);
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

  killedTests(witan);
  rolledTests(witan);

  test('a node whose volume was lost is the same node again, from its backup', async () => {
    const victim = 'node-6';
    const before = await witan.section();
    const name = await witan.nameOf(victim);
    await witan.kubectl('delete', 'pvc', `data-${victim}`, '--wait=false');
    await witan.kill(victim);
    const restored = () => witan.kubectl('logs', victim, '-c', 'restore');
    await eventually('the pod begins with its backup', async () => (await restored()).includes('/backup/'), patience);
    await eventually('it has its name again', async () => (await witan.nameOf(victim)) === name, patience);
    const after = await witan.settled();
    expect(after.members.map((member) => member.name)).toEqual(before.members.map((member) => member.name));
    await witan.attested();
  });

  badInputTests(witan, secrets, SECURED);
});
