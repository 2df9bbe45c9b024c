import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { type BusEvent, connectNats, type NatsOptions, type NatsServer, startNatsServer } from '@witan/bus';
import { asWitanError } from '@witan/errors';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Authority, type CertificateFiles, tlsConfig } from '../support/certificates.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { Scrape } from '../support/exposition.ts';
import { freePort } from '../support/free-port.ts';
import { useCluster } from '../support/use-cluster.ts';

const HOUR_MS = 3_600_000;

const { cluster } = useCluster({ nodes: 2, tls: true });

let folder: string;
let ours: Authority;
let foreign: Authority;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-tls-'));
  ours = new Authority(folder, 'ours');
  foreign = new Authority(folder, 'foreign');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server whose certificate may be replaced, and a client's files. */
async function natsServer(served: CertificateFiles) {
  const config = join(folder, 'nats.conf');
  const log: string[] = [];
  writeFileSync(config, tlsConfig(ours.caFile, served));
  const options = { config, port: await freePort(), args: ['-m', '-1'], onLog: (line: string) => void log.push(line) };
  let server: NatsServer = await startNatsServer(options);
  onTestFinished(() => server.kill());
  const reloaded = () => log.filter((line) => line.includes('Reloaded server configuration')).length;
  const reload = async () => {
    const before = reloaded();
    process.kill(server.pid, 'SIGHUP');
    await eventually('the server has reloaded', () => reloaded() > before, { withinMs: PATIENCE_MS, everyMs: 5 });
  };
  return {
    url: server.url,
    kill: () => server.kill(),
    again: async () => {
      server = await startNatsServer(options);
    },
    reload,
    trust: async (...caFiles: string[]) => {
      const all = join(folder, 'trusted.pem');
      writeFileSync(all, caFiles.map((file) => readFileSync(file, 'utf8')).join(''));
      writeFileSync(config, tlsConfig(all, served));
      await reload();
    },
    /** Subjects of the certificates that its clients have shown. */
    peers: async () => {
      const monitor = log.flatMap((line) => /monitor on (\S+)/.exec(line)?.[1] ?? [])[0];
      const { connections } = (await (await fetch(`http://${monitor}/connz?auth=1`)).json()) as {
        connections: { tls_peer_certs?: { subject: string }[] }[];
      };
      return connections.flatMap(({ tls_peer_certs: [own] = [] }) => own?.subject ?? []);
    },
  };
}

/** What lies between a client and a server whose TLS handshakes run out of time, when told so: it passes on the greeting alone. */
async function relayTo(url: string) {
  const { hostname, port } = new URL(url);
  let isEnding = false;
  let ended = 0;
  const relay = createServer((downstream) => {
    const upstream = connect(Number(port), hostname);
    for (const each of [downstream, upstream]) each.on('error', () => {});
    downstream.on('close', () => upstream.destroy());
    upstream.on('close', () => downstream.destroy());
    upstream.pipe(downstream);
    if (!isEnding) {
      downstream.pipe(upstream);
      return;
    }
    downstream.once('data', () => {
      ended++;
      downstream.resetAndDestroy();
    });
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void relay.close());
  return {
    url: `nats://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    endHandshakes: (value: boolean) => {
      isEnding = value;
    },
    ended: () => ended,
  };
}

function client(url: string, tls: NonNullable<NatsOptions['tls']>) {
  const events: BusEvent[] = [];
  const ending = new AbortController();
  const connecting = connectNats({
    servers: url,
    name: 'test',
    retryMs: 20,
    tls,
    tlsCheckMs: 50,
    signal: ending.signal,
    onEvent: (event) => void events.push(event),
  });
  connecting.catch(() => {});
  onTestFinished(async () => {
    ending.abort();
    await connecting.then((bus) => bus.drain()).catch(() => {});
  });
  const failures = () =>
    events.flatMap((event) => (event.type === 'connecting' ? [{ ...event, error: asWitanError(event.error) }] : []));
  return { connecting, events, failures };
}

describe('a certificate that does not hold is an error with a name, and is tried again ever less often', () => {
  const good = (): CertificateFiles => ours.issue('good');
  const cases: Readonly<
    Record<string, { served?: () => CertificateFiles; own?: () => NonNullable<NatsOptions['tls']>; says: RegExp }>
  > = {
    'of a server, expired': {
      served: () => ours.issue('server', { toMs: -1000 }),
      says: /^the certificate of NATS at \S+ has expired \(CERT_HAS_EXPIRED\)/,
    },
    'of a server, not valid yet': {
      served: () => ours.issue('server', { fromMs: HOUR_MS, toMs: 2 * HOUR_MS }),
      says: /is not valid yet: one of the two clocks may be wrong/,
    },
    'of a server, of another authority': {
      served: () => foreign.issue('server'),
      says: /authority that is not known here/,
    },
    'of a server, for another name': {
      served: () => ours.issue('server', { names: ['nats.example'] }),
      says: /is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
    },
    'of the client, expired': {
      own: () => ours.issue('client', { toMs: -1000 }),
      says: /^the certificate in \S+client\.pem has expired at \d{4}-/,
    },
    'of the client, of another authority': {
      own: () => foreign.issue('client'),
      says: /ended the TLS handshake: does it accept \S+client\.pem\?/,
    },
    'of the client, not there': { own: () => ({}), says: /ended the TLS handshake: this client shows no certificate/ },
  };

  test.for(Object.entries(cases))('%s', async ([, { served = good, own = good, says }]) => {
    const server = await natsServer(served());
    const { failures } = client(server.url, { caFile: ours.caFile, ...own() });
    await eventually('it has been tried four times', () => failures().length >= 4, { withinMs: PATIENCE_MS });
    const [first, , , fourth] = failures();
    expect(first!.error).toMatchObject({ code: 'WITAN_ERR_CERTIFICATE', detail: expect.stringMatching(says) });
    expect(fourth!.retryMs).toBeGreaterThan(2 * first!.retryMs);
  });

  test('and the first connection is made as soon as it holds', async () => {
    const server = await natsServer(ours.issue('server', { toMs: -1000 }));
    const { connecting, failures } = client(server.url, { caFile: ours.caFile, ...ours.issue('client') });
    await eventually('it is refused', () => failures().length > 0, { withinMs: PATIENCE_MS, everyMs: 5 });
    ours.issue('server');
    await server.reload();
    expect((await connecting).status).toBe('connected');
  });
});

test.for<[string, (good: CertificateFiles) => NonNullable<NatsOptions['tls']>, RegExp]>([
  [
    'an authority that is not there',
    () => ({ caFile: '/nowhere/ca.pem' }),
    /\/nowhere\/ca\.pem cannot be read: ENOENT/,
  ],
  ['an authority that is none', ({ keyFile }) => ({ caFile: keyFile }), /holds no certificate in PEM form/],
  ['a certificate without its key', ({ certFile }) => ({ certFile }), /needs its private key beside it/],
  ['a key that is none', ({ certFile }) => ({ certFile, keyFile: certFile }), /holds no private key in PEM form/],
  ['the key of another', (good) => ({ ...good, keyFile: ours.issue('other').keyFile }), /is not the key of/],
])('%s is an error of the configuration, at once', async ([, files, says]) => {
  const { connecting, events } = client('nats://127.0.0.1:1', files(ours.issue('client')));
  await expect(connecting).rejects.toMatchObject({ code: 'WITAN_ERR_CONFIG', detail: expect.stringMatching(says) });
  expect(events).toEqual([]);
});

describe('certificates are replaced while a client is connected', () => {
  test('its own: it connects anew with the new one', async () => {
    const server = await natsServer(ours.issue('server'));
    const { connecting, events } = client(server.url, { caFile: ours.caFile, ...ours.issue('client') });
    const bus = await connecting;
    bus.subscribe('x', ({ respond }) => respond?.(new Uint8Array(1)));
    expect(await server.peers()).toEqual(['CN=client']);
    const next = ours.issue('next');
    replace('client', next);
    await eventually('the server sees the new one', async () => String(await server.peers()) === 'CN=next', {
      withinMs: PATIENCE_MS,
    });
    await eventually('the client is connected', () => bus.status === 'connected', { withinMs: PATIENCE_MS });
    expect(events).toContainEqual({ type: 'certificates', error: undefined });
    expect(bus.stats.disconnects).toBe(1);
    expect(await bus.request('x', new Uint8Array(0), { timeoutMs: 5000 })).toHaveLength(1);
  });

  test('by one that no server takes at first: it is used as soon as one does', async () => {
    const server = await natsServer(ours.issue('server'));
    const { connecting, events } = client(server.url, { caFile: ours.caFile, ...ours.issue('client') });
    const bus = await connecting;
    const said = () => events.flatMap((event) => (event.type === 'certificates' ? [event.error] : []));
    replace('client', foreign.issue('next'));
    await eventually('it is told', () => said().length > 0, { withinMs: PATIENCE_MS });
    expect(said()).toEqual([expect.objectContaining({ code: 'WITAN_ERR_CERTIFICATE' })]);
    expect(bus.stats.disconnects).toBe(0);
    await server.trust(ours.caFile, foreign.caFile);
    await eventually('the server sees the new one', async () => String(await server.peers()) === 'CN=next', {
      withinMs: PATIENCE_MS,
    });
    expect(said().at(-1)).toBeUndefined();
  });

  test('while a server ends each handshake: its own is used when the server does so no more', async () => {
    const server = await natsServer(ours.issue('server'));
    const relay = await relayTo(server.url);
    const { connecting, events } = client(relay.url, { caFile: ours.caFile, ...ours.issue('client') });
    const bus = await connecting;
    relay.endHandshakes(true);
    replace('client', ours.issue('next'));
    await eventually('they have been refused three times', () => relay.ended() >= 3, { withinMs: PATIENCE_MS });
    // Said once, and not each time.
    expect(events.filter(({ type }) => type === 'certificates')).toEqual([
      { type: 'certificates', error: expect.objectContaining({ detail: expect.stringContaining('TLS handshake') }) },
    ]);
    expect(bus.stats.disconnects).toBe(0);
    relay.endHandshakes(false);
    await eventually('the server sees the new one', async () => String(await server.peers()) === 'CN=next', {
      withinMs: PATIENCE_MS,
    });
  });

  test.for<[string, () => void, string]>([
    ['of another authority', () => void foreign.issue('client'), 'WITAN_ERR_CERTIFICATE'],
    ['expired', () => void ours.issue('client', { toMs: -1000 }), 'WITAN_ERR_CERTIFICATE'],
    ['without its key', () => writeFileSync(join(folder, 'client.key'), 'no key'), 'WITAN_ERR_CONFIG'],
  ])('by one that is %s: it is named, and the connection that works stays', async ([, spoil, code]) => {
    const server = await natsServer(ours.issue('server'));
    const { connecting, events } = client(server.url, { caFile: ours.caFile, ...ours.issue('client') });
    const bus = await connecting;
    spoil();
    const said = () => events.flatMap((event) => (event.type === 'certificates' ? [event] : []));
    await eventually('it is told', () => said().length > 0, { withinMs: PATIENCE_MS });
    expect(said()).toEqual([{ type: 'certificates', error: expect.objectContaining({ code }) }]);
    expect(bus.stats.disconnects).toBe(0);
    expect(bus.status).toBe('connected');
  });

  test('the server’s, by one that has expired: the client says why it does not come back, and comes when it can', async () => {
    const server = await natsServer(ours.issue('server'));
    const { connecting, failures } = client(server.url, { caFile: ours.caFile, ...ours.issue('client') });
    const bus = await connecting;
    await server.kill();
    ours.issue('server', { toMs: -1000 });
    await server.again();
    await eventually(
      'the reason is told',
      () => failures().some(({ error }) => error.detail.includes('CERT_HAS_EXPIRED')),
      { withinMs: PATIENCE_MS },
    );
    ours.issue('server');
    await server.reload();
    await eventually('it is back', () => bus.status === 'connected', { withinMs: PATIENCE_MS });
  });
});

function replace(name: string, { certFile, keyFile }: CertificateFiles): void {
  copyFileSync(keyFile, join(folder, `${name}.key`));
  copyFileSync(certFile, join(folder, `${name}.pem`));
}

/** The certificate that a port shows, by its fingerprint. */
function shownBy(port: number, caFile: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(caFile);
    const socket = connectTls({ port, host: '127.0.0.1', ca }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

function fetchOver(url: string, caFile: string): Promise<{ readonly status: number; readonly body: string }> {
  const ca = readFileSync(caFile);
  return new Promise((resolve, reject) => {
    get(url, { ca }, async (response) => {
      resolve({ status: response.statusCode!, body: await text(response) });
    }).once('error', reject);
  });
}

const endOf = (certFile: string) => new X509Certificate(readFileSync(certFile)).validToDate.getTime() / 1000;

describe('a section whose NATS takes TLS alone', () => {
  test('signs, and all its services go on with new certificates without a restart', async () => {
    const pids = cluster.processes.map(({ pid }) => pid);
    cluster.authority!.issue('client');
    await Promise.all(cluster.processes.map((each) => each.says({ event: 'certificates' }, PATIENCE_MS)));
    await cluster.settled();
    // Two elders of two are needed, and one may be between its connections.
    const signs = () => cluster.api.attest({ body: { payload: 'aGVsbG8' } }, { timeoutMs: 20_000 });
    await eventually('the section signs', signs, { withinMs: PATIENCE_MS });
    expect(cluster.processes.map(({ pid }) => pid)).toEqual(pids);
  });

  test('has gateways that take HTTPS, also for metrics, and new certificates for both without a restart', async () => {
    const { caFile } = cluster.authority!;
    const { certFile, keyFile } = cluster.authority!.issue('api');
    const gateway = cluster.service('gateway', 'a gateway with TLS', {
      WITAN_HTTP_PORT: '0',
      WITAN_HTTP_TLS_CERT_FILE: certFile,
      WITAN_HTTP_TLS_KEY_FILE: keyFile,
      WITAN_METRICS_TLS_CERT_FILE: certFile,
      WITAN_METRICS_TLS_KEY_FILE: keyFile,
    });
    onTestFinished(async () => void (await gateway.kill()));
    const { url, metrics } = await gateway.start().says({ event: 'ready' }, PATIENCE_MS);
    expect([url, metrics]).toEqual([expect.stringMatching(/^https:/), expect.stringMatching(/^https:/)]);
    const ports = [url, metrics].map((each) => Number(new URL(String(each)).port));
    expect((await fetchOver(`${url}/v1/network`, caFile)).status).toBe(200);
    const expiries = async () => {
      const { body } = await fetchOver(`${metrics}/metrics`, caFile);
      const found = new Scrape(body).find('witan_tls_certificate_expiry_timestamp_seconds');
      return Object.fromEntries(found.map(({ labels, value }) => [labels.use, value]));
    };
    const clients = endOf(join(cluster.directory, 'client.pem'));
    expect(await expiries()).toEqual({ api: endOf(certFile), metrics: endOf(certFile), nats: clients });
    await expect(fetch(`http://127.0.0.1:${ports[0]}/livez`)).rejects.toThrow();

    const shown = () => Promise.all(ports.map((port) => shownBy(port, caFile)));
    const before = await shown();
    cluster.authority!.issue('api', { toMs: 2 * HOUR_MS });
    const isNew = async () => (await shown()).every((each, at) => each !== before[at]);
    await eventually('both show the new one', isNew, { withinMs: PATIENCE_MS });
    const after = await shown();
    const inTwoHours = endOf(certFile);
    expect(await expiries()).toEqual({ api: inTwoHours, metrics: inTwoHours, nats: clients });

    writeFileSync(keyFile, 'no key');
    await gateway.says({ event: 'certificates', level: 'error', port: 'API' }, PATIENCE_MS);
    await gateway.says({ event: 'certificates', level: 'error', port: 'metrics' }, PATIENCE_MS);
    expect(await shown()).toEqual(after);
    expect((await gateway.stop()).code).toBe(0);
  });
});

test.for([
  ['WITAN_NATS_TLS_CA_FILE', '/nowhere/ca.pem'],
  ['WITAN_HTTP_TLS_CERT_FILE', '/nowhere/api.pem'],
  ['WITAN_METRICS_TLS_CERT_FILE', '/nowhere/metrics.pem'],
] as const)('a service does not start with %s=%s, and says so', async ([name, file]) => {
  const gateway = cluster
    .service('gateway', 'a gateway', { WITAN_HTTP_PORT: '0', [name]: file })
    .expectEnd()
    .start();
  expect((await gateway.exited).code).toBe(78);
  expect(gateway.stderr).toContain(`WITAN_ERR_CONFIG: TLS: ${file} cannot be read: ENOENT`);
});
