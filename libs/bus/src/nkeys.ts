import { nkeys } from '@nats-io/nats-core';
import { WitanError } from '@witan/errors';

/** A NATS user: an Ed25519 key pair in NATS's own form. The server knows `nkey` and nothing secret. */
export interface Nkey {
  /** Public key, `U…`. */
  readonly nkey: string;
  /** Secret, `SU…`. */
  readonly seed: string;
}

export function createNkey(): Nkey {
  const pair = nkeys.createUser();
  return { nkey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}

/** The public key of a seed. @throws WITAN_ERR_CONFIG when it is none of a user; it never tells the seed */
export function nkeyOf(seed: string): string {
  const nkey = publicKeyOf(seed);
  if (nkey?.startsWith('U')) return nkey;
  throw new WitanError('WITAN_ERR_CONFIG', 'the NKey seed is not that of a user: SU and 56 more characters');
}

/** What the inbox of a user begins with: its own, so that the server can keep all others from listening there. */
export function inboxOf(nkey: string): string {
  return `_INBOX.${nkey}`;
}

function publicKeyOf(seed: string): string | undefined {
  try {
    return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  } catch {
    return undefined;
  }
}
