import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '@witan/api';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { compose, docker, logsOf, whyNoCompose, witanImage } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { figure } from '../support/figures.ts';
import { freePort } from '../support/free-port.ts';
import { attemptFrom } from '../support/stolen-container.ts';
import { keyTests } from './keys.ts';

const why = whyNoCompose();
if (why) console.error(`NOT RUN, compose: ${why}`);

const PROJECT = `witan-test-${process.pid}`;
const NODES = 9;
const ELDERS = 7;
const patience = { withinMs: 240_000, everyMs: 500 };

const FILE = new URL('../../deploy/compose/compose.yaml', import.meta.url);
const { services } = parse(readFileSync(FILE, 'utf8'), { merge: true }) as {
  services: Readonly<Record<string, { restart?: string; image: string; environment?: Record<string, string> }>>;
};

test('the compose file has all but what makes the secrets started again with Docker, however it has ended', () => {
  for (const [name, { restart }] of Object.entries(services))
    expect([name, restart]).toEqual([name, name === 'secrets' ? undefined : 'unless-stopped']);
});

test('the compose file tells every service where traces go to', () => {
  const ours = Object.entries(services).filter(([name, { image }]) => name !== 'secrets' && image.includes('witan'));
  expect(ours).toHaveLength(2 * NODES + 3);
  for (const [name, { environment }] of ours)
    expect(environment?.OTEL_EXPORTER_OTLP_ENDPOINT, name).toMatch(/^\$\{OTEL_EXPORTER_OTLP_ENDPOINT:-\}$/);
});

describe.skipIf(why)('the compose file', () => {
  let env: Record<string, string>;
  let api: Client;

  const settled = (members: number) =>
    eventually(
      'seven elders can sign',
      async () => {
        const section = await api.section({ prefix: 'root' });
        const able = section.elders.filter(({ live, usableShare }) => live && usableShare).length;
        if (able === ELDERS && section.members.length === members) return section;
        throw new Error(`${able} of ${section.elders.length} elders able, ${section.members.length} members`);
      },
      patience,
    );
  const containersOf = async (service?: string): Promise<string[]> => {
    const label = (name: string, value: string) => `--filter=label=com.docker.compose.${name}=${value}`;
    const filters = [
      label('project', PROJECT),
      ...(service ? [label('service', service)] : ['--filter=status=running']),
    ];
    return (await docker('ps', '--all', '--quiet', ...filters)).split('\n');
  };
  const containerOf = async (service: string): Promise<string> => (await containersOf(service))[0]!;

  beforeAll(async () => {
    // No Grafana: its image may not be here.
    env = {
      COMPOSE_PROJECT_NAME: PROJECT,
      COMPOSE_PROFILES: '',
      WITAN_IMAGE: await witanImage(),
      WITAN_HTTP_PORT: String(await freePort()),
      PROMETHEUS_PORT: String(await freePort()),
    };
    const began = performance.now();
    await compose(env, 'up', '--detach');
    api = createClient(`http://127.0.0.1:${env.WITAN_HTTP_PORT}`, { timeoutMs: 20_000 });
    await settled(NODES);
    figure('docker compose up to a 5-of-7 section', performance.now() - began);
  });

  afterAll(async () => {
    await compose(env, 'down', '--volumes', '--timeout', '20').catch(() => {});
  });

  test('brings up a section that signs', async () => {
    expect(await api.attest({ body: { payload: 'aGVsbG8' } })).toMatchObject({});
  });

  test('has made the secrets, and what made them has ended', async () => {
    const state = await docker(
      'inspect',
      '--format={{.State.Status}} {{.State.ExitCode}}',
      await containerOf('secrets'),
    );
    expect(state).toBe('exited 0');
    const mounts = await docker('inspect', '--format={{range .Mounts}}{{.Name}} {{end}}', ...(await containersOf()));
    const volumes = mounts.split(/\s+/);
    expect(volumes).toContain(`${PROJECT}_secrets-nats`);
    expect(volumes).not.toContain(`${PROJECT}_secrets`);
  });

  test.for([
    ['node-3-elder', ['ca.pem', 'nats.nk', 'sealing.key', 'tls.key', 'tls.pem']],
    ['gateway', ['ca.pem', 'nats.nk', 'tls.key', 'tls.pem']],
  ] as const)('shows %s its own secrets alone, and none lies beside the data', async ([service, own]) => {
    const names = own.map((file) => `-name ${file}`).join(' -o ');
    const found = `find / \\( -path /proc -o -path /sys -o -path /app \\) -prune -o -type f \\( ${names} -o -name ca.key \\) -print`;
    const paths = (await docker('exec', await containerOf(service), 'sh', '-c', `${found} 2>/dev/null; true`)).split(
      '\n',
    );
    expect(paths.sort()).toEqual(own.map((file) => `/run/witan/${file}`));
  });

  describe('has NATS let in who has a user and a certificate, and that one do what its role needs', () => {
    const topic = (name: string) => `witan.compose.section.root.${name}`;
    const sign = 'witan.compose.node.*.elder.sign';

    test.for([
      ['an adult, as one', 'node-3-adult', { say: [topic('heartbeats')], hear: [topic('events')] }, []],
      [
        'an adult, as an elder',
        'node-3-adult',
        { say: [topic('decisions'), topic('reports')], hear: [sign, topic('decisions')] },
        [
          `publish ${topic('decisions')}`,
          `publish ${topic('reports')}`,
          `subscribe ${sign}`,
          `subscribe ${topic('decisions')}`,
        ],
      ],
      [
        'an elder, as a server',
        'node-3-elder',
        { hear: ['>', '_INBOX.>', '$SYS.>'] },
        ['subscribe $SYS.>', 'subscribe >', 'subscribe _INBOX.>'],
      ],
      [
        'a gateway, as a node',
        'gateway',
        { say: [topic('heartbeats')], hear: [sign] },
        [`publish ${topic('heartbeats')}`, `subscribe ${sign}`],
      ],
      [
        'a coordinator, as a node',
        'dkg-coordinator-1',
        { say: [topic('join')], hear: [topic('decisions')] },
        [`publish ${topic('join')}`, `subscribe ${topic('decisions')}`],
      ],
    ] as const)('%s', async ([, service, attempt, forbidden]) => {
      const outcome = await attemptFrom(await containerOf(service), attempt);
      expect(outcome.refused).toBeUndefined();
      expect([...outcome.forbidden].sort()).toEqual(forbidden);
    });

    test.for(['user', 'certificate'] as const)('nobody without a %s', async (without) => {
      const { refused } = await attemptFrom(await containerOf('node-3-adult'), { without });
      expect(refused).toBe(without === 'user' ? 'WITAN_ERR_FORBIDDEN' : 'WITAN_ERR_CERTIFICATE');
    });
  });

  test('has Prometheus hear from every service', async () => {
    const url = `http://127.0.0.1:${env.PROMETHEUS_PORT}/api/v1/query?query=sum+by+(job)+(up)`;
    const counts = await eventually(
      'all targets are up',
      async () => {
        const answer = (await (await fetch(url)).json()) as {
          data: { result: { metric: { job: string }; value: [number, string] }[] };
        };
        const up = Object.fromEntries(answer.data.result.map(({ metric, value }) => [metric.job, Number(value[1])]));
        if (Object.values(up).reduce((sum, each) => sum + each, 0) === 2 * NODES + 3) return up;
        throw new Error(JSON.stringify(up));
      },
      patience,
    );
    expect(counts).toEqual({
      'witan-elder': NODES,
      'witan-adult': NODES,
      'witan-gateway': 1,
      'witan-dkg-coordinator': 2,
    });
  });

  test('has every service asked as the runbooks say', async () => {
    const page = readFileSync(new URL('../../docs/runbooks/README.md', import.meta.url), 'utf8');
    const commands = [...page.matchAll(/^docker compose exec (\S+) ((?:.*\\\n)*.*)$/gm)];
    const answers = commands.map(async ([, service, command]) =>
      docker('exec', await containerOf(service!), 'sh', '-c', command!),
    );
    const [status, readiness] = await Promise.all(answers);
    expect(status).toContain('7 of 7 elders live');
    expect(readiness).toMatch(/^200 {"status":"ready","service":"elder"/);
  });

  test('has Prometheus judge by the rules, which see one healthy section', async () => {
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${env.PROMETHEUS_PORT}/api/v1/${path}`)).json();
    const { data } = (await ask('rules')) as {
      data: { groups: { rules: { health: string; lastError?: string }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter(({ lastError }) => lastError)).toEqual([]);
    await eventually(
      'two elders to spare, as Prometheus sees it, which looks every few seconds',
      async () => {
        const { data: margin } = (await ask('query?query=min(witan_section_quorum_margin{namespace="witan"})')) as {
          data: { result: { value: [number, string] }[] };
        };
        const seen = margin.result.map(({ value }) => value[1]);
        if (String(seen) === '2') return true;
        throw new Error(`it sees ${JSON.stringify(seen)}`);
      },
      patience,
    );
  });

  test('with api-keys.yaml the gateway has nothing signed without a key', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'witan-api-keys-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const key = randomBytes(32).toString('hex');
    writeFileSync(join(folder, 'api-keys'), `ci ${createHash('sha256').update(key).digest('hex')}\n`, { mode: 0o644 });
    const guarded = { ...env, COMPOSE_FILE: 'compose.yaml:api-keys.yaml', API_KEYS_DIR: folder };
    await compose(guarded, 'up', '--detach', '--no-deps', 'gateway');
    const holder = createClient(`http://127.0.0.1:${env.WITAN_HTTP_PORT}`, {
      timeoutMs: 20_000,
      headers: { authorization: `Bearer ${key}` },
    });
    await eventually('who has a key is served', () => holder.attest({ body: { payload: 'aGVsbG8' } }), patience);
    await expect(api.attest({ body: { payload: 'aGVsbG8' } })).rejects.toMatchObject({
      code: 'WITAN_ERR_UNAUTHENTICATED',
    });
    await compose(env, 'up', '--detach', '--no-deps', 'gateway');
    await eventually('anybody is again', () => api.attest({ body: { payload: 'aGVsbG8' } }), patience);
  });

  keyTests({
    env: () => env,
    compose: (...args) => compose(env, ...args),
    containerOf,
    settled: () => settled(NODES),
  });

  test('a node that is killed is back with its share of the same key', async () => {
    const { key } = await settled(NODES);
    const elder = await containerOf('node-4-elder');
    await docker('kill', elder);
    await api.attest({ body: { payload: 'aGVsbG8' } });
    await docker('start', elder);
    expect((await settled(NODES)).key).toBe(key);
  });

  test.for([
    ['an elder', 'node-5-elder', ['sh', '-c', 'kill 1']],
    ['NATS, which has read its users again,', 'nats', ['nats-server', '--signal', 'quit=1']],
  ] as const)('%s is started again when it has ended in order', async ([, service, quit]) => {
    const { key } = await settled(NODES);
    const container = await containerOf(service);
    const state = () => docker('inspect', '--format={{.State.StartedAt}} {{.State.Running}}', container);
    const before = await state();
    await docker('exec', container, ...quit);
    await eventually(
      'it has been started again',
      async () => {
        const now = await state();
        return now !== before && now.endsWith('true');
      },
      { withinMs: 60_000, everyMs: 200 },
    );
    await eventually('the section signs again', () => api.attest({ body: { payload: 'aGVsbG8' } }), patience);
    expect((await settled(NODES)).key).toBe(key);
  });

  test('everything stopped and started again goes on where it was', async () => {
    const { key, generation } = await api.section({ prefix: 'root' });
    await compose(env, 'stop', '--timeout', '20');
    await compose(env, 'start');
    const after = await eventually(
      'the section signs again',
      async () => {
        await api.attest({ body: { payload: 'aGVsbG8' } });
        return api.section({ prefix: 'root' });
      },
      patience,
    );
    expect([after.key, after.generation >= generation]).toEqual([key, true]);
  });

  test('the first node with an empty volume joins again, and there is no second network', async () => {
    const { genesisKey } = await api.network();
    const first = ['node-0-elder', 'node-0-adult'];
    await compose(env, 'rm', '--stop', '--force', ...first);
    await docker('volume', 'rm', `${PROJECT}_node-0`);
    await compose(env, 'up', '--detach', ...first);
    await eventually(
      'node-0 is a member under another name',
      async () => (await api.section({ prefix: 'root' })).members.length > NODES,
      patience,
    );
    await api.attest({ body: { payload: 'aGVsbG8' } });
    const logs = await logsOf(await containerOf('node-0-elder'));
    expect(logs).toContain('"event":"founding"');
    expect(logs).not.toMatch(/"action":"genesis".*"source":"own"/);
    expect((await api.network()).genesisKey).toBe(genesisKey);
  });
});
