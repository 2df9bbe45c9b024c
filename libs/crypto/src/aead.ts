import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { concatBytes } from './hash.ts';
import { operations } from './meter.ts';

export const AEAD_KEY_BYTES = 32;
export const AEAD_NONCE_BYTES = 12;
export const AEAD_TAG_BYTES = 16;

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: AEAD_TAG_BYTES };

/** ChaCha20-Poly1305 (RFC 8439): the ciphertext, then the tag. A key and nonce are used for one plaintext. */
export function encrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  operations.aead++;
  const cipher = createCipheriv(ALGORITHM, createSecretKey(key), nonce, OPTIONS);
  cipher.setAAD(associated, { plaintextLength: plaintext.length });
  const head = cipher.update(plaintext);
  return concatBytes(head, cipher.final(), cipher.getAuthTag());
}

/** The plaintext, or `undefined` when key, nonce, associated bytes or ciphertext are not those that it was made with. */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < AEAD_TAG_BYTES) return undefined;
  operations.aead++;
  const length = sealed.length - AEAD_TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, createSecretKey(key), nonce, OPTIONS);
  decipher.setAuthTag(sealed.subarray(length));
  decipher.setAAD(associated, { plaintextLength: length });
  const plaintext = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    return undefined;
  }
  const copy = new Uint8Array(plaintext);
  plaintext.fill(0);
  return copy;
}
