import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { asWitanError } from '@witan/errors';
import type { ChainWatch } from './chain-watch.ts';
import type { Connect } from './connect.ts';

/** What those who ask here have their proofs for. */
export const CONTEXT = 'chaos';
const PAYLOAD_BYTES = 32;
/** A try that has not been answered by then is given up. */
export const TRY_MS = 5_000;
/** From one try to the next. */
export const AGAIN_MS = 250;

/**
 * Asks one gateway once for a proof of something.
 * @returns what is wrong with the one that came; nothing if it is right
 * @throws WitanError when none came
 */
export async function askForProof(connect: Connect, url: string, chain: ChainWatch): Promise<string | undefined> {
  const payload = randomBytes(PAYLOAD_BYTES);
  const body = { payload: payload.toString('base64url'), context: CONTEXT };
  return chain.check(await connect(url, { timeoutMs: TRY_MS }).attest({ body }), payload, CONTEXT);
}

/** What there is to say against a gateway that is asked until there is a proof, or for so long. */
export async function demandProof(
  connect: Connect,
  url: string,
  chain: ChainWatch,
  patienceMs: number,
): Promise<string | undefined> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await askForProof(connect, url, chain);
    } catch (error) {
      const { code, detail } = asWitanError(error);
      if (performance.now() > endMs) return `no attestation comes from ${url}: ${code}: ${detail}`;
      await pause(AGAIN_MS);
    }
  }
}
