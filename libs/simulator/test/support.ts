import { setDecodeCache, setVerificationCache } from '@witan/crypto';
import type { PhaseName } from '@witan/dkg';
import { afterAll, beforeAll } from 'vitest';
import type { Moment } from '../src/index.ts';

/** For the tests of a file: all nodes of a simulated section run in one process and verify the same bytes. */
export function shareVerification(): void {
  beforeAll(() => {
    setDecodeCache(10_000);
    setVerificationCache(20_000);
  });
  afterAll(() => {
    setDecodeCache(0);
    setVerificationCache(0);
  });
}

/** Virtual ms in which a session ends that waits for so many phase deadlines, and votes on who is missing. */
export function deadlinesMs(count: number): number {
  return count * (2_000 + 800);
}

/** Virtual ms from the start of a process to its usable share. */
export const BACK_WITHIN_MS = 2_000;

/** At which a phase can kill a participant: as it begins, with the first of it on the disk, before the first word. */
export const MOMENTS = ['enters', 'writes', 'sends'] as const;

export function momentOf(kind: (typeof MOMENTS)[number], phase: PhaseName, isAccused: boolean): Moment {
  if (kind === 'enters') return { enters: phase };
  if (kind === 'writes') return { writes: phase };
  return phase === 'justification' && !isAccused ? { sends: 'prevote', phase } : { sends: phase, phase };
}
