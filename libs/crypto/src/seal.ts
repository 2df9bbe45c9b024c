import { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, decrypt, encrypt } from './aead.ts';
import { concatBytes, constantTimeEqual, hkdf, sha256 } from './hash.ts';
import { KEY_BYTES } from './keys25519.ts';
import { invalid, malformed, requireLength } from './refuse.ts';
import { X25519Private } from './x25519.ts';

/** Bytes that only the owner of one X25519 key can open. */
export interface Sealed {
  /** 32 bytes. */
  readonly ephemeral: Uint8Array;
  /** As long as the plaintext, and 16 bytes of tag. */
  readonly ciphertext: Uint8Array;
}

const LABEL = new TextEncoder().encode('witan/seal/1');
const NOTHING = new Uint8Array(0);

/** The X25519 key pair of a secret seed of 32 bytes; the private key is derived, so that the seed may serve elsewhere. */
export function ephemeralFromSeed(seed: Uint8Array): { publicKey: Uint8Array; privateKey: Uint8Array } {
  requireLength(seed, KEY_BYTES, 'a seed');
  const privateKey = hkdf(seed, 'witan/x25519/1', KEY_BYTES);
  return { publicKey: new X25519Private(privateKey).publicKey, privateKey };
}

/**
 * Seals `plaintext` to `recipientPublic`: X25519, HKDF-SHA256, ChaCha20-Poly1305, the key bound to both public keys and
 * to `context`. All of it follows from the arguments, so what is sent again is the same bytes.
 *
 * @param ephemeralSecret 32 secret bytes, for this one plaintext and recipient. Shown later, they let anybody open it.
 * @throws WitanError `WITAN_ERR_MALFORMED` keys that are not 32 bytes; `WITAN_ERR_INVALID` a recipient of low order.
 */
export function sealTo(
  recipientPublic: Uint8Array,
  ephemeralSecret: Uint8Array,
  plaintext: Uint8Array,
  context: Uint8Array,
): Sealed {
  const sender = new X25519Private(ephemeralSecret);
  const ephemeral = sender.publicKey;
  const binding = { ephemeral, recipientPublic, context };
  return withKey(sender.exchange(recipientPublic), binding, (key, nonce) => ({
    ephemeral,
    ciphertext: encrypt(key, nonce, plaintext, NOTHING),
  }));
}

/**
 * Opens with the recipient's key: 32 bytes, or (when there is more than one to open) that key imported.
 * @throws WitanError `WITAN_ERR_MALFORMED` wrong lengths; `WITAN_ERR_INVALID` anything else that does not open.
 */
export function openSealed(
  recipient: X25519Private | Uint8Array,
  ephemeral: Uint8Array,
  ciphertext: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const own = recipient instanceof X25519Private ? recipient : new X25519Private(recipient);
  const binding = { ephemeral, recipientPublic: own.publicKey, context };
  return withKey(own.exchange(ephemeral), binding, (key, nonce) => open(key, nonce, ciphertext));
}

/**
 * Opens with the sender's ephemeral secret, after checking that it is the one of `ephemeral`. So a sender can show to
 * anybody what it sealed, and cannot show anything else: both exchanges give one secret, whatever multiple of the
 * cofactor hides in a key, because X25519 clears it.
 * @throws WitanError as `openSealed`; `WITAN_ERR_INVALID` also when the secret is not the one of `ephemeral`.
 */
export function openWithEphemeral(
  ephemeralSecret: Uint8Array,
  ephemeral: Uint8Array,
  recipientPublic: Uint8Array,
  ciphertext: Uint8Array,
  context: Uint8Array,
): Uint8Array {
  const sender = new X25519Private(ephemeralSecret);
  if (!constantTimeEqual(sender.publicKey, ephemeral)) throw invalid('the secret is not the one of the ephemeral key');
  const binding = { ephemeral, recipientPublic, context };
  return withKey(sender.exchange(recipientPublic), binding, (key, nonce) => open(key, nonce, ciphertext));
}

function open(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length < AEAD_TAG_BYTES) throw malformed(`a ciphertext has at least ${AEAD_TAG_BYTES} bytes`);
  const plaintext = decrypt(key, nonce, ciphertext, NOTHING);
  if (plaintext === undefined) throw invalid('the ciphertext does not open');
  return plaintext;
}

/** What the key belongs to, besides the shared secret. */
interface Binding {
  readonly ephemeral: Uint8Array;
  readonly recipientPublic: Uint8Array;
  readonly context: Uint8Array;
}

/** Runs with the key and nonce of `shared` and `binding`, and leaves none of them behind. */
function withKey<T>(
  shared: Uint8Array,
  { ephemeral, recipientPublic, context }: Binding,
  run: (key: Uint8Array, nonce: Uint8Array) => T,
): T {
  const info = concatBytes(LABEL, ephemeral, recipientPublic, sha256(context));
  const derived = hkdf(shared, info, AEAD_KEY_BYTES + AEAD_NONCE_BYTES);
  try {
    return run(derived.subarray(0, AEAD_KEY_BYTES), derived.subarray(AEAD_KEY_BYTES));
  } finally {
    shared.fill(0);
    derived.fill(0);
  }
}
