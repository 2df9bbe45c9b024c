import { execFile, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectNats, nkeyOf, startNatsServer } from '@witan/bus';
import { errorCode } from '@witan/errors';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { K8S, kubectl, whyNoKubectl } from '../support/kube.ts';

const SCRIPT = fileURLToPath(new URL('../../deploy/nats/kube-secrets.sh', import.meta.url));
const openssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
const why = whyNoKubectl() ?? (openssl ? undefined : 'openssl is missing');
if (why) console.error(`NOT RUN, the Secrets: ${why}`);

interface Volume {
  readonly secret?: { readonly secretName: string };
  readonly projected?: { readonly sources: readonly { readonly secret?: { readonly name: string } }[] };
}
type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-keys-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What the script prints, by the names of Secrets and fields. */
async function make(...args: readonly string[]): Promise<Secrets> {
  const { stdout } = await promisify(execFile)(SCRIPT, ['--out', folder, '--network', 'main', '--nodes', '3', ...args]);
  const secrets = parseAllDocuments(stdout).map((document) => document.toJS());
  const decode = (text: unknown) => Buffer.from(String(text), 'base64').toString();
  return Object.fromEntries(
    secrets.map(({ metadata, data }) => [
      metadata.name,
      Object.fromEntries(Object.entries(data).map(([field, text]) => [field, decode(text)])),
    ]),
  );
}

describe.skipIf(why)('the script that makes the Secrets', () => {
  test('makes all that production wants, and sealing keys only when asked for', async () => {
    const manifests = await kubectl('kustomize', `${K8S}/overlays/production`);
    const volumes = parseAllDocuments(manifests, { merge: true }).flatMap(
      (document): Volume[] => document.toJS().spec?.template?.spec.volumes ?? [],
    );
    const wanted = volumes.flatMap(({ secret, projected }) => [
      ...(secret ? [secret.secretName] : []),
      ...(projected?.sources ?? []).flatMap((source) => source.secret?.name ?? []),
    ]);
    const made = Object.keys(await make());
    const sealing = Object.keys(await make('--only', 'sealing-keys'));
    expect(sealing).toEqual(['witan-sealing-keys']);
    // Who has a key for the API is for people to say.
    expect(new Set(wanted)).toEqual(new Set([...made, ...sealing, 'witan-api-keys']));
  });

  test('gives nobody the key of the authority', async () => {
    const all = [await make(), await make('--only', 'sealing-keys')].flatMap((made) => Object.values(made));
    const key = readFileSync(join(folder, 'ca.key'), 'utf8').trim();
    expect(createPrivateKey(key).type).toBe('private');
    expect(all.flatMap((fields) => Object.values(fields)).filter((value) => value.includes(key))).toEqual([]);
  });

  test('gives each user its seed, and the servers none', async () => {
    const secrets = await make();
    const config = secrets['witan-nats-users']!['users.conf']!;
    const seeds = [
      ...Object.values(secrets['witan-seeds-node']!),
      secrets['witan-seed-gateway']!['nats.nk']!,
      secrets['witan-seed-dkg-coordinator']!['nats.nk']!,
    ];
    expect(Object.keys(secrets['witan-seeds-node']!)).toHaveLength(6);
    expect(new Set(seeds).size).toBe(8);
    for (const seed of seeds) {
      expect(config).toContain(nkeyOf(seed.trim()));
      expect(config).not.toContain(seed.trim());
    }
  });

  test('gives each node a sealing key of its own, and the same one again', async () => {
    const { 'witan-sealing-keys': keys } = await make('--only', 'sealing-keys');
    expect(Object.keys(keys!)).toEqual(['node-0.key', 'node-1.key', 'node-2.key']);
    expect(new Set(Object.values(keys!)).size).toBe(3);
    for (const key of Object.values(keys!)) expect(key).toMatch(/^[0-9a-f]{64}\n$/);
    const { 'witan-sealing-keys': more } = await make('--only', 'sealing-keys', '--nodes', '4');
    expect(more).toEqual({ ...keys, 'node-3.key': expect.stringMatching(/^[0-9a-f]{64}\n$/) });
    expect(statSync(join(folder, 'sealing', 'node-0.key')).mode & 0o777).toBe(0o600);
  });

  test('goes on with the network and the nodes that it began with, whatever part is asked for', async () => {
    await make();
    const { stdout } = await promisify(execFile)(SCRIPT, [
      '--out',
      folder,
      '--only',
      'users',
      '--renew',
      'node-2-elder',
    ]);
    const config = parseAllDocuments(stdout)[0]!.toJS().data['users.conf'];
    expect(Buffer.from(config, 'base64').toString()).toContain('"witan.main.section.root.decisions"');
    expect(stdout).toContain('node-2-elder.nk');
    await expect(make('--network', 'other')).rejects.toMatchObject({ code: 78, stdout: '' });
  });

  test.for([
    '',
    '--nodes 10',
    '--only users --nodes 10',
    '--only users --renew node-2-elder',
    '--only users --bind',
    '--only sealing-keys --nodes 10',
    '--only certificates',
  ])(
    'begins nothing where there is nothing, as in a mistyped folder, unless it is told of which network: %s',
    async (args) => {
      const mistyped = join(folder, 'mistyped');
      const given = args.split(' ').filter((arg) => arg !== '');
      await expect(promisify(execFile)(SCRIPT, ['--out', mistyped, ...given])).rejects.toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringMatching(/mistyped has no .*: to begin them, say --network and --nodes\n$/),
      });
      expect(existsSync(mistyped)).toBe(false);
    },
  );

  test('begins no users where there is an authority alone, and neither authority nor sealing keys where there are users alone', async () => {
    const more = (...args: readonly string[]) => promisify(execFile)(SCRIPT, ['--out', folder, ...args]);
    await make('--only', 'certificates');
    await expect(more('--only', 'users')).rejects.toMatchObject({ code: 78, stdout: '' });
    expect((await more('--only', 'certificates')).stdout).toContain('witan-tls-node');
    rmSync(join(folder, 'ca.key'));
    await make('--only', 'users');
    for (const args of [['--only', 'certificates'], ['--only', 'sealing-keys'], []]) {
      await expect(more(...args)).rejects.toMatchObject({ code: 78, stdout: '' });
    }
    expect((await more('--only', 'users', '--nodes', '4')).stdout).toContain('node-3-elder.nk');
  });

  describe('with --bind', () => {
    /** `kubectl` whose pods have logs that say this; all else is done by the real one. */
    const cluster = (log: (pod: string) => string) => {
      const pods = ['node-0', 'node-1', 'node-2'];
      for (const pod of pods) writeFileSync(join(folder, `${pod}.log`), log(pod));
      const program = join(folder, 'kubectl');
      const lines = [
        '#!/bin/sh',
        `case $3 in logs) exec cat "${folder}/$4.log" ;; esac`,
        `PATH=\${PATH#*:} exec kubectl "$@"`,
      ];
      writeFileSync(program, lines.join('\n'));
      chmodSync(program, 0o755);
      return { env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } };
    };
    const names: Readonly<Record<string, string>> = {
      'node-0': 'aa'.repeat(32),
      'node-1': 'bb'.repeat(32),
      'node-2': 'cc'.repeat(32),
    };
    const args = () => ['--out', folder, '--network', 'main', '--nodes', '3', '--only', 'users', '--bind'];

    test('each node may answer for the name that its elder has told last, and for no other', async () => {
      const line = (node: string, event: string) => `{"level":"info","node":"${node}","event":"${event}","msg":"x"}\n`;
      const log = (pod: string) =>
        `${line('dd'.repeat(32), 'ready')}not JSON\n${line(names[pod]!, 'ready')}${line('ee'.repeat(32), 'blame')}`;
      const { stdout } = await promisify(execFile)(SCRIPT, args(), cluster(log));
      const text = Buffer.from(parseAllDocuments(stdout)[0]!.toJS().data['users.conf'], 'base64').toString();
      const answering = [...text.matchAll(/"witan\.main\.node\.(\w+|\*)\.elder\.dkg\.repair"/g)].map(
        ([, name]) => name,
      );
      expect([...new Set(answering)].sort()).toEqual(['*', ...Object.values(names)]);
      for (const name of Object.values(names)) expect(answering.filter((each) => each === name)).toHaveLength(1);
    });

    test('a node that has told none is named, and nothing is written', async () => {
      await expect(
        promisify(execFile)(
          SCRIPT,
          args(),
          cluster(() => '{}\n'),
        ),
      ).rejects.toMatchObject({
        code: 69,
        stdout: '',
        stderr: expect.stringContaining('--name node-0=NAME'),
      });
    });

    test('a node that is bound already and tells nothing now stays so, and the others are bound', async () => {
      const ready = (pod: string) => `{"node":"${names[pod]}","event":"ready"}\n`;
      await promisify(execFile)(SCRIPT, args(), cluster(ready));
      const other = 'dd'.repeat(32);
      const options = cluster((pod) => (pod === 'node-0' ? ready(pod).replace(names[pod]!, other) : ready(pod)));
      // As of a pod that waits for a host: there is no log.
      rmSync(join(folder, 'node-1.log'));
      const { stdout, stderr } = await promisify(execFile)(SCRIPT, args(), options);
      expect(stderr).toContain(
        `the log of node-1 has no ready line of its elder: it stays bound to ${names['node-1']}\n`,
      );
      const text = Buffer.from(parseAllDocuments(stdout)[0]!.toJS().data['users.conf'], 'base64').toString();
      for (const name of [other, names['node-1'], names['node-2']]) expect(text).toContain(`.${name}.elder.sign`);
      expect(text).not.toContain(names['node-0']);
    });

    test('a node whose name is given is not asked for it', async () => {
      const told = 'ff'.repeat(32);
      const log = (pod: string) => (pod === 'node-0' ? '{}\n' : `{"node":"${names[pod]}","event":"ready"}\n`);
      const { stdout } = await promisify(execFile)(SCRIPT, [...args(), '--name', `node-0=${told}`], cluster(log));
      const text = Buffer.from(parseAllDocuments(stdout)[0]!.toJS().data['users.conf'], 'base64').toString();
      for (const name of [told, names['node-1'], names['node-2']]) expect(text).toContain(`.${name}.elder.sign`);
    });
  });

  test('makes certificates for the names that are asked for, with their keys, all of one authority', async () => {
    const secrets = await make('--namespace', 'elsewhere', '--days', '7');
    const names = {
      nats: ['nats-0.nats', 'nats-2.nats', 'nats.elsewhere.svc', 'localhost'],
      gateway: ['gateway', 'gateway.elsewhere.svc.cluster.local', 'localhost', 'witan-metrics'],
      node: ['witan-metrics'],
      'dkg-coordinator': ['witan-metrics'],
    };
    for (const [name, hosts] of Object.entries(names)) {
      const fields = secrets[`witan-tls-${name}`]!;
      const [certificate, authority] = [fields['tls.crt']!, fields['ca.crt']!].map((pem) => new X509Certificate(pem));
      for (const host of hosts) expect(certificate!.checkHost(host), `${name}: ${host}`).toBe(host);
      expect(certificate!.checkHost('witan.example')).toBeUndefined();
      // By such a name the servers know each other (test/e2e/routes.test.ts): no service may have one.
      if (name !== 'nats') expect(certificate!.subjectAltName).not.toMatch(/\bnats\b/);
      expect(certificate!.verify(authority!.publicKey)).toBe(true);
      expect(certificate!.checkPrivateKey(createPrivateKey(fields['tls.key']!))).toBe(true);
      expect(certificate!.validToDate.getTime() - Date.now()).toBeLessThan(7 * 86_400_000);
    }
    expect(statSync(join(folder, 'ca.key')).mode & 0o777).toBe(0o600);
  });

  test('lets people in who forward the port of a server to themselves, with certificates that are in its folder alone', async () => {
    const { 'witan-tls-nats': ofServer } = await make();
    for (const [name, content] of Object.entries(ofServer!)) writeFileSync(join(folder, name), content);
    const config = join(folder, 'nats.conf');
    const tls = `tls { cert_file: tls.crt, key_file: tls.key, ca_file: ca.crt, verify: true }`.replaceAll(
      /(?<=_file: )[^,]+/g,
      (file) => JSON.stringify(join(folder, file)),
    );
    const store = `jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }`;
    writeFileSync(config, `include 'users/users.conf'\n${store}\n${tls}\n`);
    const server = await startNatsServer({ config });
    onTestFinished(() => server.stop());
    /** @returns what is said to a question that nobody but the server answers */
    const asked = async (user: string, subject: string) => {
      const bus = await connectNats({
        servers: `tls://localhost:${new URL(server.url).port}`,
        name: user,
        nkeySeed: readFileSync(join(folder, 'users', `${user}.nk`), 'utf8').trim(),
        tls: {
          caFile: join(folder, 'ca.crt'),
          certFile: join(folder, `${user}.crt`),
          keyFile: join(folder, `${user}.key`),
        },
      });
      return bus
        .request(subject, new Uint8Array(), { timeoutMs: 10_000 })
        .then((answer) => Buffer.from(answer).toString(), errorCode)
        .finally(() => bus.drain());
    };
    expect(await asked('streams', '$JS.API.INFO')).toContain('"type":"io.nats.jetstream.api.v1.account_info_response"');
    // There is no service here to answer it; it may be asked.
    expect(await asked('operator', '$SRV.PING')).toBe('WITAN_ERR_UNAVAILABLE');
    expect(await asked('operator', '$JS.API.INFO')).toBe('WITAN_ERR_FORBIDDEN');
    expect(statSync(join(folder, 'operator.key')).mode & 0o777).toBe(0o600);
  });

  test('run again, keeps users and authority and renews certificates; a part of it, if asked for', async () => {
    const before = await make();
    const after = await make();
    expect(after['witan-seeds-node']).toEqual(before['witan-seeds-node']);
    expect(after['witan-tls-node']!['ca.crt']).toBe(before['witan-tls-node']!['ca.crt']);
    expect(after['witan-tls-node']!['tls.crt']).not.toBe(before['witan-tls-node']!['tls.crt']);
    expect(Object.keys(await make('--only', 'certificates'))).toHaveLength(4);
    const users = await make('--only', 'users', '--renew', 'node-1-elder');
    expect(Object.keys(users)).toHaveLength(4);
    expect(users['witan-seeds-node']!['node-1-elder.nk']).not.toBe(before['witan-seeds-node']!['node-1-elder.nk']);
    expect(readFileSync(join(folder, 'users', 'users.conf'), 'utf8')).toBe(users['witan-nats-users']!['users.conf']);
  });

  test.for([
    [['--only', 'seeds'], '--only seeds: accepts users, certificates or sealing-keys'],
    [['--only', 'certificates', '--bind'], '--bind is for users'],
    [['--days', '0'], '--days 0: accepts a whole number'],
    [['--days'], '--days is missing its value'],
    [['--nodes', 'many'], '--nodes many: accepts a whole number'],
  ] as const)('%j is refused: %s', async ([args, says]) => {
    await expect(make(...args)).rejects.toMatchObject({ code: 78, stderr: expect.stringContaining(says), stdout: '' });
  });
});
