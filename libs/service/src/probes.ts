import { errorCode } from '@witan/errors';

/** One thing that a service needs to do its job. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong, or what it waits for. */
  readonly detail?: string;
}

export interface Readiness {
  readonly status: 'ready' | 'not-ready';
  readonly service: string;
  readonly checks: readonly Check[];
}

export type Phase = 'starting' | 'running' | 'stopping';

/** Whether the service can do its job right now: it is up, the bus is connected, and its own checks hold. */
export function readiness(service: string, phase: Phase, sources: readonly (() => readonly Check[])[]): Readiness {
  const checks: Check[] = [phase === 'running' ? { name: 'up', ok: true } : { name: 'up', ok: false, detail: phase }];
  for (const source of sources) {
    try {
      checks.push(...source());
    } catch (error) {
      checks.push({ name: 'checks', ok: false, detail: errorCode(error) });
    }
  }
  return { status: checks.every(({ ok }) => ok) ? 'ready' : 'not-ready', service, checks };
}
