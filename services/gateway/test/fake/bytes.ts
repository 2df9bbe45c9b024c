import { createHash } from 'node:crypto';

/** `length` bytes that depend on `seed` alone: they have the form of keys and signatures and mean nothing. */
function bytes(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, block) =>
    createHash('sha256').update(`${block} ${seed}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

export const hex = (seed: string, length: number): string => bytes(seed, length).toString('hex');
export const base64url = (seed: string, length: number): string => bytes(seed, length).toString('base64url');

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** floor(2n/3) + 1, as everywhere in Witan. */
export const supermajority = (n: number): number => Math.floor((2 * n) / 3) + 1;
