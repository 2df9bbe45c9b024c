import { randomBytes } from 'node:crypto';

/** Bytes of the system's generator. For services: protocol libs are given their randomness. */
export function secureRandom(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
