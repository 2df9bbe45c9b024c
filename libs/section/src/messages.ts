import * as agreement from '@witan/agreement';
import { MAX_DECISION_BYTES } from '@witan/chain';
import { bool, bytes, fixed, type Infer, list, optional, struct, text, u8, u32, u53 } from '@witan/wire';

const prefix = text(256);

/** Body of an envelope of kind `sectionVote`. */
export const voteBody = struct({ prefix, generation: u32, vote: agreement.voteCodec });
/** Body of an envelope of kind `sectionProposal`. */
export const proposalBody = struct({ prefix, generation: u32, proposal: agreement.proposalCodec(MAX_DECISION_BYTES) });
/** Body of an envelope of kind `joinRequest`: its author asks to be admitted. */
export const joinBody = struct({ prefix });

export const SERVICES = ['adult', 'elder'] as const;

/** Body of an envelope of kind `heartbeat`: what its author says of itself. */
export const heartbeatBody = struct({
  prefix,
  /** Index in {@link SERVICES}. */
  service: u8,
  /** No generation: the node has no decisions yet. */
  generation: optional(u32),
  key: optional(fixed(48)),
  /** Whether the author can sign under `key` now. */
  usableShare: bool,
  /**
   * Milliseconds since the epoch on the author's clock, or more: later than in all its heartbeats before. One that is not
   * has been said before, and makes nobody alive.
   */
  sequence: u53,
});
export type Heartbeat = Infer<typeof heartbeatBody>;

/** Body of an envelope of kind `sectionHoldings`: what the asker has. */
export const holdingsBody = struct({
  prefix,
  /** Of the last decision that the asker has. */
  generation: optional(u32),
  agreement: optional(agreement.holdingsCodec),
});

export const ANSWER_BALLOTS = 1024;

export const answerCodec = struct({
  generation: optional(u32),
  /** Certified decisions after the asker's, in order. */
  decisions: list(bytes(128 * 1024), 256),
  /** Signed votes and proposals on the asker's next generation. */
  ballots: list(bytes(512 * 1024), ANSWER_BALLOTS),
  values: list(bytes(64 * 1024), agreement.MAX_WANTS),
  more: bool,
});
