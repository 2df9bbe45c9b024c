import type { ServiceKind } from './service-process.ts';

/** What can be set for the services of a test; milliseconds. Each goes to the services that know it. */
export interface ClusterSettings {
  readonly heartbeatMs?: number;
  readonly elderCount?: number;
  readonly phaseDeadlineMs?: number;
  readonly settleMs?: number;
  readonly absentAfterMs?: number;
  readonly retryAfterMs?: number;
  readonly stopTimeoutMs?: number;
  readonly rateLimit?: number;
}

const KNOWN_BY: Record<keyof ClusterSettings, readonly ServiceKind[]> = {
  heartbeatMs: ['elder', 'adult'],
  elderCount: ['elder'],
  phaseDeadlineMs: ['elder', 'dkg-coordinator'],
  settleMs: ['elder'],
  absentAfterMs: ['elder'],
  retryAfterMs: ['elder'],
  stopTimeoutMs: ['elder', 'adult', 'dkg-coordinator', 'gateway'],
  rateLimit: ['gateway'],
};

/** Heartbeats come often, so that a test need not wait for the next one; requests are not limited. */
const FOR_TESTS: ClusterSettings = { heartbeatMs: 250, rateLimit: 1_000_000 };

/** The environment of a service of this kind. */
export function environmentOf(kind: ServiceKind, settings: ClusterSettings): Record<string, string> {
  const env: Record<string, string> = {
    WITAN_METRICS_PORT: '0',
    WITAN_LOG_FORMAT: 'json',
    WITAN_LOG_LEVEL: 'debug',
  };
  // The first one of a test is that of a new network.
  if (kind === 'elder') env.WITAN_GENESIS_WITNESSES = '0';
  for (const [name, value] of Object.entries({ ...FOR_TESTS, ...settings })) {
    if (KNOWN_BY[name as keyof ClusterSettings].includes(kind)) env[variable(name)] = String(value);
  }
  return env;
}

function variable(name: string): string {
  return `WITAN_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
