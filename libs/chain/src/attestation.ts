import { fromHex, SIGNATURE_BYTES, sha256, toHex, verifySignature } from '@witan/crypto';
import { isWitanError, WitanError } from '@witan/errors';
import { bytes, encode, fixed, struct, text, u53 } from '@witan/wire';
import type { Link } from './chain.ts';
import { type LinkJson, linkToJson, prefixName, verifyChainJson } from './json.ts';

const attestationCodec = struct({
  domain: bytes(32),
  context: text(256),
  payloadHash: fixed(32),
  signedAt: u53,
});
const DOMAIN = new TextEncoder().encode('witan/attestation/1');

export interface AttestationClaim {
  readonly payloadHash: Uint8Array;
  /** What the payload is for: keeps a signature made for one purpose out of another. At most 256 bytes. */
  readonly context: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
}

/** The bytes that the section signs. No decision or certificate begins like them. */
export function attestationMessage(claim: AttestationClaim): Uint8Array {
  return encode(attestationCodec, { domain: DOMAIN, ...claim });
}

/** The section's signature over a payload, with all that is needed to check it offline. */
export interface ProofBundle {
  readonly payloadHash: string;
  readonly context: string;
  readonly signedAt: string;
  readonly prefix: string;
  readonly key: string;
  readonly signature: string;
  readonly chain: readonly LinkJson[];
}

export function makeBundle(claim: AttestationClaim, signature: Uint8Array, chain: readonly Link[]): ProofBundle {
  const last = chain.at(-1)!;
  return {
    payloadHash: toHex(claim.payloadHash),
    context: claim.context,
    signedAt: new Date(claim.signedAt).toISOString(),
    prefix: prefixName(last.certified.decision.prefix),
    key: toHex(last.key),
    signature: toHex(signature),
    chain: chain.map(linkToJson),
  };
}

/**
 * Verifies a bundle with nothing but the genesis key; with `payload` also that it is the one signed.
 * @param known a chain from that key that has been verified: the bundle's is verified where it goes on, or goes elsewhere
 * @throws WitanError that says what does not hold: `WITAN_ERR_CHAIN`, `WITAN_ERR_UNTRUSTED_KEY`, `WITAN_ERR_SIGNATURE` (over
 * another payload too); `WITAN_ERR_MALFORMED` for what is no bundle
 */
export function verifyBundle(
  bundle: ProofBundle,
  genesisKey: Uint8Array,
  payload?: Uint8Array,
  known: readonly Link[] = [],
): { links: readonly Link[] } {
  const links = verifyChainJson(genesisKey, bundle.chain, known);
  verifyBundleOn(links, bundle, payload);
  return { links };
}

/**
 * Verifies what a bundle says of itself on a chain that has been verified, as by one who sees many bundles.
 * @param links the verified links of the bundle's chain, all of them
 * @throws WitanError as {@link verifyBundle} does
 */
export function verifyBundleOn(links: readonly Link[], bundle: ProofBundle, payload?: Uint8Array): void {
  const last = links.at(-1);
  if (last === undefined) throw new WitanError('WITAN_ERR_CHAIN', 'a chain has at least its genesis link');
  if (toHex(last.key) !== bundle.key)
    throw new WitanError('WITAN_ERR_UNTRUSTED_KEY', 'the chain does not end at the signing key');
  if (prefixName(last.certified.decision.prefix) !== bundle.prefix) {
    const { index } = last;
    throw new WitanError('WITAN_ERR_CHAIN', `link ${index}: its key is not of the prefix of the bundle`, {
      data: { index },
    });
  }
  const payloadHash = fromHex(bundle.payloadHash);
  if (payload && toHex(sha256(payload)) !== bundle.payloadHash) {
    throw new WitanError('WITAN_ERR_SIGNATURE', 'the bundle is about another payload');
  }
  const signedAt = Date.parse(bundle.signedAt);
  if (!Number.isSafeInteger(signedAt) || signedAt < 0 || new Date(signedAt).toISOString() !== bundle.signedAt) {
    throw new WitanError('WITAN_ERR_MALFORMED', 'signedAt is not an RFC 3339 time in UTC with milliseconds');
  }
  const message = attestationMessage({ payloadHash, context: bundle.context, signedAt });
  if (!isSignedBy(last.key, message, fromHex(bundle.signature, SIGNATURE_BYTES))) {
    throw new WitanError('WITAN_ERR_SIGNATURE', 'the signature is not by the section key over this payload');
  }
}

/** @throws WitanError `WITAN_ERR_SIGNATURE` for 96 bytes that nobody can have signed with, whatever they encode */
function isSignedBy(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verifySignature(key, message, signature);
  } catch (error) {
    if (!isWitanError(error)) throw error;
    throw new WitanError('WITAN_ERR_SIGNATURE', `the signature is none: ${error.detail}`, { cause: error });
  }
}
