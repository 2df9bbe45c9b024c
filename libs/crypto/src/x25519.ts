import { diffieHellman, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { exportPublic, importPrivate, importPublic } from './keys25519.ts';
import { operations } from './meter.ts';
import { invalid } from './refuse.ts';
import { REDACTED } from './secret.ts';

export { requireStrongX25519, x25519PublicFromEd25519 } from './curve25519.ts';

/** A private X25519 key, imported once for any number of exchanges. Shows its value nowhere. */
export class X25519Private {
  readonly publicKey: Uint8Array;
  readonly #key: KeyObject;

  /** @throws WitanError `WITAN_ERR_MALFORMED` when `secret` is not 32 bytes. */
  constructor(secret: Uint8Array) {
    this.#key = importPrivate('X25519', secret);
    this.publicKey = exportPublic(this.#key);
  }

  /**
   * The shared secret (RFC 7748, section 6.1), for the caller to overwrite.
   * @throws WitanError `WITAN_ERR_MALFORMED` not 32 bytes; `WITAN_ERR_INVALID` of low order: the secret is all zero.
   */
  exchange(otherPublic: Uint8Array): Uint8Array {
    const publicKey = importPublic('X25519', otherPublic);
    operations.ecdh++;
    try {
      return diffieHellman({ privateKey: this.#key, publicKey });
    } catch (error) {
      throw invalid('the public key is of low order', error);
    }
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
