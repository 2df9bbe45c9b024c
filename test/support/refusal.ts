import { CODES, type WitanErrorCode } from '@witan/errors';
import { expect } from 'vitest';
import type { ServiceProcess } from './service-process.ts';

/** That it ends by itself, with the code of this error and a line that says these things. */
export async function expectRefusal(
  service: ServiceProcess,
  code: WitanErrorCode,
  ...says: readonly string[]
): Promise<void> {
  const exit = await service.expectEnd().exited;
  expect([service.stderr, exit.code]).toEqual([expect.stringContaining(code), CODES[code].exit]);
  for (const words of says) expect(service.stderr).toContain(words);
}
