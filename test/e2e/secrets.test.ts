import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createClient } from '@witan/api';
import { loadSealingKey } from '@witan/config';
import { fromHex } from '@witan/crypto';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../support/cluster.ts';
import type { ClusterNode } from '../support/cluster-node.ts';
import { findSecret, secretsOf, secretsOfKey } from '../support/node-secrets.ts';
import { OtlpCollector } from '../support/otlp-collector.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { useCluster } from '../support/use-cluster.ts';

const collector = await OtlpCollector.open();
afterAll(() => collector.close());

const { cluster } = useCluster({
  nodes: 3,
  tls: true,
  settings: { settleMs: 300 },
  env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '50' },
});

const body = { payload: 'aGVsbG8' };

/** What a port answers, whatever it thinks of the request. */
function answerOf(url: string, method: string, headers: Record<string, string>, sent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? requestOverTls : request;
    const asked = ask(url, { method, headers }, (response) => {
      const { statusCode, headers: answered } = response;
      text(response).then((told) => resolve(JSON.stringify([statusCode, answered, told])), reject);
    });
    asked.once('error', (error) => resolve(String(error)));
    asked.end(sent);
  });
}

/** Every way to be refused that clients have, at the API and at the metrics ports. */
async function errorBodies(url: string, key: string, processes: readonly ServiceProcess[]): Promise<string> {
  const json = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const metrics = processes.map((each) => each.metricsUrl!);
  const cases: [string, string, Record<string, string>, string][] = [
    [`${url}/v1/attestations`, 'POST', { ...json, authorization: `Bearer ${key}x` }, JSON.stringify(body)],
    [`${url}/v1/attestations`, 'POST', json, '{'],
    [`${url}/v1/attestations`, 'POST', json, JSON.stringify({ payload: 7 })],
    [`${url}/v1/attestations`, 'POST', { ...json, 'content-type': 'text/plain' }, 'x'],
    [`${url}/v1/attestations`, 'POST', json, JSON.stringify({ payload: 'A'.repeat(1 << 21) })],
    [`${url}/v1/verifications`, 'POST', json, JSON.stringify({ payload: '' })],
    [`${url}/v1/nodes/${cluster.nodes[0]!.name}x`, 'GET', json, ''],
    [`${url}/v1/nodes/${'0'.repeat(64)}`, 'GET', json, ''],
    [`${url}/v1/dkg/sessions?cursor=x`, 'GET', json, ''],
    [`${url}/nowhere`, 'DELETE', json, ''],
    ...metrics.map((port): (typeof cases)[number] => [`${port}/nowhere`, 'POST', json, 'x']),
  ];
  return (await Promise.all(cases.map((each) => answerOf(...each)))).join('\n');
}

test('no secret is in logs, traces, metrics, error bodies, or anything that is said on the bus', async () => {
  const apiKey = randomBytes(32);
  const shown = apiKey.toString('base64url');
  const keysFile = join(cluster.directory, 'api-keys');
  writeFileSync(keysFile, `ci ${createHash('sha256').update(shown).digest('hex')}\n`);
  const { certFile, keyFile } = cluster.authority!.issue('api');
  const passwordFile = join(cluster.directory, 'nats-password');
  writeFileSync(passwordFile, `${cluster.password}\n`);
  const noKey = { WITAN_HTTP_PORT: '0', WITAN_NATS_NKEY_FILE: '' };
  const guarded = cluster.service('gateway', 'a gateway with keys', {
    ...noKey,
    WITAN_API_KEYS_FILE: keysFile,
    WITAN_NATS_USER: 'test',
    WITAN_NATS_PASSWORD_FILE: passwordFile,
    WITAN_HTTP_TLS_CERT_FILE: certFile,
    WITAN_HTTP_TLS_KEY_FILE: keyFile,
    WITAN_METRICS_TLS_CERT_FILE: certFile,
    WITAN_METRICS_TLS_KEY_FILE: keyFile,
  });
  // Of the same server, which knows neither.
  const [wrongPassword, token] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const refusedByNats = [
    cluster.service('gateway', 'a gateway with a token', { ...noKey, WITAN_NATS_TOKEN: token }),
    cluster.service('gateway', 'a gateway with a wrong password', {
      ...noKey,
      WITAN_NATS_USER: 'test',
      WITAN_NATS_PASSWORD: wrongPassword,
    }),
  ];
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, readFileSync(cluster.authority!.caFile, 'utf8')]);
  onTestFinished(async () => {
    setDefaultCACertificates(trusted);
    await Promise.all([guarded, ...refusedByNats].map(async (each) => void (each.isRunning && (await each.kill()))));
  });
  const { url } = await guarded.start().says({ event: 'ready' }, PATIENCE_MS);
  await Promise.all(refusedByNats.map((each) => each.start().says({ msg: 'bus: no connection yet' }, PATIENCE_MS)));

  const bus = await cluster.bus();
  const heard: Uint8Array[] = [];
  for (const all of [`witan.${cluster.network}.>`, '_INBOX.>']) {
    bus.subscribe(all, ({ subject, payload }) => void heard.push(Buffer.from(subject), payload));
  }
  // A session from its beginning to its end, requests, signatures, and what is told of them.
  await cluster.addNode();
  await cluster.settled();
  const client = createClient(String(url), { headers: { authorization: `Bearer ${shown}` } });
  await client.attest({ body }, { timeoutMs: 20_000 });
  await expect(createClient(String(url)).attest({ body })).rejects.toMatchObject({ code: 'WITAN_ERR_UNAUTHENTICATED' });
  const section = await cluster.section();
  const processes = [...cluster.processes, guarded];
  const exposed = await Promise.all(processes.map(async (each) => (await each.metrics()).text));
  const refused = await errorBodies(String(url), shown, processes);
  const stats = await Promise.all(
    ['INFO', 'STATS'].map((verb) => bus.request(`$SRV.${verb}.witan-elder`, new Uint8Array(0), { timeoutMs: 5000 })),
  );
  // Stopped, they have sent all that they have, and their journals can be read.
  await Promise.all(processes.map((each) => each.stop()));
  await Promise.all(refusedByNats.map((each) => each.stop()));
  const said = [...processes, ...refusedByNats].map(
    ({ lines, stderr }) => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n${stderr}`,
  );
  const haystacks = {
    logs: Buffer.from(said.join('\n')),
    "nats-server's log": Buffer.from(cluster.natsLog.join('\n')),
    traces: Buffer.concat(collector.requests),
    metrics: Buffer.from(exposed.join('\n')),
    'error bodies': Buffer.from(refused),
    bus: Buffer.concat([...heard, ...stats]),
  };
  const secrets = cluster.nodes.flatMap((node) =>
    Object.entries(secretsOf(node, cluster.network)).map(([what, secret]) => [`${what} of ${node.elder.name}`, secret]),
  ) as [string, Uint8Array][];
  const seeds = cluster.users.write().map(({ name }): [string, Uint8Array] => {
    return [`seed of ${name}`, Buffer.from(readFileSync(cluster.users.seedFile(name), 'utf8').trim(), 'latin1')];
  });
  const keys = ['client', 'nats', 'api'].flatMap((name) =>
    Object.entries(secretsOfKey(join(cluster.directory, `${name}.key`))).map(([what, secret]): [string, Uint8Array] => [
      `TLS key of ${name}, ${what}`,
      secret,
    ]),
  );
  const passwords = { 'NATS password': cluster.password, 'wrong NATS password': wrongPassword, 'NATS token': token };
  const all: [string, Uint8Array][] = [
    ...secrets,
    ...seeds,
    ...keys,
    ...Object.entries(passwords).map(([what, shownText]): [string, Uint8Array] => [what, Buffer.from(shownText)]),
    ['API key', apiKey],
    ['API key as text', Buffer.from(shown)],
  ];
  expect(secrets).toHaveLength(3 * cluster.nodes.length);
  expect(all.flatMap(([what, secret]) => findSecret(secret, haystacks).map((where) => `${what}: ${where}`))).toEqual(
    [],
  );

  // The search finds what is there: what is public, everywhere where one would look for it.
  for (const [where, haystack] of Object.entries(haystacks)) expect(haystack.length, where).toBeGreaterThan(100);
  expect(findSecret(fromHex(section.key), haystacks).map((found) => found.split(',')[0])).toEqual(
    expect.arrayContaining(['logs', 'bus']),
  );
  const session = Buffer.from((await sessionIn(said.join('\n')))!, 'hex');
  expect(findSecret(session, haystacks).map((found) => found.split(',')[0])).toEqual(
    expect.arrayContaining(['logs', 'traces', 'bus']),
  );
  for (const each of processes.filter((service) => service !== guarded)) each.start();
  await cluster.settled();
});

async function sessionIn(logs: string): Promise<string | undefined> {
  return /"session":"([0-9a-f]{64})"/.exec(logs)?.[1];
}

describe('the volume of another node', () => {
  const FILES = ['identity.sealed', 'elder.db', 'adult.db'];
  const stateOf = ({ dataDir }: ClusterNode) =>
    FILES.map((file) => readFileSync(join(dataDir, file)).toString('base64'));

  test.for(['elder', 'adult'] as const)(
    'under the sealing key of its own: the %s refuses, and changes nothing',
    async (kind) => {
      const [own, other] = [cluster.nodes[0]!, cluster.nodes[1]!];
      await Promise.all([own, other].flatMap(({ elder, adult }) => [elder.stop(), adult.stop()]));
      const keyFile = join(cluster.directory, 'own-sealing.key');
      copyFileSync(join(own.dataDir, 'sealing.key'), keyFile);
      const before = stateOf(other);
      const service = cluster.service(kind, `a ${kind} with the volume of another node`, {
        ...own[kind].env,
        WITAN_DATA_DIR: other.dataDir,
        // As a Secret is mounted.
        WITAN_SEALING_KEY_FILE: keyFile,
      });
      expect(await service.expectEnd().start().exited).toEqual({ code: 77, signal: null });
      expect(service.stderr).toContain(`WITAN_ERR_SEALED: ${join(other.dataDir, 'identity.sealed')}`);
      expect(service.stderr).not.toContain(
        Buffer.from(loadSealingKey({ dataDir: own.dataDir, sealingKey: undefined }).key).toString('hex'),
      );
      expect(stateOf(other)).toEqual(before);
      for (const { elder, adult } of [own, other]) {
        elder.start();
        adult.start();
      }
      await cluster.settled();
    },
  );
});
