import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chain, createClient, Node, PHASES, ProofBundle, parse, type Section, Session } from '@witan/api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { freePort } from '../support/free-port.ts';
import { clusterIn, Launcher, pidsIn } from '../support/launcher.ts';
import { listeningAddresses } from '../support/listeners.ts';
import { memoryBytes } from '../support/memory.ts';
import { isAlive } from '../support/orphans.ts';
import { NODE, ROOT } from '../support/service-process.ts';
import { Terminal } from '../support/terminal.ts';

const NODES = 9;
const PROCESSES = ['nats', 'gateway', 'coordinator'].concat(
  Array.from({ length: NODES }, (_, node) => [`node-${node}-elder`, `node-${node}-adult`]).flat(),
);
/** Of a first start on a machine that other tests keep busy. */
const START_MS = 90_000;
const TARGET_MS = 20_000;
const TARGET_BYTES = 2e9;
const LOOPBACK = '0100007F';
const WITAN = join(ROOT, 'libs/cli/bin/witan.mjs');

let folder: string;
let port: number;
let terminal: Terminal;
/** What there was before the first stop. */
let before: { section: Section; genesisKey: string; chain: Chain; sessions: string[]; times: (string | null)[][] };

const data = () => join(folder, 'data');
const cluster = () => clusterIn(data());
const api = () => createClient(cluster().url);
const witan = (...args: string[]) =>
  spawnSync(NODE, [WITAN, ...args, '--url', cluster().url], {
    encoding: 'utf8',
    cwd: folder,
  });
/** What a command gives to programs. */
const json = (...args: string[]): unknown => {
  const { status, stdout, stderr } = witan(...args, '--json');
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return JSON.parse(stdout);
};
/** What `npm start` tells at its end, by its label. */
const told = (label: string) => new RegExp(`^  ${label} +(.*)$`, 'm').exec(terminal.screen.text)?.[1] ?? '';
/** When each phase of each session began. */
const timesOf = (sessions: readonly Session[]) =>
  sessions.map(({ phases }) => phases.map(({ startedAt }) => startedAt));
const allAreReady = () =>
  eventually('every process is ready', () => cluster().processes.every(({ state }) => state === 'ready'), {
    withinMs: 60_000,
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-start-'));
  port = await freePort();
  const startedAt = performance.now();
  terminal = new Terminal(`npm start -- --port ${port} --data '${data()}'`, { columns: 120, rows: 40 }, { cwd: ROOT });
  await terminal.shows('Ctrl-C stops everything.', START_MS);
  figure('npm start to a 5-of-7 key', performance.now() - startedAt, { targetMs: TARGET_MS });
}, START_MS);

afterAll(async () => {
  if (terminal.process.exitCode === null) terminal.interrupt();
  await terminal.ended;
  rmSync(folder, { recursive: true, force: true });
});

describe('npm start on a terminal', () => {
  test('shows a bar for each phase of the sessions on the way to a 5-of-7 key', () => {
    const { frames, text } = terminal.screen;
    for (const phase of PHASES) {
      const bar = new RegExp(`^  ${phase} +█+ +(\\d/\\d|nobody asked) +\\d+ ms`, 'im');
      expect(
        frames.some((frame) => bar.test(frame)),
        phase,
      ).toBe(true);
    }
    expect(text).toMatch(/^A 5-of-7 section key, made in \d/m);
    expect(text).toContain('Ctrl-C stops everything.');
  });

  test('tells the keys and addresses as they are', async () => {
    expect(cluster().url).toBe(`http://127.0.0.1:${port}`);
    const section = await api().section({ prefix: 'root' });
    expect(section).toMatchObject({ threshold: 5, key: told('section key') });
    expect(section.elders).toHaveLength(7);
    const { genesisKey } = await api().network();
    expect(genesisKey).toBe(told('genesis key'));
    expect(section.key).not.toBe(genesisKey);
    expect(told('chain')).toBe(`${section.chainLength} keys, each signed by the one before`);
    for (const [label, path, type] of [
      ['explorer', '/', 'text/html'],
      ['API', '/v1/network', 'application/json'],
      ['API document', '/docs', 'text/html'],
      ['metrics', '/metrics', 'text/plain'],
    ] as const) {
      const address = told(label).split(' ')[0]!;
      const answer = await fetch(address);
      expect([label, answer.status]).toEqual([label, 200]);
      expect(answer.headers.get('content-type')).toContain(type);
      expect(new URL(address).pathname).toBe(path);
    }
  });

  test('runs NATS, a gateway, a coordinator and two processes for each of nine nodes, each with its metrics', async () => {
    await allAreReady();
    const { processes } = cluster();
    expect(processes.map(({ name }) => name).sort()).toEqual(PROCESSES.toSorted());
    for (const { name, metrics } of processes) {
      if (name === 'nats') continue;
      expect(await (await fetch(metrics!)).text(), name).toContain('witan_build_info');
    }
  });

  test('listens on loopback and nowhere else', () => {
    const { nats, children } = pidsIn(data());
    expect(listeningAddresses(nats)).toEqual([LOOPBACK]);
    for (const pid of children) {
      for (const address of listeningAddresses(pid)) expect(address).toBe(LOOPBACK);
    }
  });

  test('takes no more memory than it should', () => {
    const { launcher, nats, children } = pidsIn(data());
    const bytes = memoryBytes([launcher, nats, ...children]);
    console.info(`measured: npm start, idle: ${Math.round(bytes / 1e6)} MB (target ${TARGET_BYTES / 1e6} MB)`);
    expect(bytes).toBeLessThan(TARGET_BYTES);
  });
});

describe('the command line', () => {
  test('shows how the section is, also by npx', () => {
    const byNpx = spawnSync('npx', ['witan', 'status', '--url', cluster().url], { encoding: 'utf8', cwd: ROOT });
    expect(byNpx.status).toBe(0);
    expect(byNpx.stdout).toContain(told('section key'));
    expect(byNpx.stdout).toContain('7 of 7 elders live, 5 needed: 2 to spare');
    expect(json('status')).toMatchObject({ sections: [{ health: { live: 7, usable: 7, spare: 2 } }] });
  });

  test('lists the nodes, and shows one', () => {
    const all = (json('nodes') as unknown[]).map((node) => parse(Node, node, 'node'));
    expect(all).toHaveLength(NODES);
    expect(all.filter(({ roles }) => roles.includes('elder'))).toHaveLength(7);
    const { status, stdout } = witan('nodes');
    expect(status).toBe(0);
    expect(stdout.match(/^[0-9a-f]{8}… {2}\d+ {2,}adult(, elder)? +joined +root +● +/gm)).toHaveLength(NODES);
    expect(stdout).toMatch(/^9 nodes$/m);
    const [first] = all;
    expect(parse(Node, json('nodes', first!.name.slice(0, 16)), 'node').name).toBe(first!.name);
  });

  test('shows the chain and verifies it from the genesis key', () => {
    const [genesisKey, key] = [told('genesis key'), told('section key')];
    const { links } = parse(Chain, { nextCursor: null, ...(json('chain', 'show') as object) }, 'chain');
    expect(links.at(0)).toMatchObject({ key: genesisKey, reason: 'genesis' });
    expect(links.at(-1)).toMatchObject({ key, reason: 'handover' });
    expect(witan('chain', 'show').stdout).toMatch(
      new RegExp(`^${links.length - 1} +${key.slice(0, 8)}… .* handover$`, 'm'),
    );
    expect(json('chain', 'verify', '--genesis', genesisKey)).toEqual({
      valid: true,
      links: links.length,
      genesisKey,
      key,
      generation: links.at(-1)!.generation,
    });
    expect(witan('chain', 'verify', '--genesis', key)).toMatchObject({ status: 3, stdout: '' });
  });

  test('shows the sessions, and the end of one that is watched', () => {
    const sessions = (json('dkg', 'list') as unknown[]).map((session) => parse(Session, session, 'session'));
    const [newest] = sessions;
    expect(newest).toMatchObject({ state: 'done', resultKey: told('section key'), threshold: 5 });
    expect(parse(Session, json('dkg', 'show'), 'session')).toEqual(newest);
    const rows = witan('dkg', 'list').stdout.match(/^[0-9a-f]{8}… +\d+ +\d+ +\d of \d +done in .*$/gm);
    expect(rows).toHaveLength(sessions.length);
    const shown = witan('dkg', 'show', newest!.id.slice(0, 8));
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    for (const phase of ['Initialisation', 'Contribution', 'Complaining', 'Commitment', 'Finalisation']) {
      expect(shown.stdout).toMatch(new RegExp(`^  ${phase} +█+ +7/7 +\\d+ ms$`, 'm'));
    }
    expect(shown.stdout).toContain(`✓ key ${told('section key').slice(0, 8)}…`);
    const watched = witan('dkg', 'watch', newest!.id);
    expect(watched).toMatchObject({ status: 0, stderr: '' });
    expect(watched.stdout).toMatch(/^DKG [0-9a-f]{8}… {2}done in /);
  });

  test('has the section sign, and verifies offline', () => {
    writeFileSync(join(folder, 'payload'), 'to be signed');
    expect(parse(ProofBundle, json('attest', 'payload', '--context', 'e2e'), 'bundle')).toMatchObject({
      context: 'e2e',
      key: told('section key'),
    });
    expect(witan('attest', 'payload', '--out', 'proof.json')).toMatchObject({ status: 0 });
    const verified = witan('verify', 'proof.json', '--payload', 'payload', '--genesis', told('genesis key'));
    expect(verified).toMatchObject({ status: 0, stderr: '' });
    expect(verified.stdout).toContain('✓ holds');
  });
});

test('a second launcher on the same directory is refused', async () => {
  const second = new Launcher(data());
  expect(await second.ended).toBe(75);
  expect(second.errors).toContain('WITAN_ERR_LOCKED');
  expect(second.errors).toContain(`npm start already runs with ${data()}`);
});

test('Ctrl-C stops all of it, leaves no process, and the terminal as it was', async () => {
  const [section, { genesisKey }, chain, { sessions }] = await Promise.all([
    api().section({ prefix: 'root' }),
    api().network(),
    api().chain({ prefix: 'root' }),
    api().sessions(),
  ]);
  before = { section, genesisKey, chain, sessions: sessions.map(({ id }) => id), times: timesOf(sessions) };
  const { launcher, nats, children } = pidsIn(data());
  expect(children).toHaveLength(PROCESSES.length);
  terminal.interrupt();
  await terminal.ended;
  expect([launcher, nats, ...children].filter(isAlive)).toEqual([]);
  expect(existsSync(join(data(), 'cluster.json'))).toBe(false);
  expect(terminal.screen.text).toMatch(/^Stopped in .*, no process is left\.$/m);
  expect(terminal.screen.text).toContain(before.section.key);
  expect(terminal.screen.cursorVisible).toBe(true);
});

describe('a second start', () => {
  let launcher: Launcher;

  beforeAll(async () => {
    launcher = new Launcher(data());
    await launcher.ready();
    await allAreReady();
  }, START_MS);

  afterAll(() => launcher.stop());

  test('resumes: same nodes, same elders, same chain, usable shares, no new session', async () => {
    const names = ({ elders, members }: Section) => [elders, members].map((all) => all.map(({ name }) => name).sort());
    expect(await launcher.ready()).toMatchObject({
      resumed: true,
      genesisKey: before.genesisKey,
      sectionKey: before.section.key,
      chainLength: before.section.chainLength,
    });
    expect(
      cluster()
        .processes.map(({ name }) => name)
        .sort(),
    ).toEqual(PROCESSES.toSorted());
    const isWhole = async () => {
      const section = await api().section({ prefix: 'root' });
      return section.elders.every(({ live, usableShare }) => live && usableShare) && section;
    };
    const section = await eventually('all elders have their shares', isWhole, { withinMs: 30_000 });
    expect(names(section)).toEqual(names(before.section));
    expect(section.generation).toBe(before.section.generation);
    expect(await api().chain({ prefix: 'root' })).toEqual(before.chain);
    const { sessions } = await api().sessions();
    expect(sessions.map(({ id }) => id)).toEqual(before.sessions);
    const asBefore = async () => expect(timesOf((await api().sessions()).sessions)).toEqual(before.times);
    await eventually('the elders have told what they remember', () => asBefore().then(() => true), {
      withinMs: 10_000,
    });
    expect(launcher.events.filter(({ type }) => type === 'dkg.started')).toEqual([]);
    expect(witan('attest', 'payload', '--genesis', before.genesisKey)).toMatchObject({ status: 0 });
  });

  test('a process that is killed is started again', async () => {
    const { pid } = cluster().processes.find(({ name }) => name === 'node-1-elder')!;
    process.kill(pid, 'SIGKILL');
    const again = await launcher.until((note) => {
      const { name, state, restarts } = (note.process ?? {}) as { name?: string; state?: string; restarts?: number };
      return name === 'node-1-elder' && state === 'ready' && restarts === 1;
    });
    expect(again.process).toMatchObject({ lastEnd: 'killed by SIGKILL' });
    expect(isAlive(pid)).toBe(false);
  });

  test('that is killed outright takes everything with it', async () => {
    const { launcher: pid, nats, children } = pidsIn(data());
    process.kill(pid, 'SIGKILL');
    await launcher.ended;
    const left = () => [nats, ...children].filter(isAlive);
    await eventually('no process is left', () => left().length === 0, { withinMs: 15_000 });
  });
});
