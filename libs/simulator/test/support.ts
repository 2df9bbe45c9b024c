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
