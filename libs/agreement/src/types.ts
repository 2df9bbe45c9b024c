/** Lower-case hex SHA-256 of a value: what votes carry in its place. */
export type Hash = string;

export type Verdict = 'valid' | 'invalid' | 'unknown';

export type VoteStep = 'prevote' | 'precommit';

/** Where a member stands in its view; also the three timers of a view. */
export type Step = 'propose' | VoteStep;

export interface Timeouts {
  readonly proposeMs: number;
  readonly prevoteMs: number;
  readonly precommitMs: number;
  /** Added to each of the three for every view before this one. */
  readonly growthMs: number;
  readonly maxMs: number;
}

export interface Options {
  /** 32 bytes: what is being decided. Bound into every message by the codecs, not looked at by the rules. */
  readonly instance: Uint8Array;
  readonly members: number;
  /** Own member index, or -1 for an observer, which only tallies and decides. */
  readonly me: number;
  /** Votes that carry. `members - quorum` faulty members are survived; needs `3 * quorum > 2 * members`. */
  readonly quorum: number;
  /** Leader of view 0; view v is led by `(firstLeader + v) % members`. */
  readonly firstLeader: number;
  /** View 0 takes the first acceptable proposal from anyone; leaders begin at view 1. */
  readonly openFirstView: boolean;
  /** Whether the prevotes of all in view 0 may decide (`fast.ts`). The same for all members. */
  readonly fastPath: boolean;
  readonly timeouts: Timeouts;
}

/** A vote whose author and signature the caller has verified. */
export interface VoteRecord {
  readonly voter: number;
  readonly view: number;
  readonly step: VoteStep;
  /** `null`: a vote for nothing in this view. */
  readonly hash: Hash | null;
  /** A prevote that, together with the same of all others, decides. */
  readonly fast: boolean;
  readonly extra: Uint8Array;
  /** The signed bytes as they came. Empty for an own vote until {@link attachRaw}. */
  readonly raw: Uint8Array;
}

/** A proposal whose author and signature the caller has verified. */
export interface ProposalInput {
  /** Member index; `undefined` is somebody who is not a member, such as a coordinator. */
  readonly from: number | undefined;
  readonly view: number;
  /** The earlier view in which a quorum prevoted this value, when its proposer has seen that. */
  readonly validView: number | undefined;
  readonly value: Uint8Array;
  readonly raw: Uint8Array;
}

/** What the group decides about, seen by this member now. Must be a pure function of what the caller has recorded. */
export interface Application {
  /**
   * What this member would propose now; `judge` has to call it valid, and its bytes are not changed in place. `determined` says that every complete member
   * has this same value, so that in view 0 it stands for a proposal of it.
   */
  readonly candidate: { readonly value: Uint8Array; readonly determined: boolean } | undefined;
  /**
   * `unknown` may later become `valid` or `invalid`, which are final. A member votes for nothing but what is valid;
   * it takes a decision of the others while still `unknown` (enough honest members have judged it), never one that it
   * calls `invalid`.
   */
  judge(value: Uint8Array): Verdict;
  /**
   * Whether this member's prevote for the value may decide it together with those of all others, without a second vote.
   * To be said only of what every honest member will find valid.
   */
  isFast?(value: Uint8Array): boolean;
  /**
   * Members whose prevote is awaited before this one precommits to a value, until the prevote timer runs out: it gives the
   * fast path time to be taken.
   */
  readonly awaited: readonly number[];
  /**
   * The `extra` of the own precommit. When a certificate is made of these alone, what they sign has to include `view`:
   * precommits to one value in different views do not add up to a decision.
   */
  endorse(view: number, hash: Hash): Uint8Array;
  /**
   * Makes the certificate of at least a quorum of precommits to `hash` in `view`, all with their `raw`, keyed by voter; on
   * the fast path of the prevotes of all members in view 0.
   * `bad` names those that do not verify: they, and whatever else their voters say, do not count for a decision in that
   * view. For leaving the view they still do: others may have left it by them, and those who are behind have to follow.
   */
  certify(
    view: number,
    hash: Hash,
    precommits: ReadonlyMap<number, VoteRecord>,
  ): { readonly certificate: Uint8Array } | { readonly bad: readonly number[] };
}

export interface Decision {
  readonly view: number;
  readonly hash: Hash;
  readonly value: Uint8Array;
  readonly certificate: Uint8Array;
}

export type Output =
  /**
   * Journal it, sign it, send it, `attachRaw`, and advance again. Into the journal go with it `value`, present when
   * `hash` is not null, and `justification`: the signed votes of others by which this member came to this view or locks
   * this value. After a crash they are given to `onVote` again: others have to be shown them to follow, and whoever
   * sent them may never do so again.
   */
  | {
      readonly type: 'vote';
      readonly view: number;
      readonly step: VoteStep;
      readonly hash: Hash | null;
      readonly fast: boolean;
      readonly extra: Uint8Array;
      readonly value?: Uint8Array;
      readonly justification: readonly Uint8Array[];
    }
  /** Always after the vote for the same value: who journals before sending never proposes twice in one view. */
  | {
      readonly type: 'propose';
      readonly view: number;
      readonly validView: number | undefined;
      readonly value: Uint8Array;
    }
  | { readonly type: 'timer'; readonly view: number; readonly step: Step; readonly afterMs: number }
  | ({ readonly type: 'decide' } & Decision)
  /** So many vote for a value that at least one of them is honest, and it is not here. Said once for each value. */
  | { readonly type: 'need'; readonly hash: Hash };

export type VoteRejection =
  | 'stranger' // not the index of a member
  | 'decided' // nothing more to learn
  | 'duplicate'
  | 'equivocation' // contradicts another vote of the same voter, view and step
  | 'stale'; // of a view that is no longer of use

export type ProposalRejection =
  | 'stranger'
  | 'decided'
  | 'duplicate'
  | 'equivocation' // contradicts another proposal of the same proposer and view
  | 'not-leader'
  | 'invalid' // names a view of justification that is not before its own
  | 'too-large'
  | 'stale'
  | 'full'; // the open view holds as many proposals of strangers as it may

/** What one member has, so that another can tell what it lacks. Bitmaps: bit i is member i, lowest bit first. */
export interface Holdings {
  readonly view: number;
  /** Whether a proposal of this view is here. */
  readonly proposal: boolean;
  readonly prevotes: Uint8Array;
  readonly precommits: Uint8Array;
  /** The leader proposes again what got a quorum in an earlier view; these are the prevotes for it held from there. */
  readonly polka: { readonly view: number; readonly hash: Hash; readonly prevotes: Uint8Array } | undefined;
  /** Prevotes of view 0 held in a later view, where they say what may have been decided by them. */
  readonly first: Uint8Array | undefined;
  /** Values voted for and not here. At most {@link MAX_WANTS}. */
  readonly wants: readonly Hash[];
}

/** What another member lacks. Proposals and votes are the signed bytes; values prove themselves by their hash. */
export interface Missing {
  readonly proposals: readonly Uint8Array[];
  readonly votes: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}

/** As much as there is room for in certificates, in answers and in the journals. */
export const MAX_VALUE_BYTES = 64 * 1024;
export const MAX_EXTRA_BYTES = 256;
export const MAX_WANTS = 4;
/** Views remembered of one voter: the eight that can be needed at one time, and one beyond. */
export const MAX_VIEWS_PER_VOTER = 9;
/** Proposals of non-members held in an open first view. */
export const MAX_FOREIGN_PROPOSALS = 4;
export const MAX_VIEW = 2 ** 32 - 1;
