import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Conductor } from '../chaos/conductor.ts';
import { LocalWorld } from '../chaos/drivers/local.ts';
import { EXPERIMENTS, type Experiment } from '../chaos/experiments.ts';
import type { History } from '../chaos/history.ts';
import type { Verdict } from '../chaos/verdict.ts';
import type { Part, World } from '../chaos/world.ts';
import { eventually } from '../support/eventually.ts';
import { NODE, ROOT } from '../support/service-process.ts';

const FOUR_NODES = 4;
/** An elder that has no share is given another one, with the next key. */
const PATIENCE_MS = 180_000;
/** A gateway takes a node for alive for four seconds after it was heard of. */
const LONGER_THAN_BELIEVED_MS = 5_000;
const PHASES_KILLED_IN = ['contribution', 'finalisation'];
const EXPERIMENTS_RUN = [
  'kill-one-of-each',
  'partition-majority',
  ...PHASES_KILLED_IN.map((phase) => `kill-in-${phase}`),
  'fill-disk',
  'jump-clock',
];

const EXPERIMENTS_RUN_IN_ORDER = EXPERIMENTS.map(({ name }) => name).filter((name) => EXPERIMENTS_RUN.includes(name));

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function witan(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(NODE, [join(ROOT, 'libs/cli/bin/witan.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err += String(data)));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

describe('witan chaos', () => {
  let report: string;
  let outcome: Outcome;
  beforeAll(async () => {
    report = mkdtempSync(join(tmpdir(), 'witan-report-'));
    outcome = await witan('chaos', ...EXPERIMENTS_RUN, '--hold', '4', '--seed', '7', '--json', '--report', report);
  }, 600_000);
  afterAll(() => rmSync(report, { recursive: true, force: true }));

  test('finds nothing that must never be, whatever it breaks', () => {
    expect(outcome, outcome.err).toMatchObject({ code: 0 });
    const { safe, whole, findings } = JSON.parse(outcome.out) as Verdict;
    expect(safe).toBe(true);
    const left = outcome.err.includes('not with local processes: fill-disk') ? ['fill-disk'] : [];
    expect(findings.map(({ experiment }) => experiment).toSorted()).toEqual(
      EXPERIMENTS_RUN.filter((name) => !left.includes(name)).toSorted(),
    );
    expect(whole.operations).toBeGreaterThan(50);
    for (const { experiment, healedMs } of findings) expect(healedMs, experiment).toBeGreaterThanOrEqual(0);
    for (const { experiment, struck, runs } of findings) expect(struck, `${experiment}: ${outcome.err}`).toBe(runs);
  });

  test('was heard of where it struck, and clients noticed where no quorum was left', () => {
    const { findings } = JSON.parse(outcome.out) as Verdict;
    const of = (name: string) => findings.find(({ experiment }) => experiment === name)!;
    expect(of('partition-majority').firstTry).toBeLessThan(1);
    expect(of('kill-one-of-each').firstTry).toBeLessThan(1);
    expect(outcome.err).toMatch(/killed .*node-\d, node-\d/);
    for (const phase of PHASES_KILLED_IN) expect(outcome.err).toContain(`a DKG session is in ${phase}`);
  });

  test('writes a report as Markdown and as one page, with plots', () => {
    expect(readdirSync(report).toSorted()).toEqual([
      'local-healing.svg',
      'local-latency.svg',
      'local.html',
      'local.md',
    ]);
    const text = readFileSync(join(report, 'local.md'), 'utf8');
    for (const name of ['kill-one-of-each', 'partition-majority']) expect(text).toContain(`| ${name} |`);
    expect(text).toContain(`npx witan chaos ${EXPERIMENTS_RUN_IN_ORDER.join(' ')} --driver local --hold 4 --seed 7`);
    expect(text).toMatch(/Witan \d+\.\d+\.\d+/);
    expect(text).toMatch(/with \d+ cores/);
    expect(readFileSync(join(report, 'local.html'), 'utf8')).toContain('<svg');
  });

  test('names its experiments, and refuses others', async () => {
    const { code, out } = await witan('chaos', '--list', '--json');
    expect(code).toBe(0);
    expect((JSON.parse(out) as Experiment[]).map(({ name }) => name)).toEqual(EXPERIMENTS.map(({ name }) => name));
    expect(await witan('chaos', 'kill-the-king')).toMatchObject({ code: 4, err: /WITAN_ERR_NOT_FOUND.*kill-the-king/ });
  });
});

describe.skipIf(process.platform !== 'linux')('witan chaos, interrupted while something is broken', () => {
  const ENDS_MS = 60_000;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'witan-interrupted-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** All that its run has started has something of the folder among its arguments or in its environment. */
  const runOn = (): string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        const told = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
        return told.some((text) => text.includes(folder));
      } catch {
        return false;
      }
    });

  test.each([
    ['Ctrl-C, which a terminal tells all of its group', 'SIGINT', 130],
    ['the end of its terminal', 'SIGHUP', 129],
  ] as const)(
    'by %s, puts everything right, writes its report and leaves nothing',
    async (_, signal, code) => {
      const report = join(folder, 'report');
      const world = join(folder, 'world');
      mkdirSync(world);
      const args = ['chaos', 'kill-nats-server', 'kill-all-nats', '--nodes', '4', '--hold', '60', '--report', report];
      const child = spawn(NODE, [join(ROOT, 'libs/cli/bin/witan.mjs'), ...args], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, TMPDIR: world },
        detached: true,
      });
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
      // It ends what it has started.
      onTestFinished(async () => {
        child.kill('SIGTERM');
        await exited;
      });
      let out = '';
      child.stdout.on('data', (data) => (out += String(data)));
      await eventually('a NATS server is killed', () => out.includes('killed nats-'), { withinMs: ENDS_MS });
      expect(runOn().length).toBeGreaterThan(10);
      // Of a terminal that is closed there is nothing left to write to.
      if (signal === 'SIGHUP') child.stdout.destroy();
      const interruptedAtMs = performance.now();
      process.kill(-child.pid!, signal);
      expect(await exited).toBe(code);
      expect(performance.now() - interruptedAtMs).toBeLessThan(ENDS_MS);
      await eventually('nothing of it runs on', () => runOn().length === 0, { withinMs: 10_000 });
      expect(readdirSync(world)).toEqual([]);
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(world);
      const text = readFileSync(join(report, 'local.md'), 'utf8');
      expect(text).toContain('it was interrupted');
      expect(text).toContain('**Nothing was lost');
      expect(text).not.toContain('| kill-all-nats |');
    },
    180_000,
  );
});

/** A gateway in front of the gateway, which is not honest. */
async function liar(target: () => string, lie: (path: string, body: string) => string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, headers, url } = request;
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const type = { 'content-type': headers['content-type'] ?? 'application/json' };
    const answer = await fetch(target() + url, { method: method!, body, ...(body && { headers: type }) });
    const text = await answer.text();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(answer.ok ? lie(url!, text) : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

interface Timing {
  readonly steadyMs?: number;
  readonly patienceMs?: number;
}

describe('its judge', () => {
  const world = new LocalWorld({ nodes: FOUR_NODES, seed: 1 });
  let server: Server;
  let lie: (path: string, body: string) => string = (_, body) => body;
  beforeAll(async () => {
    await world.start();
    server = await liar(
      () => world.urls()[0]!,
      (path, body) => lie(path, body),
    );
  }, 120_000);
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await world.stop();
  });

  const calm = EXPERIMENTS.filter(({ name }) => name === 'calm');
  /** The same world, seen through the liar. */
  const run = (
    experiments: readonly Experiment[],
    { steadyMs = 500, patienceMs = 20_000, ...more }: Partial<World> & Timing = {},
  ): Promise<History> => {
    const seen = {
      urls: () => [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
      start: async () => {},
      ...more,
    };
    const through = new Proxy(world, {
      get: (target, name) => {
        const value: unknown = Reflect.get(seen, name) ?? Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return new Conductor({
      world: through,
      experiments,
      seed: 1,
      holdMs: 1_500,
      clients: 2,
      ratePerS: 4,
      patienceMs,
      steadyMs,
      signal: new AbortController().signal,
      onProgress: () => {},
    }).run();
  };
  const violations = ({ violations: all }: History) => all.map(({ what }) => what);

  test('has nothing to say of an honest gateway', async () => {
    lie = (_, body) => body;
    const history = await run(calm);
    expect(violations(history)).toEqual([]);
    expect(history.operations.length).toBeGreaterThan(4);
  });

  test('sees an attestation that does not verify', async () => {
    lie = (path, body) => (path.endsWith('/attestations') ? body.replace('"signedAt":"2', '"signedAt":"1') : body);
    expect(violations(await run(calm))).toContainEqual(expect.stringMatching(/an attestation does not verify/));
  });

  test('sees a chain that was changed, and another genesis key', async () => {
    let asked = 0;
    lie = (path, body) => {
      if (path.includes('/chain')) return body.replace(/"reason":"genesis"/, '"reason":"handover"');
      if (!path.endsWith('/network')) return body;
      return asked++ === 0
        ? body
        : body.replace(/"genesisKey":"(.)/, (_, digit) => `"genesisKey":"${digit === 'a' ? 'b' : 'a'}`);
    };
    const found = violations(await run(calm));
    expect(found).toContainEqual(expect.stringMatching(/does not verify: WITAN_ERR_/));
    expect(found).toContainEqual(expect.stringMatching(/another genesis key/));
  });

  test('sees a process that ended by itself, also when it is killed and started again after that', async () => {
    lie = (_, body) => body;
    const part: Part = { name: 'node-2', role: 'node' };
    const fallen: Experiment = {
      name: 'fallen',
      title: 'a node falls, and is killed then',
      needs: [],
      run: async (stage) => {
        for (const pid of world.pids(part)) process.kill(pid, 'SIGKILL');
        await eventually('its processes are gone', () => world.pids(part).length === 0, { withinMs: 10_000 });
        await stage.kill([part]);
      },
    };
    const found = violations(await run([fallen], { steadyMs: LONGER_THAN_BELIEVED_MS }));
    expect(found.toSorted()).toEqual(['adult-2', 'elder-2'].map((name) => `${name} has ended by itself, SIGKILL: `));
  });

  test('sees a node that does not come back, and a process that ended by itself', async () => {
    lie = (_, body) => body;
    const lost: Experiment = {
      name: 'lost',
      title: 'a node is lost for good',
      needs: [],
      run: async (stage) => stage.kill([{ name: 'node-3', role: 'node' }]),
    };
    const found = violations(
      await run([lost], {
        steadyMs: LONGER_THAN_BELIEVED_MS,
        revive: async () => {},
        complaints: async () => ['elder-3 has ended'],
      }),
    );
    expect(found).toContainEqual(expect.stringMatching(/^lost: not healed in 20 s: 3 of 4 elders/));
    expect(found).toContain('elder-3 has ended');
    // Whoever does no part of the section's work is missed too.
    const others: readonly Part[] = [
      { name: 'nats-2', role: 'nats' },
      { name: 'coordinator-1', role: 'coordinator' },
    ];
    await world.kill(others);
    const gone = ['dkg-coordinator-1', 'elder-3', 'adult-3'].map((name) => `${name} does not run`);
    // Those that were connected to that server need a moment to find another one.
    await vi.waitFor(
      async () => expect(await world.unready()).toEqual(['nats-2 does not answer', ...gone]),
      PATIENCE_MS,
    );
    await world.revive([{ name: 'node-3', role: 'node' }, ...others]);
  });

  test('sees an elder that comes back without its key share, before it is given another one', async () => {
    lie = (_, body) => body;
    const part: Part = { name: 'node-1', role: 'node' };
    const robbed: Experiment = {
      name: 'robbed',
      title: 'a node loses its journal',
      needs: [],
      run: async (stage) => {
        await stage.kill([part]);
        for (const end of ['', '-wal', '-shm']) rmSync(join(world.dataDir(part), `elder.db${end}`), { force: true });
      },
    };
    const found = violations(await run([robbed], { steadyMs: LONGER_THAN_BELIEVED_MS }));
    // Beside it, that the section is not whole: this does not wait until it has another key.
    const lost = /^lost key share of [0-9a-f]{96}: [0-9a-f]{64} has come back with nothing$/;
    expect(found).toContainEqual(expect.stringMatching(lost));
  });
});
