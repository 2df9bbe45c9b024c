import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { clusterIn, Launcher, type LauncherNote } from '../support/launcher.ts';

const START_MS = 90_000;
const NODES = 3;
const ELDERS = 2;

let folder: string;
let launcher: Launcher;

const data = () => join(folder, 'data');
const backups = () => join(folder, 'backups');
const start = (...options: string[]) =>
  new Launcher(data(), options, { WITAN_ELDER_COUNT: String(ELDERS), WITAN_BACKUP_DIR: backups() });

interface Told {
  readonly name: string;
  readonly state: string;
  readonly restarts: number;
  readonly pid: number;
}

const isOf = (name: string, state: string, restarts: number) => (note: LauncherNote) => {
  const told = note.process as Told | undefined;
  return told?.name === name && told.state === state && told.restarts === restarts;
};

/** Ends the gateway, and waits until it is ready again. */
async function gatewayAgain(pid: number, restarts: number): Promise<Told> {
  process.kill(pid, 'SIGKILL');
  return (await launcher.until(isOf('gateway', 'ready', restarts))).process as Told;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-launcher-'));
  launcher = start('--nodes', String(NODES));
  await launcher.until(isOf('node-0-elder', 'starting', 0));
  await launcher.stop();
  launcher = start();
  await launcher.ready();
}, START_MS);

afterAll(async () => {
  await launcher.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a start that was cut short is taken up with as many nodes as it was asked for', () => {
  expect(launcher.notes.find(({ type }) => type === 'begin')).toMatchObject({ nodes: NODES });
  expect(clusterIn(data()).processes.filter(({ name }) => name.endsWith('-elder'))).toHaveLength(NODES);
});

test('the section is complete with as many elders as somebody has set', async () => {
  expect(await launcher.ready()).toMatchObject({ elders: ELDERS });
});

test('each elder has a directory for its backups where one is set for all', async () => {
  const nodes = Array.from({ length: NODES }, (_, node) => `node-${node}`);
  const identity = (directory: string) => readFileSync(join(directory, 'identity.sealed'), 'hex');
  const taken = (node: string) => readdirSync(join(backups(), node)).filter((name) => name.endsWith('Z'));
  await eventually(
    'each is backed up',
    () => nodes.every((node) => existsSync(join(backups(), node))) && nodes.every((node) => taken(node).length > 0),
    {
      withinMs: START_MS,
    },
  );
  expect(readdirSync(backups()).sort()).toEqual(nodes);
  for (const node of nodes) {
    for (const backup of taken(node)) {
      expect(identity(join(backups(), node, backup))).toBe(identity(join(data(), node)));
    }
  }
});

test('what cannot be written ends nothing, and is written when it can be', async () => {
  const blocked = join(data(), 'cluster.json.draft');
  const { pid } = clusterIn(data()).processes.find(({ name }) => name === 'gateway')!;
  mkdirSync(blocked);
  rmSync(join(data(), 'logs'), { recursive: true });
  const again = await gatewayAgain(pid, 1);
  const said = await launcher.until(({ type }) => type === 'remark');
  expect(said.detail).toContain('cluster.json was not written: WITAN_ERR_STORE: ');
  expect(readFileSync(join(data(), 'logs', 'gateway.log'), 'utf8')).toContain('"ready"');
  rmSync(blocked, { recursive: true });
  await gatewayAgain(again.pid, 2);
  await eventually(
    'it is written',
    () => clusterIn(data()).processes.some(({ name, restarts }) => name === 'gateway' && restarts === 2),
    { withinMs: 10_000 },
  );
  expect(await launcher.stop()).toBe(0);
});

test('a network that begins has no backups put where another one has its own', async () => {
  const other = new Launcher(join(folder, 'other'), [], { WITAN_BACKUP_DIR: backups() });
  expect(await other.ended).toBe(78);
  expect(JSON.parse(other.errors)).toMatchObject({
    error: {
      code: 'WITAN_ERR_CONFIG',
      detail: expect.stringContaining(`WITAN_BACKUP_DIR=${backups()}: has the backups of another network`),
    },
  });
});
