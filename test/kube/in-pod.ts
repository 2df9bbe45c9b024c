import type { Namespace } from '../support/kube.ts';

const DIAL_MS = 4_000;

// With what a service in the same container has: its certificate, its seed.
const MINE = `
import { readFileSync } from 'node:fs';
const { WITAN_NATS_TLS_CA_FILE: caFile, WITAN_NATS_TLS_CERT_FILE: certFile, WITAN_NATS_TLS_KEY_FILE: keyFile } = process.env;
const given = JSON.parse(process.argv[1]);
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

async function runIn<T>(network: Namespace, pod: string, container: string, code: string, given: unknown): Promise<T> {
  const node = ['node', '--input-type=module', '-e', code, JSON.stringify(given)];
  return JSON.parse(await network.kubectl('exec', pod, '-c', container, '--', ...node)) as T;
}

const DIAL = `
import { connect } from 'node:net';
const [host, port, forMs] = process.argv.slice(1);
const say = (opened) => { console.log(opened); process.exit(); };
connect({ host, port: Number(port) }).once('connect', () => say(true)).once('error', () => say(false));
setTimeout(say, Number(forMs), false);
`;

/** Whether a port can be connected to from within a container, within a few seconds. */
export async function opensFrom(network: Namespace, pod: string, host: string, port: number): Promise<boolean> {
  const node = ['node', '--input-type=module', '-e', DIAL, host, String(port), String(DIAL_MS)];
  return (await network.kubectl('exec', pod, '--', ...node)) === 'true';
}

/** What NATS refuses to one who has got into a container and has all that is in there. */
export function refusedTo(
  network: Namespace,
  { pod, container }: { readonly pod: string; readonly container: string },
  subjects: { readonly say: readonly string[]; readonly hear: readonly string[] },
): Promise<{ say: string[]; hear: string[] }> {
  return runIn(network, pod, container, REACH, subjects);
}
