import { inspect } from 'node:util';
import { WitanError } from '@witan/errors';
import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, decrypt, encrypt } from './aead.ts';
import { concatBytes, hkdf } from './hash.ts';
import { requireLength } from './refuse.ts';
import { REDACTED } from './secret.ts';

/** Encrypts secrets at rest. A key management service can stand behind it as well as a local key. */
export interface SecretSealer {
  /** `associated` says what the secret is, such as the stream that it stands in: it opens with that and nothing else. */
  seal(plaintext: Uint8Array, associated: Uint8Array): Uint8Array;
  /** @throws WitanError `WITAN_ERR_SEALED` wrong key, wrong `associated`, changed or truncated bytes. */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array;
}

const VERSION = 1;
/** Long enough that random salts never meet, unlike ChaCha20-Poly1305's nonces of 12 bytes. */
const SALT_BYTES = 24;
const HEAD_BYTES = 1 + SALT_BYTES;

/**
 * Seals with a key of its own for each secret: HKDF of the sealing key with a random salt, then ChaCha20-Poly1305.
 * Form: version, 24 bytes of salt, ciphertext, 16 bytes of tag.
 */
export class Vault implements SecretSealer {
  readonly #key: Uint8Array;
  readonly #random: (length: number) => Uint8Array;

  /** @throws WitanError `WITAN_ERR_MALFORMED` when the sealing key is not 32 bytes. */
  constructor(sealingKey: Uint8Array, random: (length: number) => Uint8Array) {
    requireLength(sealingKey, AEAD_KEY_BYTES, 'a sealing key');
    this.#key = sealingKey.slice();
    this.#random = random;
  }

  seal(plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
    const salt = this.#random(SALT_BYTES);
    requireLength(salt, SALT_BYTES, 'a salt');
    const head = concatBytes(Uint8Array.of(VERSION), salt);
    return this.#withKey(salt, (key, nonce) => concatBytes(head, encrypt(key, nonce, plaintext, associated)));
  }

  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array {
    if (sealed.length < HEAD_BYTES + AEAD_TAG_BYTES) throw refused('the sealed secret is truncated');
    if (sealed[0] !== VERSION) throw refused(`the sealed secret is of version ${sealed[0]}, not ${VERSION}`);
    const plaintext = this.#withKey(sealed.subarray(1, HEAD_BYTES), (key, nonce) =>
      decrypt(key, nonce, sealed.subarray(HEAD_BYTES), associated),
    );
    if (plaintext === undefined) throw refused('the sealing key is another, or the sealed secret was changed');
    return plaintext;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }

  #withKey<T>(salt: Uint8Array, run: (key: Uint8Array, nonce: Uint8Array) => T): T {
    const derived = hkdf(this.#key, 'witan/vault/1', AEAD_KEY_BYTES + AEAD_NONCE_BYTES, salt);
    try {
      return run(derived.subarray(0, AEAD_KEY_BYTES), derived.subarray(AEAD_KEY_BYTES));
    } finally {
      derived.fill(0);
    }
  }
}

function refused(detail: string): WitanError {
  return new WitanError('WITAN_ERR_SEALED', detail);
}
