import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Section, type WitanEvent } from '@witan/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { clusterIn, Launcher, type LauncherSummary, pidsIn } from '../support/launcher.ts';
import { isAlive } from '../support/orphans.ts';
import { NODE, ROOT } from '../support/service-process.ts';

const START_MS = 60_000;
const NODES = 3;

let folder: string;
let before: LauncherSummary;
let nodesBefore: Set<string>;
let taker: Server;
let child: ChildProcess;
/** All that it said. */
let text = '';

const data = () => join(folder, 'data');
const api = () => createClient(clusterIn(data()).url);
const section = (): Promise<Section> => api().section({ prefix: 'root' });
const takenPort = () => (taker.address() as AddressInfo).port;
const says = (words: string) => eventually(`it says ${words}`, () => text.includes(words), { withinMs: START_MS });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-fresh-'));
  const launcher = new Launcher(data(), ['--nodes', '1']);
  before = await launcher.ready();
  nodesBefore = new Set((await section()).members.map(({ name }) => name));
  await launcher.stop();
  taker = createServer().listen(0, '127.0.0.1');
  await once(taker, 'listening');
  const options = ['--fresh', '--nodes', String(NODES), '--port', String(takenPort()), '--data', data()];
  child = spawn(NODE, [join(ROOT, 'deploy/local/start.mjs'), ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
}, START_MS);

afterAll(async () => {
  if (child.exitCode === null) {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
  taker.close();
  rmSync(folder, { recursive: true, force: true });
});

test('who watches the sessions sees each event as JSON until Ctrl-C', async () => {
  await eventually('the gateway is announced', () => existsSync(join(data(), 'cluster.json')), { withinMs: START_MS });
  const program = join(ROOT, 'libs/cli/bin/witan.mjs');
  const watching = spawn(NODE, [program, 'dkg', 'watch', '--json', '--url', clusterIn(data()).url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let watched = '';
  watching.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
    watched += chunk;
  });
  await says('look further');
  const { key } = await section();
  await eventually('the session of the key is seen to end', () => watched.includes(`"resultKey":"${key}"`), {
    withinMs: 10_000,
  });
  watching.kill('SIGINT');
  expect(await once(watching, 'exit')).toEqual([130, null]);
  const events = watched
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as WitanEvent);
  const done = events.find(({ type, data }) => type === 'dkg.done' && data.resultKey === key);
  expect(done).toMatchObject({ type: 'dkg.done', data: { session: expect.any(String) } });
});

test('without a terminal, npm start tells what happens in a line each, and the end as text', () => {
  const [lines, summary] = text.split('\n\n');
  for (const line of lines!.split('\n')) expect(line).toMatch(/^ +\d+\.\d\d s {2}\S/);
  for (const words of [
    / {2}starts 3 nodes in \/.*$/m,
    / {2}nats is ready$/m,
    / {2}node-0-elder is ready, genesis key [0-9a-f]{8}…$/m,
    / {2}DKG [0-9a-f]{8}… started: 3 participants, 3 needed, attempt 0$/m,
    / {2}DKG [0-9a-f]{8}… contribution closed with 3 messages in \d+ ms$/m,
    / {2}section root handed over to key [0-9a-f]{8}…, link \d$/m,
  ]) {
    expect(lines).toMatch(words);
  }
  expect(summary).toMatch(/^A 3-of-3 section key, made in \d/);
  expect(text).not.toContain('\u001b');
});

test('--port that is taken gives the next free one, which is said', async () => {
  const [, given] = new RegExp(`  port ${takenPort()} is taken, the API gets (\\d+)$`, 'm').exec(text)!;
  expect(Number(given)).not.toBe(takenPort());
  expect(clusterIn(data()).url).toBe(`http://127.0.0.1:${given}`);
  expect(await api().livez()).toMatchObject({ status: 'ok' });
});

test('--fresh begins another network, of other nodes', async () => {
  const { genesisKey } = await api().network();
  expect(genesisKey).not.toBe(before.genesisKey);
  expect(text).toContain(genesisKey);
  const { members } = await section();
  expect(members).toHaveLength(NODES);
  expect(members.filter(({ name }) => nodesBefore.has(name))).toEqual([]);
});

test('SIGTERM stops all of it in order as well', async () => {
  const { nats, children } = pidsIn(data());
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect([nats, ...children].filter(isAlive)).toEqual([]);
  expect(text).toMatch(/ s {2}stops \(SIGTERM\)\n.* s {2}Stopped in .*, no process is left\.\n$/);
});
