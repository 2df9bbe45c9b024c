import { bytes, decode, encode, fixed, type Infer, list, optional, struct, u32, union } from '@witan/wire';

/** What a node writes down about its section; folding these records gives its state back. */
const factCodec = union({
  /** A certified decision; the genesis decision is the first. */
  decided: [1, struct({ raw: bytes(128 * 1024) })],
  /** An own vote, on disk before it is sent. */
  voted: [
    2,
    struct({
      generation: u32,
      raw: bytes(64 * 1024),
      value: optional(bytes(64 * 1024)),
      /** Votes of others that led to this one: without them a lock kept over a restart could be one that nobody can follow. */
      justification: list(bytes(4096), 512),
    }),
  ],
  /** An own share of a section key; destroyed with the key's last decision, which hands over to the next. */
  share: [3, struct({ key: fixed(48), share: fixed(32) })],
  /** Names that a session blames, which no later attempt at its key is to begin with. */
  blamed: [4, struct({ session: fixed(32), nodes: list(fixed(32), 1024) })],
});
export type Fact = Infer<typeof factCodec>;
export type VotedFact = Extract<Fact, { type: 'voted' }>;

export function encodeFact(fact: Fact): { record: Uint8Array; durable: boolean; secret: boolean } {
  return { record: encode(factCodec, fact), durable: true, secret: isSecret(fact) };
}

function isSecret(fact: Fact): boolean {
  return fact.type === 'share';
}

/** @throws WitanError `WITAN_ERR_MALFORMED` */
export function isSecretRecord(record: Uint8Array): boolean {
  return isSecret(decodeFact(record));
}

export function decodeFact(record: Uint8Array): Fact {
  return decode(factCodec, record);
}
