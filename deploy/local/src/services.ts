import { fileURLToPath } from 'node:url';
import { ELDER_NODE_FLAGS, NODE_ENV, NODE_FLAGS } from '@witan/config';
import type { ProcessSpec, Ready } from './supervisor.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** For a graceful stop; the launcher waits a little longer before it kills. */
export const STOP_TIMEOUT_MS = 4_000;

export type ServiceKind = 'gateway' | 'dkg-coordinator' | 'elder' | 'adult';

export const NETWORK = 'local';

/** What all services of a cluster share. */
export interface Surroundings {
  readonly natsUrl: () => string;
  /** The file with the NKey of a user of the bus. */
  readonly natsKeyFile: (user: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a service's program is; the workspace's own unless a test stands in for it. */
  readonly entry?: (kind: ServiceKind) => string;
}

export interface ServiceOptions {
  readonly kind: ServiceKind;
  readonly name: string;
  /** At the bus. */
  readonly user: string;
  readonly logFile: string;
  /** Settings of this service, by the name of their variable. */
  readonly settings: () => Readonly<Record<string, string>>;
  /** Gateway: the port that its API is to have at the first start. */
  readonly httpPort?: number;
}

export function serviceSpec(options: ServiceOptions, surroundings: Surroundings): ProcessSpec {
  const { kind, name, user, logFile, httpPort } = options;
  const entry = surroundings.entry?.(kind) ?? `${ROOT}services/${kind}/src/main.ts`;
  return {
    name,
    command: process.execPath,
    logFile,
    lifeline: 'channel',
    launch: (previous) => ({
      args: [...(kind === 'elder' ? ELDER_NODE_FLAGS : NODE_FLAGS), entry],
      env: {
        ...NODE_ENV,
        ...inherited(surroundings.env),
        WITAN_NETWORK: NETWORK,
        WITAN_NATS_URL: surroundings.natsUrl(),
        WITAN_NATS_NKEY_FILE: surroundings.natsKeyFile(user),
        WITAN_METRICS_PORT: portOf(previous?.metrics) ?? '0',
        WITAN_STOP_TIMEOUT_MS: String(STOP_TIMEOUT_MS),
        WITAN_EXIT_WITH_PARENT: '1',
        ...(httpPort !== undefined && { WITAN_HTTP_PORT: portOf(previous && apiUrl(previous)) ?? String(httpPort) }),
        ...options.settings(),
      },
    }),
  };
}

/** The address of the API, as the gateway says it. */
export function apiUrl(ready: Ready): string | undefined {
  return ready.info.url;
}

function portOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : new URL(url).port;
}

/** What a person set for the services, without what is the launcher's own. */
function inherited(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const own = new Set(['WITAN_URL', 'WITAN_API_KEY', 'WITAN_GENESIS', 'WITAN_GENESIS_KEY', 'WITAN_DATA_DIR']);
  const isOwn = (name: string): boolean => own.has(name) || name.startsWith('WITAN_NATS_');
  const entries = Object.entries(env).filter(([name, value]) => value !== undefined && !isOwn(name));
  return Object.fromEntries(entries) as Record<string, string>;
}
