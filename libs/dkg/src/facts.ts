import { bool, bytes, decode, encode, fixed, type Infer, list, optional, struct, union } from '@witan/wire';
import { MAX_VOTE_BYTES } from './votes.ts';

/**
 * What a participant writes down. Folding these records gives its state back; everything else follows from them,
 * so that a message sent again after a restart is the same bytes.
 */
const factCodec = union({
  /** DkgStart and the one secret of the session. Nothing is sent before it is on disk. */
  started: [1, struct({ start: bytes(64 * 1024), seed: optional(fixed(32)) })],
  /** A valid message, own or of others. Lost, it is asked for again, so it need not be synced. */
  accepted: [2, struct({ raw: bytes(512 * 1024) })],
  /** An own vote, alone or with a message, and the value that it is for, on disk before it is sent: a member votes once. */
  voted: [
    3,
    struct({
      raw: bytes(64 * 1024),
      value: optional(bytes(64 * 1024)),
      /** Votes of others that led to this one: without them a lock kept over a restart could be one that nobody can follow. */
      justification: list(bytes(MAX_VOTE_BYTES), 512),
    }),
  ],
  closed: [4, struct({ certificate: bytes(512 * 1024) })],
  /** The key share, once everything else secret may go. */
  finished: [5, struct({ share: optional(fixed(32)), forgot: bool })],
});
export type Fact = Infer<typeof factCodec>;

const DURABLE: ReadonlySet<Fact['type']> = new Set(['started', 'voted', 'finished']);

export function encodeFact(fact: Fact): { record: Uint8Array; durable: boolean; secret: boolean } {
  return { record: encode(factCodec, fact), durable: DURABLE.has(fact.type), secret: holdsSecret(fact) };
}

/** One who only follows has neither seed nor share, nor anything to seal them with. */
function holdsSecret(fact: Fact): boolean {
  return (fact.type === 'started' && fact.seed !== undefined) || (fact.type === 'finished' && fact.share !== undefined);
}

/** Whether a record has to be sealed on disk. @throws WitanError `WITAN_ERR_MALFORMED` */
export function isSecretRecord(record: Uint8Array): boolean {
  return holdsSecret(decodeFact(record));
}

export function decodeFact(record: Uint8Array): Fact {
  return decode(factCodec, record);
}
