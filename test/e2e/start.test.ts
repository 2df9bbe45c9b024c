import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Launcher, type LauncherSummary } from '../support/launcher.ts';
import { isAlive } from '../support/orphans.ts';
import { NODE, ROOT } from '../support/service-process.ts';

const NODES = 4;
/** Of a first start on a machine that other tests keep busy. */
const START_MS = 90_000;

let folder: string;
let launcher: Launcher;
let first: LauncherSummary;

const data = () => join(folder, 'data');
const witan = (...args: string[]) =>
  spawnSync(NODE, [join(ROOT, 'libs/cli/bin/witan.mjs'), ...args, '--url', first.url], {
    encoding: 'utf8',
    cwd: folder,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-start-'));
  launcher = new Launcher(data(), ['--nodes', String(NODES)]);
  first = await launcher.ready();
}, START_MS);

afterAll(async () => {
  await launcher.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('npm start makes a section key that all elders hold a share of', () => {
  expect(first).toMatchObject({ resumed: false, threshold: 3, elders: NODES });
  expect(first.chainLength).toBeGreaterThan(1);
  expect(first.sectionKey).not.toBe(first.genesisKey);
  expect(first.memory.pssBytes).toBeLessThan(2e9);
});

test('it serves the API, its documentation, the explorer and the metrics of every process', async () => {
  for (const path of ['/v1/network', '/docs', '/', '/openapi.json']) {
    expect((await fetch(first.url + path)).status, path).toBe(200);
  }
  const { processes } = await eventually(
    'every process is ready',
    () => launcher.cluster.processes.every(({ state }) => state === 'ready') && launcher.cluster,
    { withinMs: 30_000 },
  );
  expect(processes.map(({ name }) => name)).toHaveLength(3 + 2 * NODES);
  for (const { name, metrics } of processes) {
    if (name === 'nats') continue;
    expect(await (await fetch(metrics!)).text(), name).toContain('witan_build_info');
  }
});

test('the command line looks at it, has it sign, and verifies offline', () => {
  const status = witan('status');
  expect(status).toMatchObject({ status: 0, stderr: '' });
  expect(status.stdout).toContain(first.sectionKey);
  expect(witan('chain', 'verify', '--genesis', first.genesisKey)).toMatchObject({ status: 0 });
  writeFileSync(join(folder, 'payload'), 'to be signed');
  expect(witan('attest', 'payload', '--out', 'proof.json')).toMatchObject({ status: 0 });
  const verified = witan('verify', 'proof.json', '--payload', 'payload', '--genesis', first.genesisKey);
  expect(verified).toMatchObject({ status: 0, stderr: '' });
  expect(verified.stdout).toContain('✓ holds');
});

test('a process that is killed is started again', async () => {
  const { pid } = launcher.cluster.processes.find(({ name }) => name === 'node-1-elder')!;
  process.kill(pid, 'SIGKILL');
  const again = await launcher.until((note) => {
    const { name, state, restarts } = (note.process ?? {}) as { name?: string; state?: string; restarts?: number };
    return name === 'node-1-elder' && state === 'ready' && restarts === 1;
  });
  expect(again.process).toMatchObject({ lastEnd: 'killed by SIGKILL' });
  expect(isAlive(pid)).toBe(false);
});

test('a second launcher on the same directory is refused', async () => {
  const second = new Launcher(data());
  expect(await second.ended).toBe(75);
  expect(second.errors).toContain('WITAN_ERR_LOCKED');
  expect(second.errors).toContain(`npm start already runs with ${data()}`);
});

test('Ctrl-C stops all of it and leaves no process', async () => {
  const { pids } = launcher;
  expect(pids).toHaveLength(4 + 2 * NODES);
  expect(await launcher.stop()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(join(data(), 'cluster.json'))).toBe(false);
});

test(
  'a second start resumes: same nodes, same keys, no new session',
  async () => {
    launcher = new Launcher(data());
    const second = await launcher.ready();
    const { genesisKey, sectionKey, chainLength, elders } = first;
    expect(second).toMatchObject({ resumed: true, genesisKey, sectionKey, chainLength, elders });
    expect(launcher.cluster.processes).toHaveLength(3 + 2 * NODES);
    const started = launcher.notes.filter(
      (note) => (note.event as { type?: string } | undefined)?.type === 'dkg.started',
    );
    expect(started).toEqual([]);
  },
  START_MS,
);

test('a launcher that is killed outright takes everything with it', async () => {
  const { pids } = launcher;
  launcher.process.kill('SIGKILL');
  await launcher.ended;
  await eventually('no process is left', () => pids.filter(isAlive).length === 0, { withinMs: 15_000 });
  expect(pids.filter(isAlive)).toEqual([]);
});
