import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { eventually } from '../support/eventually.ts';
import { useCluster } from '../support/use-cluster.ts';

const { cluster } = useCluster({ nodes: 3, settings: { elderCount: 9, settleMs: 300 } });

const attest = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
const backupDir = () => join(cluster.directory, 'backups');
const keyFile = () => join(cluster.directory, 'sealing.key');

/** A backup that was taken after now. */
async function backupOf({ elder }: ClusterNode): Promise<string> {
  const taken = elder.said({ event: 'backup' }).length;
  // The one that was running already, and one more.
  const next = () => elder.said({ event: 'backup' })[taken + 1]?.directory as string | undefined;
  const directory = await eventually(`${elder.name} is backed up`, next, { withinMs: PATIENCE_MS });
  const kept = join(cluster.directory, `kept-${taken}`);
  cpSync(directory, kept, { recursive: true });
  return kept;
}

/** The volume is lost, with all that was on it; what comes back is the backup and the sealing key. */
async function loseAndRestore(node: ClusterNode, backup: string): Promise<void> {
  await node.kill();
  rmSync(node.dataDir, { recursive: true });
  cpSync(backup, node.dataDir, { recursive: true });
  cpSync(keyFile(), join(node.dataDir, 'sealing.key'));
  node.elder.start();
  node.adult.start();
  await node.elder.says({ event: 'restoring' }, PATIENCE_MS);
  await Promise.all([node.elder.ready(PATIENCE_MS), node.adult.ready(PATIENCE_MS)]);
}

async function expectNobodyAccused(): Promise<void> {
  const accused = cluster.nodes.flatMap(({ elder }) =>
    elder.lines.filter(({ event }) => event === 'blame' || event === 'equivocation'),
  );
  expect(accused).toEqual([]);
  const { sessions } = await cluster.api.sessions({ limit: 100 });
  expect(sessions.map(({ state, blame }) => ({ state, blame }))).toEqual(
    sessions.map(() => ({ state: 'done', blame: [] })),
  );
}

/** What is done while so many other elders are away. */
async function without(elders: readonly ClusterNode[], act: () => Promise<unknown>): Promise<void> {
  for (const { elder } of elders) elder.pause();
  try {
    await act();
  } finally {
    for (const { elder } of elders) elder.resume();
  }
}

test('a node whose volume was lost comes back from a backup of an earlier key: as itself, and has a share of the next one', async () => {
  const node = await cluster.addNode();
  await node.elder.ready(PATIENCE_MS);
  await node.elder.stop();
  Object.assign(node.elder.env, { WITAN_BACKUP_DIR: backupDir(), WITAN_BACKUP_EVERY_MS: '1000' });
  await node.elder.start().ready(PATIENCE_MS);
  await cluster.settled();
  cpSync(join(node.dataDir, 'sealing.key'), keyFile());
  const { name } = node;
  const old = await cluster.section();
  const backup = await backupOf(node);
  expect(readdirSync(backup).sort()).toEqual(['elder.db', 'identity.sealed']);
  const metrics = await node.elder.metrics();
  expect(metrics.value('witan_backup_interval_seconds')).toBe(1);
  const ageMs = Date.now() - metrics.value('witan_backup_last_success_timestamp_seconds')! * 1000;
  expect(ageMs).toBeGreaterThanOrEqual(0);
  expect(ageMs).toBeLessThan(PATIENCE_MS);
  await cluster.addNode();
  const since = await cluster.settled();
  expect(since.key).not.toBe(old.key);

  await loseAndRestore(node, backup);
  expect(node.elder.said({ event: 'ready' })[0]).toMatchObject({ node: name });
  await node.elder.says({ event: 'restored', generation: since.generation }, PATIENCE_MS);
  expect((await node.elder.metrics()).value('witan_elder_usable_share')).toBe(0);
  await attest();
  await cluster.addNode();
  const after = await cluster.settled();
  expect(after.elders.map((elder) => elder.name)).toContain(name);
  await node.usableShareMs(after.generation, PATIENCE_MS);
  await expectNobodyAccused();
});

test('from a backup of the present key it signs at once, and votes with the next one', async () => {
  const node = cluster.nodes[3]!;
  const others = cluster.nodes.filter((each) => each !== node);
  const before = await cluster.section();
  await loseAndRestore(node, await backupOf(node));
  await node.elder.says({ event: 'restored', generation: before.generation }, PATIENCE_MS);
  // Five of six sign.
  await without(others.slice(0, 1), attest);
  await cluster.addNode();
  const after = await cluster.settled();
  // A share that it would not vote with it does not tell of.
  expect(after.elders.find(({ name }) => name === node.name)).toMatchObject({ usableShare: true });
  await expectNobodyAccused();
});
