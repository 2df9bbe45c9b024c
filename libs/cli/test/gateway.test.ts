import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Section, type Session, toProblem } from '@witan/api';
import { WitanError } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { witan } from './stand-in.ts';

const DEV_SERVER = fileURLToPath(new URL('../../../services/gateway/test/dev-server.ts', import.meta.url));

const servers: ChildProcess[] = [];
let env: { WITAN_URL: string };
/** Where sessions come and go, and elders with them: for those who watch. */
let moving: { WITAN_URL: string };
let folder: string;

/** The address of a gateway whose made-up section takes a step every `tick` ms; with 0 it stands still. */
async function gateway(tick: number): Promise<string> {
  const server = spawn(process.execPath, [DEV_SERVER, '--port', '0', '--tick', String(tick)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  return new Promise<string>((resolve, reject) => {
    let text = '';
    server.stdout!.on('data', (chunk) => {
      text += chunk;
      const found = /explorer (http:\S+?)\/?\n/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    server.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${text}`)));
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-cli-'));
  const [still, busy] = await Promise.all([gateway(0), gateway(20)]);
  env = { WITAN_URL: still };
  moving = { WITAN_URL: busy };
}, 30_000);

afterAll(() => {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (...args: string[]) => witan(args, { env, now: Date.now() });
const askJson = async <T>(...args: string[]): Promise<T> => JSON.parse((await ask(...args, '--json')).out) as T;

describe('witan status', () => {
  test('shows the section with its elders and how many it can spare', async () => {
    const { code, out, err } = await ask('status');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Network fake {3}genesis [0-9a-f]{96}$/m);
    expect(out).toMatch(/^Section root {3}key [0-9a-f]{96}$/m);
    expect(out).toMatch(
      /^\d of \d elders live, 5 needed: (\d to spare|none to spare|\d too few, the section cannot sign)$/m,
    );
    expect(out).toMatch(/^DKG [0-9a-f]{8}… \w+/m);
  });

  test('gives programs the same and the health', async () => {
    const { sections } = await askJson<{ sections: (Section & { health: { spare: number } })[] }>('status');
    expect(sections[0]).toMatchObject({ prefix: 'root', threshold: 5, health: { spare: expect.any(Number) } });
  });
});

describe('witan nodes', () => {
  test('lists all, the oldest first', async () => {
    const { out } = await ask('nodes');
    const ages = [...out.matchAll(/^[0-9a-f]{8}… {2}(\d+)/gm)].map(([, age]) => Number(age));
    expect(ages).toHaveLength(9);
    expect(ages).toEqual(ages.toSorted((a, b) => b - a));
  });

  test('filters', async () => {
    const elders = await askJson<{ roles: string[] }[]>('nodes', '--role', 'elder');
    expect(elders.length).toBeGreaterThan(0);
    expect(elders.every(({ roles }) => roles.includes('elder'))).toBe(true);
    const unreachable = await askJson<{ name: string; reachable: boolean }[]>('nodes', '--unreachable');
    expect(unreachable.filter(({ reachable }) => reachable)).toEqual([]);
    expect((await ask('nodes', '--state', 'relocated')).out).toBe('no such nodes\n');
  });

  test('finds one by the start of its name, as the table shows it', async () => {
    const [first] = await askJson<{ name: string }[]>('nodes');
    const { code, out } = await ask('nodes', `${first!.name.slice(0, 8)}…`);
    expect(code).toBe(0);
    expect(out).toContain(`Node ${first!.name}`);
  });

  test.each([
    ['ffffffffffff', 4, 'WITAN_ERR_NOT_FOUND: no node begins with ffffffffffff'],
    ['f'.repeat(64), 4, 'WITAN_ERR_NOT_FOUND: '],
    ['xyz', 2, 'WITAN_ERR_MALFORMED: xyz is not the hex of a node'],
  ])('does not find %s', async (name, code, message) => {
    const outcome = await ask('nodes', name);
    expect(outcome.err).toContain(message);
    expect(outcome.code).toBe(code);
  });

  test('does not guess between several', async () => {
    const all = await askJson<{ name: string }[]>('nodes');
    const firsts = all.map(({ name }) => name[0]!);
    const twice = firsts.find((digit, index) => firsts.indexOf(digit) !== index);
    // Nine names over sixteen digits: the fake's share some.
    expect(twice).toBeDefined();
    const outcome = await ask('nodes', twice!);
    expect(outcome.err).toMatch(/WITAN_ERR_INVALID: \d nodes begin with/);
    expect(outcome.code).toBe(2);
  });
});

describe('witan chain', () => {
  test('shows the keys, each with the one that signed it', async () => {
    const { out } = await ask('chain', 'show');
    const rows = [...out.matchAll(/^(\d+) {2}([0-9a-f]{8})… {2}(itself|[0-9a-f]{8}…)/gm)];
    expect(rows.length).toBeGreaterThan(3);
    expect(rows[0]![3]).toBe('itself');
    for (const [index, row] of rows.slice(1).entries()) expect(row[3]).toBe(`${rows[index]![2]}…`);
  });

  test('shows the proof from a key', async () => {
    const { links } = await askJson<{ links: { key: string; index: number }[] }>('chain', 'show');
    const after = await askJson<{ links: { index: number }[] }>('chain', 'show', '--from', links[1]!.key);
    expect(after.links[0]!.index).toBe(2);
    const outcome = await ask('chain', 'show', '--from', 'ab'.repeat(48));
    expect(outcome.err).toContain('WITAN_ERR_UNTRUSTED_KEY');
    expect(outcome.code).toBe(3);
  });

  test('does not believe the gateway: the chain of the fake has no signatures behind it', async () => {
    const { genesisKey } = await askJson<{ genesisKey: string }>('chain', 'show');
    const outcome = await ask('chain', 'verify', '--genesis', genesisKey);
    expect(outcome.err).toMatch(/^WITAN_ERR_CHAIN: link 0: /);
    expect(outcome).toMatchObject({ code: 3, out: '' });
  });

  test.each(['show', 'verify'])('%s knows no other section', async (command) => {
    const genesis = command === 'verify' ? ['--genesis', 'a'.repeat(96)] : [];
    const outcome = await ask('chain', command, '--prefix', '01', ...genesis);
    expect(outcome.err).toContain('WITAN_ERR_NOT_FOUND');
    expect(outcome.code).toBe(4);
  });
});

describe('witan dkg', () => {
  test('lists the sessions, newest first', async () => {
    const sessions = await askJson<Session[]>('dkg', 'list', '--limit', '3');
    expect(sessions).toHaveLength(3);
    const times = sessions.map(({ startedAt }) => startedAt);
    expect(times).toEqual(times.toSorted().reverse());
    const failed = await ask('dkg', 'list', '--state', 'failed');
    expect(failed.out).toMatch(/^[0-9a-f]{8}… .* failed in /m);
  });

  test('shows the newest session, or one by the start of its id', async () => {
    const newest = await ask('dkg', 'show');
    expect(newest.out).toMatch(/^DKG [0-9a-f]{8}… {2}(running|stalled|done)/);
    for (const phase of [
      'Initialisation',
      'Contribution',
      'Complaining',
      'Justification',
      'Commitment',
      'Finalisation',
    ]) {
      expect(newest.out).toContain(phase);
    }
    const [done] = await askJson<Session[]>('dkg', 'list', '--state', 'done', '--limit', '1');
    const { out } = await ask('dkg', 'show', done!.id.slice(0, 12));
    expect(out).toContain(done!.id);
    expect(out).toMatch(/Initialisation {2,}[0-9a-f]{8}… \d+/);
  });

  test('watches one session to its end, a line for each event', async () => {
    const running = await untilRunning();
    const { code, out, err } = await witan(['dkg', 'watch', running.id], { env: moving });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    if (out.startsWith('DKG')) expect(out).toContain('done');
    else
      expect(out.trimEnd().split('\n').at(-1)).toMatch(
        /^\d\d:\d\d:\d\d\.\d{3} {2}DKG [0-9a-f]{8}… done in .*: key [0-9a-f]{8}…$/,
      );
  });

  test('watches on a terminal with a bar for each phase', async () => {
    const running = await untilRunning();
    const { code, out } = await witan(['dkg', 'watch', running.id], { env: moving, terminal: true });
    expect(code).toBe(0);
    expect(out).toMatch(/Contribution +█/);
    expect(out).toMatch(/done in .*participants/);
    expect(out).toContain('✓ key ');
  });

  test('watches all as JSON until it is interrupted', async () => {
    const interrupt = new AbortController();
    const { code, out } = await witan(['dkg', 'watch', '--json'], {
      env: moving,
      signal: interrupt.signal,
      onOutput: (text) => {
        if (text.split('\n').length > 3) interrupt.abort();
      },
    });
    expect(code).toBe(130);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.length).toBeGreaterThanOrEqual(3);
    expect(events.every(({ type }) => typeof type === 'string')).toBe(true);
  });
});

test('the API key of WITAN_API_KEY is shown to the gateway, and to nobody else', async () => {
  const key = 'k'.repeat(43);
  const shown: (string | undefined)[] = [];
  const gateway = createServer(({ headers }, response) => {
    shown.push(headers.authorization);
    const problem = toProblem(new WitanError('WITAN_ERR_UNAUTHENTICATED', 'no key'), 'x');
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const file = join(folder, 'for a key');
  writeFileSync(file, 'x');
  const attest = (more: Record<string, string>) => witan(['attest', file], { env: { WITAN_URL: url, ...more } });
  const [without, withOne] = [await attest({}), await attest({ WITAN_API_KEY: key })];
  gateway.close();
  expect(shown).toEqual([undefined, `Bearer ${key}`]);
  expect([without.code, withOne.code]).toEqual([77, 77]);
  expect(withOne.err).toContain('WITAN_ERR_UNAUTHENTICATED');
  expect(withOne.out + withOne.err).not.toContain(key);
});

describe('witan attest', () => {
  const payload = () => {
    const path = join(folder, 'payload');
    writeFileSync(path, 'sign this');
    return path;
  };

  test('gives the bundle on the standard output and a word beside it', async () => {
    const { code, out, err } = await ask('attest', payload(), '--context', 'release');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ context: 'release', prefix: 'root' });
    expect(err).toMatch(/^signed by section root with key [0-9a-f]{8}…, \d+ links from genesis\n$/);
  });

  test('saves it', async () => {
    const target = join(folder, 'proof.json');
    const { out, err } = await ask('attest', payload(), '--out', target);
    expect(out).toBe('');
    expect(err).toContain(`signed to ${target}`);
    expect(JSON.parse(readFileSync(target, 'utf8'))).toHaveProperty('signature');
  });

  test('with the genesis key gives out nothing that does not verify', async () => {
    const { genesisKey } = await askJson<{ genesisKey: string }>('chain', 'show');
    const target = join(folder, 'unproven.json');
    const outcome = await ask('attest', payload(), '--genesis', genesisKey, '--out', target);
    expect(outcome.err).toContain('WITAN_ERR_CHAIN');
    expect(outcome).toMatchObject({ code: 3, out: '' });
    expect(() => readFileSync(target)).toThrow('ENOENT');
  });

  test('says when it is too large', async () => {
    const path = join(folder, 'large');
    writeFileSync(path, new Uint8Array(2 * 1024 * 1024));
    const outcome = await ask('attest', path);
    expect(outcome.err).toContain('WITAN_ERR_TOO_LARGE');
    expect(outcome.code).toBe(2);
  });

  test('says when the bundle cannot be written', async () => {
    const outcome = await ask('attest', payload(), '--out', join(folder, 'absent', 'x.json'));
    expect(outcome.err).toContain('WITAN_ERR_STORE: ');
    expect(outcome.code).toBe(74);
  });
});

describe('the gateway', () => {
  const cluster = (content: string) => {
    const cwd = mkdtempSync(join(folder, 'cwd-'));
    mkdirSync(join(cwd, '.witan'));
    writeFileSync(join(cwd, '.witan', 'cluster.json'), content);
    return cwd;
  };

  test('is that of the cluster started in this folder', async () => {
    const { code } = await witan(['nodes'], { cwd: cluster(JSON.stringify({ url: env.WITAN_URL })) });
    expect(code).toBe(0);
  });

  test('given by hand wins over the environment, and that over the folder', async () => {
    const cwd = cluster(JSON.stringify({ url: 'http://127.0.0.1:1' }));
    expect((await witan(['nodes'], { cwd })).code).toBe(5);
    expect((await witan(['nodes'], { cwd, env })).code).toBe(0);
    expect(
      (await witan(['nodes', '--url', env.WITAN_URL], { cwd, env: { WITAN_URL: 'http://127.0.0.1:1' } })).code,
    ).toBe(0);
  });

  test.each(['{', '{}', '[1]', 'null', '{"url":7}'])('is not guessed from a broken file: %s', async (content) => {
    const outcome = await witan(['status'], { cwd: cluster(content) });
    expect(outcome.err).toMatch(/WITAN_ERR_CONFIG: .*cluster.json does not name a gateway; give --url/);
    expect(outcome.code).toBe(78);
  });

  test('that is not there is an error with its address', async () => {
    const outcome = await witan(['nodes', '--url', 'http://127.0.0.1:1']);
    expect(outcome.err).toContain('WITAN_ERR_UNAVAILABLE: http://127.0.0.1:1');
    expect(outcome.code).toBe(5);
  });

  test('has to be an address', async () => {
    const outcome = await witan(['nodes', '--url', 'somewhere']);
    expect(outcome.err).toContain('WITAN_ERR_INVALID: somewhere');
    expect(outcome.code).toBe(2);
  });
});

/** The fake always has another session coming; the test's own time limit bounds this. */
async function untilRunning(): Promise<Session> {
  for (;;) {
    const { out } = await witan(['dkg', 'list', '--state', 'running', '--json'], { env: moving });
    const [session] = JSON.parse(out) as Session[];
    if (session !== undefined) return session;
  }
}
