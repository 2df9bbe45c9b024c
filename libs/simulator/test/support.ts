import { setDecodeCache, setVerificationCache } from '@witan/crypto';
import { afterAll, beforeAll } from 'vitest';

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
