import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { type NatsServer, startNatsServer } from '@witan/bus';
import { UsersDir } from '@witan/nats';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { Authority, type CertificateFiles } from '../support/certificates.ts';
import { PATIENCE_MS } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

const SERVERS = [0, 1, 2];
/** Made here; what else the configuration includes lies beside it. */
const USERS = 'users.conf';
const shipped = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Server extends NatsServer {
  readonly log: readonly string[];
  readonly routePort: number;
  readonly id: string;
  /** Ids of the servers that it is connected to. */
  routes(): Promise<readonly string[]>;
}

let folder: string;
let authority: Authority;
let ofServers: CertificateFiles;
let ofGateway: CertificateFiles;
let ports: readonly number[];
let servers: readonly Server[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'witan-routes-'));
  authority = new Authority(folder, 'ca');
  // Here the servers are all `localhost`, which stands for the names that are in their certificates alone.
  ofServers = authority.issue('nats', { names: ['localhost'] });
  ofGateway = authority.issue('gateway', { names: ['gateway', 'witan-metrics'] });
  const wanted = { network: 'e2e', nodes: 1, gateways: 1, coordinators: 1 };
  new UsersDir(folder, wanted).write();
  ports = await Promise.all(SERVERS.map(freePort));
  servers = await Promise.all(ports.map((port, index) => start(`nats-${index}`, port)));
}, PATIENCE_MS);

afterAll(async () => {
  await Promise.all(servers?.map((server) => server.kill()) ?? []);
  rmSync(folder, { recursive: true, force: true });
});

/** The file as it is shipped, but for where things are on this machine. */
function configured(name: string, routePort: number, { certFile, keyFile }: CertificateFiles): string {
  const quoted = (file: string) => JSON.stringify(file);
  const config = shipped('k8s/components/nats-security/nats.conf');
  for (const [, file] of config.matchAll(/^include '(.+)'/gm)) {
    if (file !== USERS) writeFileSync(join(folder, file!), shipped(`k8s/nats/${file}`));
  }
  return config
    .replace(/^pid_file:.*$/m, `pid_file: ${quoted(join(folder, `${name}.pid`))}`)
    .replace('$POD_NAME', name)
    .replaceAll('/etc/nats/tls/tls.crt', quoted(certFile))
    .replaceAll('/etc/nats/tls/tls.key', quoted(keyFile))
    .replaceAll('/etc/nats/tls/ca.crt', quoted(authority.caFile))
    .replace('0.0.0.0:8222', '127.0.0.1:-1')
    .replace('0.0.0.0:6222', `127.0.0.1:${routePort}`)
    .replace(/nats-(\d)\.nats:6222/g, (_, index) => `localhost:${ports[Number(index)]}`);
}

async function start(name: string, routePort: number, certificate = ofServers): Promise<Server> {
  const config = join(folder, `${name}.conf`);
  const log: string[] = [];
  writeFileSync(config, configured(name, routePort, certificate));
  const server = await startNatsServer({ config, onLog: (line) => void log.push(line) });
  const monitor = () => log.flatMap((line) => /https monitor on (\S+)/.exec(line)?.[1] ?? [])[0];
  const routes = async () => {
    const address = monitor();
    if (address === undefined) return [];
    const options = {
      ca: readFileSync(authority.caFile),
      servername: 'localhost',
      checkServerIdentity: () => undefined,
    };
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    get(`https://${address}/routez`, options, (answer) => text(answer).then(resolve, reject)).on('error', reject);
    const answer = JSON.parse(await promise) as { routes: { remote_id: string }[] };
    return answer.routes.map(({ remote_id: remote }) => remote);
  };
  const id = log.flatMap((line) => / ID: +(\w+)/.exec(line)?.[1] ?? [])[0]!;
  return { ...server, id, log, routePort, routes };
}

const knowsOthers = async (server: Server) => {
  const known = await server.routes();
  return servers.every(({ id }) => id === server.id || known.includes(id));
};

/** What a server answers on its port for servers, until it ends the connection or tells what its clients listen to. */
async function saidTo(certificate: CertificateFiles, messages: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({
    host: '127.0.0.1',
    port: servers[0]!.routePort,
    servername: 'localhost',
    ca: readFileSync(authority.caFile),
    cert: readFileSync(certificate.certFile),
    key: readFileSync(certificate.keyFile),
  });
  onTestFinished(() => void socket.destroy());
  let said = '';
  socket.on('secureConnect', () => socket.write(messages.map((each) => `${each}\r\n`).join('')));
  socket.on('data', (bytes) => {
    said += bytes.toString('latin1');
    if (said.includes('RS+ ')) resolve(said);
  });
  socket.on('close', () => resolve(said));
  socket.on('error', reject);
  return promise;
}

const CONNECT = 'CONNECT {"verbose":false,"pedantic":false,"tls_required":true,"name":"AROGUE","cluster":"witan"}';
const INFO =
  'INFO {"server_id":"AROGUE","server_name":"rogue","version":"2.9.10","proto":1,"host":"127.0.0.1","port":1,' +
  '"headers":true,"max_payload":1048576,"cluster":"witan","tls_required":true}';
const HEAR_ALL = 'RS+ $G >';

describe('the port for servers of the configuration for Kubernetes', () => {
  test('lets in those who have a certificate of a server', async () => {
    for (const server of servers)
      await eventually('it knows both others', () => knowsOthers(server), { withinMs: PATIENCE_MS });
    const fourth = await start('nats-3', await freePort());
    onTestFinished(() => fourth.kill());
    await eventually('so does a fourth', () => knowsOthers(fourth), { withinMs: PATIENCE_MS });
    expect(await saidTo(ofServers, [CONNECT, INFO])).toContain('RS+ ');
  });

  test('lets in no server with the certificate of a service', async () => {
    const rogue = await start('rogue', await freePort(), ofGateway);
    onTestFinished(() => rogue.kill());
    const isRefused = ({ log }: Server) =>
      log.some((line) => line.includes('Router connection closed: Authentication Failure'));
    for (const server of servers) {
      await eventually('it is refused', () => isRefused(server), { withinMs: PATIENCE_MS });
      expect(await server.routes()).not.toContain(rogue.id);
    }
    expect(await rogue.routes()).toEqual([]);
  });

  // Of a server that never says who it is nothing asked for a certificate, if there was no user besides (2.9).
  test.for([
    ['says who it is', [CONNECT, INFO, HEAR_ALL]],
    ['does not say who it is', [INFO, HEAR_ALL]],
  ] as const)('tells nothing to one with the certificate of a service that %s', async ([, messages]) => {
    const said = await saidTo(ofGateway, messages);
    expect(said).toContain("-ERR 'Authorization Violation'");
    expect(said).not.toContain('RS+ ');
  });
});

test('compose publishes no port of NATS, and what it publishes on loopback alone', () => {
  for (const file of ['deploy/compose/compose.yaml', 'deploy/compose/api-keys.yaml']) {
    const { services } = parse(shipped(file), { merge: true }) as Record<
      'services',
      Record<string, { ports?: string[] }>
    >;
    expect(services.nats?.ports).toBeUndefined();
    for (const port of Object.values(services).flatMap(({ ports: all = [] }) => all))
      expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test.for(['k8s/components/nats-security/nats.conf', 'k8s/nats/nats.conf', 'deploy/compose/nats.conf'])(
  '%s opens no port around the users: none for leaf nodes, gateways, websockets or MQTT',
  (path) => {
    const blocks = [...shipped(path).matchAll(/^(\w+)(?=\s*[:=]?\s*\{)/gm)].map(([name]) => name!);
    expect(blocks.filter((name) => /^(leaf|leafnodes?|gateway|websocket|mqtt)$/i.test(name))).toEqual([]);
    const ports = servers[0]!.log.flatMap((line) => /Listening for (.*) on /.exec(line)?.[1] ?? []);
    expect(ports.sort()).toEqual(['client connections', 'route connections']);
  },
);
