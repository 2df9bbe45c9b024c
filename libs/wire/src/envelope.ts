import { type Identity, nodeName, sha256, toHex, verifyIdentity } from '@witan/crypto';
import { WitanError } from '@witan/errors';
import { bytes, decode, encode, fixed, struct, u8 } from './codec.ts';

/**
 * The version of the wire format that is written: of signed messages and all that they carry. Whoever changes a form raises
 * it and keeps reading what was before; `test/compatibility` holds the exact bytes of each version.
 */
export const WIRE_VERSION = 1;
/** The oldest one that is still understood. */
const OLDEST_WIRE_VERSION = 1;

/** What a message is. A new kind is one line here and a codec in the library that owns it. */
export const KINDS = {
  dkgMessage: 1,
  dkgVote: 2,
  dkgProposal: 3,
  dkgReport: 4,
  dkgHistory: 5,
  dkgRepair: 6,
  dkgRepairDealing: 7,
  sectionVote: 10,
  sectionProposal: 11,
  joinRequest: 12,
  heartbeat: 13,
  dkgHoldings: 20,
  sectionHoldings: 21,
} as const;
export type Kind = keyof typeof KINDS;

const kindOf = new Map<number, Kind>(Object.entries(KINDS).map(([name, tag]) => [tag, name as Kind]));

/** No signed message is larger: NATS carries 1 MiB by default and anti-entropy pages well below it. */
export const MAX_BODY_BYTES = 512 * 1024;

/** Every version begins with these 42 bytes up to the author, so that an older one can tell a newer one from noise. */
const unsignedCodec = struct({
  version: u8,
  kind: u8,
  network: fixed(8),
  author: fixed(32),
  body: bytes(MAX_BODY_BYTES),
});

const NETWORK_AT = 2;
const AUTHOR_AT = 10;
const SIGNATURE_BYTES = 64;
const DOMAIN = new TextEncoder().encode('witan/envelope/1');

declare const verified: unique symbol;

/**
 * A message whose signature holds. Only {@link peekEnvelope} with its `verify` and {@link sealEnvelope} make one, so a function that
 * takes it need not verify again, and cannot be given what was not verified.
 */
export interface Signed {
  readonly [verified]: true;
  readonly kind: Kind;
  /** Name of the author: hex SHA-256 of its public key. */
  readonly author: string;
  readonly authorKey: Uint8Array;
  readonly body: Uint8Array;
  /** The exact bytes sent, signature included: what is forwarded, stored and shown as evidence. */
  readonly raw: Uint8Array;
  /** Hex SHA-256 of all but the signature: names the statement, not the act of signing it. */
  readonly id: string;
}

/** Eight bytes that keep the messages of one network out of another. */
export function networkTag(network: string): Uint8Array {
  return sha256(new TextEncoder().encode(`witan/network/${network}`)).slice(0, 8);
}

export function sealEnvelope(identity: Identity, network: Uint8Array, kind: Kind, body: Uint8Array): Signed {
  const head = encode(unsignedCodec, {
    version: WIRE_VERSION,
    kind: KINDS[kind],
    network,
    author: identity.publicKey,
    body,
  });
  const digest = sha256(head);
  const raw = Buffer.concat([head, identity.sign(Buffer.concat([DOMAIN, digest]))]);
  return {
    kind,
    author: identity.name,
    authorKey: identity.publicKey,
    body,
    raw: new Uint8Array(raw),
    id: toHex(digest),
  } as Signed;
}

/** A decoded message whose signature nobody has looked at: good for deciding whether looking is worth it. */
export interface Unverified {
  readonly kind: Kind;
  readonly author: string;
  readonly body: Uint8Array;
  readonly raw: Uint8Array;
  readonly id: string;
  /** @throws WitanError `WITAN_ERR_SIGNATURE`; `WITAN_ERR_MALFORMED` or `WITAN_ERR_INVALID` when the author is no usable key */
  verify(): Signed;
}

/**
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (unknown kind, other network) or `WITAN_ERR_UNSUPPORTED`
 *   (a message of this network, of a newer version)
 */
export function peekEnvelope(received: Uint8Array, network: Uint8Array): Unverified {
  if (received.length <= SIGNATURE_BYTES) throw new WitanError('WITAN_ERR_MALFORMED', 'shorter than a signature');
  // Copied now: a message may be held before it is verified, and the transport may reuse its buffer meanwhile.
  const raw = new Uint8Array(received);
  const head = raw.subarray(0, raw.length - SIGNATURE_BYTES);
  refuseNewer(head, network);
  const fields = decode(unsignedCodec, head);
  if (fields.version < OLDEST_WIRE_VERSION || fields.version > WIRE_VERSION) {
    throw new WitanError('WITAN_ERR_INVALID', `there is no wire version ${fields.version}`);
  }
  const kind = kindOf.get(fields.kind);
  if (kind === undefined) throw new WitanError('WITAN_ERR_INVALID', `unknown kind ${fields.kind}`);
  if (Buffer.compare(fields.network, network) !== 0) throw new WitanError('WITAN_ERR_INVALID', 'of another network');
  const digest = sha256(head);
  const id = toHex(digest);
  const { author: authorKey, body } = fields;
  const author = nodeName(authorKey);
  return {
    kind,
    author,
    body,
    raw,
    id,
    verify: () => {
      const signature = raw.subarray(raw.length - SIGNATURE_BYTES);
      if (!verifyIdentity(authorKey, Buffer.concat([DOMAIN, digest]), signature)) {
        throw new WitanError('WITAN_ERR_SIGNATURE', `not signed by ${author.slice(0, 8)}`);
      }
      return { kind, author, authorKey, body, raw, id } as Signed;
    },
  };
}

/** Of what follows in a newer version nothing is known, its length neither. */
function refuseNewer(head: Uint8Array, network: Uint8Array): void {
  const version = head[0]!;
  if (version <= WIRE_VERSION || head.length < AUTHOR_AT + 32) return;
  if (Buffer.compare(head.subarray(NETWORK_AT, AUTHOR_AT), network) !== 0) return;
  const author = nodeName(head.subarray(AUTHOR_AT, AUTHOR_AT + 32));
  const detail = `${author.slice(0, 8)} speaks wire version ${version}, and this one knows those up to ${WIRE_VERSION}`;
  throw new WitanError('WITAN_ERR_UNSUPPORTED', detail, { data: { author, version, known: WIRE_VERSION } });
}

/** A verified message in the place of one that is not: verifying it once more costs nothing. */
export function alreadyVerified(signed: Signed): Unverified {
  const { kind, author, body, raw, id } = signed;
  return { kind, author, body, raw, id, verify: () => signed };
}

/**
 * Decodes and verifies.
 * @throws WitanError `WITAN_ERR_MALFORMED`, `WITAN_ERR_INVALID` (other network), `WITAN_ERR_UNSUPPORTED` or
 *   `WITAN_ERR_SIGNATURE`.
 */
export function openEnvelope(raw: Uint8Array, network: Uint8Array): Signed {
  return peekEnvelope(raw, network).verify();
}
