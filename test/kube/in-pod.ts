import type { Network } from './network.ts';

/** What a port shows: the SHA-256 fingerprint of its certificate; and to clients NATS, whether it takes anything but TLS, or strangers. */
export interface Shown {
  readonly at: string;
  readonly fingerprint: string;
  readonly tls_required?: boolean;
  readonly tls_verify?: boolean;
}

// With what a service in the same container has: its certificate, its seed.
const MINE = `
import { readFileSync } from 'node:fs';
const { WITAN_NATS_TLS_CA_FILE: caFile, WITAN_NATS_TLS_CERT_FILE: certFile, WITAN_NATS_TLS_KEY_FILE: keyFile } = process.env;
const given = JSON.parse(process.argv[1]);
`;

const SHOW = `${MINE}
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => readFileSync(file));
const show = (at) => new Promise((resolve, reject) => {
  const [host, port] = at.split(':');
  const over = (socket, info) => {
    const secured = connectTls({ socket, ca, cert, key, checkServerIdentity: () => undefined }, () => {
      const { fingerprint256 } = secured.getPeerCertificate();
      resolve({ at, fingerprint: fingerprint256, tls_required: info.tls_required, tls_verify: info.tls_verify });
      secured.destroy();
    });
    secured.once('error', reject);
  };
  const socket = connect({ host, port: Number(port) }).once('error', reject);
  // To clients NATS says who it is before it asks for TLS.
  if (port === '4222') socket.once('data', (data) => over(socket, JSON.parse(String(data).slice(5))));
  else socket.once('connect', () => over(socket, {}));
});
console.log(JSON.stringify(await Promise.all(given.map(show))));
`;

const REACH = `${MINE}
import { connectNats } from '/app/libs/bus/src/index.ts';
const refused = { say: [], hear: [] };
const bus = await connectNats({
  servers: process.env.WITAN_NATS_URL.split(','),
  name: 'intruder',
  nkeySeed: readFileSync(process.env.WITAN_NATS_NKEY_FILE, 'utf8').trim(),
  tls: { caFile, certFile, keyFile },
  onEvent: (event) => {
    if (event.type === 'forbidden') refused[event.operation === 'publish' ? 'say' : 'hear'].push(event.subject);
  },
});
for (const subject of given.say) bus.publish(subject, new Uint8Array(1));
for (const subject of given.hear) bus.subscribe(subject, () => {}).unsubscribe();
await bus.flush();
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify(refused));
process.exit();
`;

async function runIn<T>(network: Network, pod: string, container: string, code: string, given: unknown): Promise<T> {
  const node = ['node', '--input-type=module', '-e', code, JSON.stringify(given)];
  return JSON.parse(await network.kubectl('exec', pod, '-c', container, '--', ...node)) as T;
}

/** What ports show to the gateway: `host:port`. */
export function shownBy(network: Network, ports: readonly string[]): Promise<Shown[]> {
  return runIn(network, 'deploy/gateway', 'gateway', SHOW, ports);
}

/** What NATS refuses to one who has got into a container and has all that is in there. */
export function refusedTo(
  network: Network,
  { pod, container }: { readonly pod: string; readonly container: string },
  subjects: { readonly say: readonly string[]; readonly hear: readonly string[] },
): Promise<{ say: string[]; hear: string[] }> {
  return runIn(network, pod, container, REACH, subjects);
}
