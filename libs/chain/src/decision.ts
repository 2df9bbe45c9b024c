import { sha256, toHex } from '@witan/crypto';
import { decode, encode, fixed, type Infer, list, struct, text, u16, u32, union } from '@witan/wire';

/** An elder set is a few nodes; sessions of up to this many participants are possible. */
export const MAX_PARTICIPANTS = 128;
/** Nodes that one decision may admit. */
export const MAX_JOINS = 32;
/** Where attempts are counted no further: sessions are told apart by their generations. */
export const MAX_ATTEMPT = 0xffff;

const publicKey = fixed(32);
const sectionKey = fixed(48);

/**
 * What elders decide, once for each generation. A new kind of decision is a variant here, a rule in `@witan/section`
 * that judges it and one that applies it.
 */
const action = union({
  /** Generation 0, made by the first node alone and signed by the key that it announces. */
  genesis: [0, struct({ node: publicKey, key: sectionKey })],
  /** Nodes admitted. */
  join: [1, struct({ nodes: list(publicKey, MAX_JOINS) })],
  /** DkgStart: the participants are to make a key. Its hash names the session. */
  dkg: [
    2,
    struct({
      chainLength: u32,
      participants: list(publicKey, MAX_PARTICIPANTS),
      threshold: u16,
      attempt: u16,
    }),
  ],
  /** The key that a session made takes over: a link of the section chain. */
  handover: [
    3,
    struct({
      session: fixed(32),
      key: sectionKey,
      threshold: u16,
      elders: list(publicKey, MAX_PARTICIPANTS),
      publicKeyShares: list(sectionKey, MAX_PARTICIPANTS),
    }),
  ],
});

const decisionCodec = struct({
  network: fixed(8),
  prefix: text(256),
  generation: u32,
  /** Hash of the decision before; zeros for genesis. */
  parent: fixed(32),
  action,
});

export type Action = Infer<typeof action>;
export type Decision = Infer<typeof decisionCodec>;
export type ActionType = Action['type'];
export type ActionOf<T extends ActionType> = Extract<Action, { type: T }>;

export const NO_PARENT: Uint8Array = new Uint8Array(32);

const HASH_DOMAIN = new TextEncoder().encode('witan/decision/1');

export function encodeDecision(decision: Decision): Uint8Array {
  return encode(decisionCodec, decision);
}

/** @throws WitanError `WITAN_ERR_MALFORMED` */
export function decodeDecision(bytes: Uint8Array): Decision {
  return decode(decisionCodec, bytes);
}

/** Names a decision; of a `dkg` decision it is the session id. */
export function decisionHash(bytes: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([HASH_DOMAIN, bytes]));
}

export function decisionId(bytes: Uint8Array): string {
  return toHex(decisionHash(bytes));
}
