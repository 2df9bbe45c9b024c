import { CODES } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, logsOf, NATS_IMAGE, whyNoDocker, witanImage } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { figure, size } from '../support/figures.ts';

const why = whyNoDocker();
if (why) console.error(`NOT RUN, the image: ${why}`);

const PATIENCE_MS = 60_000;
const MB = 1_000_000;
const NETWORK = `witan-image-${process.pid}`;
const SERVICES = ['elder', 'adult', 'gateway', 'dkg-coordinator'] as const;
const PORT = { adult: 9464, elder: 9465, 'dkg-coordinator': 9466, gateway: 9467 } as const;
type Service = (typeof SERVICES)[number];

const nameOf = (service: string) => `${NETWORK}-${service}`;
/** As strict as Kubernetes' `restricted`, and nothing may be written but to the volume. */
const CONFINED = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', `--network=${NETWORK}`];
const inImage = async (script: string) => docker('run', '--rm', '--entrypoint=sh', await witanImage(), '-c', script);

/** Addresses on this machine, by service. */
const addresses = new Map<Service, string>();

/** Asks a service at the port that is published for it. */
const get = async (service: Service, path: string): Promise<string> =>
  (await fetch(`http://${addresses.get(service)}${path}`)).text();

interface Readiness {
  readonly status: string;
  readonly service: string;
}

/** Starts a service, and waits until it can do its job. */
async function start(service: Service, ...options: readonly string[]): Promise<void> {
  const published = ['-p', `127.0.0.1::${PORT[service]}`, '-e', 'WITAN_NATS_URL=nats://nats:4222'];
  const args = [`--name=${nameOf(service)}`, ...CONFINED, ...published, ...options];
  await docker('create', ...args, await witanImage(), service);
  const began = performance.now();
  await docker('start', nameOf(service));
  addresses.set(service, await docker('port', nameOf(service), String(PORT[service])));
  await eventually(
    `${service} is ready`,
    async () => {
      const answer = JSON.parse(await get(service, '/readyz')) as Readiness;
      if (answer.status !== 'ready' || answer.service !== service) throw new Error(JSON.stringify(answer));
      return answer;
    },
    { withinMs: PATIENCE_MS, everyMs: 20 },
  );
  figure(`${service}, from its start to ready`, performance.now() - began, { targetMs: 3000 });
}

interface Inspected {
  readonly Size: number;
  readonly Config: { User: string; Entrypoint: string[]; Labels: Record<string, string>; Volumes: object };
}

describe.skipIf(why)('the image', () => {
  beforeAll(async () => {
    await witanImage();
    await docker('network', 'create', NETWORK);
    await docker('run', '-d', '--name', nameOf('nats'), '--network-alias=nats', `--network=${NETWORK}`, NATS_IMAGE);
  });

  afterAll(async () => {
    await docker('rm', '-fv', ...[...SERVICES, 'nats'].map(nameOf)).catch(() => {});
    await docker('volume', 'rm', '-f', NETWORK).catch(() => {});
    await docker('network', 'rm', NETWORK).catch(() => {});
  });

  test('is small, labelled, and not run by root', async () => {
    const [inspected] = JSON.parse(await docker('image', 'inspect', await witanImage())) as [Inspected];
    size('the image', inspected.Size, 250 * MB);
    expect(inspected.Size).toBeLessThan(250 * MB);
    expect(inspected.Config).toMatchObject({
      User: '10001:10001',
      Entrypoint: ['witan-service'],
      Volumes: { '/data': {} },
    });
    expect(inspected.Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'witan',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}/),
    });
  });

  test('holds what the services run by, and nothing that builds or tests them', async () => {
    const folders = (await inImage('ls /app /app/node_modules /app/node_modules/@witan /app/libs/*')).split(/\s+/);
    expect(folders).toEqual(expect.arrayContaining(['fastify', 'elder', 'LICENSE']));
    expect(folders).not.toEqual(expect.arrayContaining(['test']));
    for (const name of ['typescript', 'vitest', 'node', 'simulator', 'local']) expect(folders).not.toContain(name);
    expect(await inImage('command -v npm npx yarn corepack || echo none')).toBe('none');
  });

  test('refuses a service that there is none of, and names those that there are', async () => {
    const run = docker('run', '--rm', await witanImage(), 'archbishop');
    await expect(run).rejects.toMatchObject({
      code: CODES.WITAN_ERR_CONFIG.exit,
      stderr: expect.stringContaining("'archbishop' is no service: gateway, dkg-coordinator, adult or elder"),
    });
  });

  describe('starts', () => {
    beforeAll(async () => {
      const data = ['-v', `${NETWORK}:/data`];
      await start('elder', ...data, '-e', 'WITAN_GENESIS=create', '-e', 'WITAN_GENESIS_WITNESSES=0', '--memory=256m');
      await start('adult', ...data, '--memory=192m');
      await start('gateway');
      await start('dkg-coordinator');
    });

    test.for(SERVICES)(
      '%s with nothing to write to but its volume, and no setting that nobody knows',
      async (service) => {
        expect(await logsOf(nameOf(service))).not.toContain('no such setting');
        await expect(docker('exec', nameOf(service), 'touch', '/app/written')).rejects.toMatchObject({
          stderr: expect.stringContaining('Read-only file system'),
        });
      },
    );

    test.for(SERVICES)('%s from code that was compiled when the image was made', async (service) => {
      const script = `NODE_DEBUG_NATIVE=COMPILE_CACHE witan-service ${service} --version 2>&1`;
      const out = await inImage(script);
      expect(out).toMatch(/services\/[a-z-]+\/src\/service\.ts.* was accepted/);
    });

    test.for(SERVICES)('%s in less than 120 MB when idle', async (service) => {
      const resident = /^process_resident_memory_bytes(?:{.*})? (\S+)$/m.exec(await get(service, '/metrics'))![1];
      expect(Number(resident)).toBeGreaterThan(20 * MB);
      const [used] = (await docker('stats', '--no-stream', '--format={{.MemUsage}}', nameOf(service))).split(' / ');
      expect(used).toMatch(/^[\d.]+MiB$/);
      const bytes = Number.parseFloat(used!) * 2 ** 20;
      size(`${service}, idle`, bytes, 120 * MB);
      expect(bytes).toBeLessThan(120 * MB);
    });

    test('each with a heap that fits the memory of its container', async () => {
      const flags = async (service: Service) =>
        (await docker('exec', nameOf(service), 'cat', '/proc/1/cmdline'))
          .split('\0')
          .filter((each) => each.includes('old-space'));
      expect((await flags('elder')).at(-1)).toBe('--max-old-space-size=139');
      expect((await flags('adult')).at(-1)).toBe('--max-old-space-size=91');
      expect((await flags('gateway')).at(-1)).toBe('--max-old-space-size=128');
    });

    test.for(SERVICES)('%s as the process that is told to stop, and it stops in order', async (service) => {
      await docker('stop', '--time=20', nameOf(service));
      expect(await docker('inspect', '--format={{.State.ExitCode}}', nameOf(service))).toBe('0');
      expect(await logsOf(nameOf(service))).toContain('"msg":"stopped"');
    });
  });
});
