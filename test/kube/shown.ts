import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { forwarded } from '../support/port-forward.ts';
import type { Secrets } from './secrets.ts';

/** Where something listens. */
export interface Listener {
  readonly pod: string;
  readonly ports: readonly number[];
}

/** What a port shows: the SHA-256 fingerprint of its certificate; and to clients NATS, whether it takes anything but TLS, or strangers. */
export interface Shown {
  /** `POD:PORT`. */
  readonly at: string;
  readonly fingerprint: string;
  readonly tls_required?: boolean;
  readonly tls_verify?: boolean;
}

const NATS_CLIENTS = 4222;
const PATIENCE_MS = 20_000;

/** What ports show to the gateway's certificate, each asked in its own pod: most of them no other pod may reach. */
export async function shownBy(
  namespace: string,
  listeners: readonly Listener[],
  secrets: Secrets,
): Promise<readonly Shown[]> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'tls.crt', 'tls.key'].map((field) => secrets.field('witan-tls-gateway', field)),
  );
  const mine = { ca, cert, key, checkServerIdentity: () => undefined };

  async function show(pod: string, port: number, local: number): Promise<Shown> {
    const socket = connect(local, '127.0.0.1');
    const within = { signal: AbortSignal.timeout(PATIENCE_MS) };
    try {
      await once(socket, 'connect', within);
      // To clients NATS says who it is before it asks for TLS.
      const info = port === NATS_CLIENTS ? JSON.parse(String((await once(socket, 'data', within))[0]).slice(5)) : {};
      const secured = connectTls({ ...mine, socket });
      await once(secured, 'secureConnect', within);
      // Whatever comes of it later has been seen enough of.
      secured.on('error', () => {});
      const { fingerprint256 } = secured.getPeerCertificate();
      const { tls_required, tls_verify } = info as Partial<Shown>;
      return {
        at: `${pod}:${port}`,
        fingerprint: fingerprint256,
        ...(tls_required === undefined ? {} : { tls_required }),
        ...(tls_verify === undefined ? {} : { tls_verify }),
      };
    } finally {
      socket.on('error', () => {}).destroy();
    }
  }

  const all = listeners.map(({ pod, ports }) =>
    forwarded(namespace, pod, ports, (local) => Promise.all(ports.map((port) => show(pod, port, local.get(port)!)))),
  );
  return (await Promise.all(all)).flat();
}
