import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { LRUCache } from 'lru-cache';
import { requireStrongEd25519 } from './curve25519.ts';
import { latin1, sha256, toHex } from './hash.ts';
import { ed25519Public, exportPublic, importPrivate, KEY_BYTES } from './keys25519.ts';
import { operations } from './meter.ts';
import { requireLength } from './refuse.ts';
import { rememberVerdict } from './verification-cache.ts';
import { X25519Private } from './x25519.ts';

export const IDENTITY_SIGNATURE_BYTES = 64;

/** A node's name: hex SHA-256 of its Ed25519 public key. */
export function nodeName(publicKey: Uint8Array): string {
  const key = latin1(publicKey);
  let name = names.get(key);
  if (name === undefined) {
    name = toHex(sha256(publicKey));
    names.set(key, name);
  }
  return name;
}

/** Every message names its author, and there are few authors. */
const names = new LRUCache<string, string>({ max: 4096 });

/**
 * A node: its Ed25519 key pair and its name. The secret is in no text, JSON or inspection of it.
 *
 * Large messages are hashed by the caller first: Ed25519 goes over what it signs twice.
 */
export class Identity {
  readonly publicKey: Uint8Array;
  readonly name: string;
  readonly #key: KeyObject;
  readonly #sealing: X25519Private;

  private constructor(seed: Uint8Array) {
    this.#key = importPrivate('Ed25519', seed);
    this.publicKey = exportPublic(this.#key);
    this.name = nodeName(this.publicKey);
    // The scalar that the Ed25519 key is made of (RFC 8032, section 5.1.5), so that the public keys correspond.
    const expanded = hash('sha512', seed, 'buffer');
    this.#sealing = new X25519Private(expanded.subarray(0, KEY_BYTES));
    expanded.fill(0);
  }

  /** The identity of 32 secret bytes. @throws WitanError `WITAN_ERR_MALFORMED` for another length. */
  static fromSeed(seed: Uint8Array): Identity {
    requireLength(seed, KEY_BYTES, 'a seed');
    return new Identity(seed);
  }

  /** 64 bytes; the same for the same bytes. */
  sign(bytes: Uint8Array): Uint8Array {
    operations.ed25519Sign++;
    return new Uint8Array(sign(null, bytes, this.#key));
  }

  /** Opens what is sealed to `x25519PublicFromEd25519(publicKey)`, which anybody can compute. */
  x25519Private(): X25519Private {
    return this.#sealing;
  }

  toJSON(): { publicKey: string; name: string } {
    return { publicKey: toHex(this.publicKey), name: this.name };
  }

  [inspect.custom](): string {
    return `Identity(${this.name})`;
  }
}

/**
 * Whether `signature` is by `publicKey` over `bytes`; well-formed and wrong is `false`, as is a key that is no point.
 * @throws WitanError `WITAN_ERR_MALFORMED` wrong lengths, a key that is not below the field prime;
 *   `WITAN_ERR_INVALID` a key of low order.
 */
export function verifyIdentity(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  requireLength(signature, IDENTITY_SIGNATURE_BYTES, 'a signature');
  const key = ed25519Public(publicKey, requireStrongEd25519);
  return rememberVerdict(
    () => publicKey,
    bytes,
    () => signature,
    () => {
      operations.ed25519Verify++;
      return verify(null, bytes, key, signature);
    },
  );
}
