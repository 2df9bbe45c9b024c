import { censusOf, placeOf, type Support } from './census.ts';
import type { Hash, VoteRecord, VoteStep } from './types.ts';

/**
 * What one voter said in one place. A second, different vote is kept as proof; from then on the voter counts for
 * every value. It is faulty and could have sent a vote for each, and a member that it told one thing is not cut off
 * from a quorum that the others saw with its help.
 */
export interface Slot {
  readonly first: VoteRecord;
  readonly second?: VoteRecord;
}

export interface Ballot {
  readonly prevote?: Slot;
  readonly precommit?: Slot;
  /** The application found the precommit bad: it certifies nothing, though it is a vote. */
  readonly bad?: true;
}

/** One map for each member: view → ballot. */
export type Votes = readonly ReadonlyMap<number, Ballot>[];

export interface Tally {
  /** Members that voted for anything here. */
  readonly voters: number;
  /** The value (null: nothing) that a quorum may have; undefined when no vote is held. */
  readonly leading: Hash | null | undefined;
  /** Votes for `leading`. */
  readonly leadingVotes: number;
}

export function tally(votes: Votes, view: number, step: VoteStep): Tally {
  const place = placeOf(votes, view, step);
  if (!place) return { voters: 0, leading: undefined, leadingVotes: 0 };
  let leading: Hash | null | undefined;
  let most = 0;
  for (const [hash, supporting] of place.only) {
    if (supporting > most) [leading, most] = [hash, supporting];
  }
  return { voters: place.voters, leading, leadingVotes: leading === undefined ? 0 : most + place.equivocators };
}

/** The value (null: nothing) for which a quorum voted there. */
export function quorumValue(votes: Votes, view: number, step: VoteStep, quorum: number): Hash | null | undefined {
  const { leading, leadingVotes } = tally(votes, view, step);
  return leadingVotes >= quorum ? leading : undefined;
}

/** Members that voted at all in this view. */
export function activeVoters(votes: Votes, view: number): number {
  return votes.filter((ballots) => ballots.has(view)).length;
}

/** The view that the `rank`-th furthest of the voters (0: the furthest), `except` one, has reached; -1 when none. */
export function reachedView(votes: Votes, rank: number, except = -1): number {
  const furthest = votes.map((ballots, voter) => (voter === except ? -1 : furthestView(ballots)));
  return furthest.sort((a, b) => b - a)[rank] ?? -1;
}

function furthestView(ballots: ReadonlyMap<number, Ballot>): number {
  return Math.max(-1, ...ballots.keys());
}

/** One vote of each voter that has reached `view`, of the furthest view that it has reached. */
export function votesBeyond(votes: Votes, view: number): VoteRecord[] {
  return votes.flatMap((ballots) => {
    const furthest = furthestView(ballots);
    return furthest < view ? [] : [...recordsOf(ballots.get(furthest))].slice(0, 1);
  });
}

/** One precommit of each voter in `view`, whatever it is for. */
export function anyPrecommits(votes: Votes, view: number): VoteRecord[] {
  return votes.flatMap((ballots) => ballots.get(view)?.precommit?.first ?? []);
}

/** The signed precommits to `hash` in `view` that the application has not found bad. */
export function precommitsFor(votes: Votes, view: number, hash: Hash): Map<number, VoteRecord> {
  const found = new Map<number, VoteRecord>();
  for (const [voter, ballots] of votes.entries()) {
    const ballot = ballots.get(view);
    const vote = recordFor(ballot?.precommit, hash);
    if (vote && !ballot?.bad && vote.raw.length > 0) found.set(voter, vote);
  }
  return found;
}

/** The prevotes for `hash` in `view`; of a voter that counts for any value, the two that show it. */
export function prevotesFor(votes: Votes, view: number, hash: Hash): VoteRecord[] {
  return votes.flatMap((ballots) => {
    const slot = ballots.get(view)?.prevote;
    if (slot?.second) return [slot.first, slot.second];
    return slot?.first.hash === hash ? [slot.first] : [];
  });
}

/** By voter, the signed prevotes of view 0 that decide `hash` when they are those of all members. */
export function fastPrevotes(votes: Votes, hash: Hash): Map<number, VoteRecord> {
  const found = new Map<number, VoteRecord>();
  for (const [voter, ballots] of votes.entries()) {
    const vote = recordFor(ballots.get(0)?.prevote, hash);
    if (vote?.fast && vote.raw.length > 0) found.set(voter, vote);
  }
  return found;
}

/** Members that prevoted in view 0 in a way by which `hash` is not decided at once; undefined is a value nobody named. */
export function prevotesElsewhere(votes: Votes, hash: Hash | undefined): number {
  return votes.filter((ballots) => {
    const slot = ballots.get(0)?.prevote;
    return slot && (slot.second !== undefined || slot.first.hash !== hash || !slot.first.fast);
  }).length;
}

export function recordFor(slot: Slot | undefined, hash: Hash | null): VoteRecord | undefined {
  if (slot?.first.hash === hash) return slot.first;
  return slot?.second?.hash === hash ? slot.second : undefined;
}

/** Every value that `least` members or more voted for in one place. */
export function supportedValues(votes: Votes, least: number): readonly Support[] {
  return censusOf(votes).supports.filter((each) => each.votes >= least);
}

export function* recordsOf(ballot: Ballot | undefined): Iterable<VoteRecord> {
  for (const slot of [ballot?.prevote, ballot?.precommit]) {
    if (slot) yield slot.first;
    if (slot?.second) yield slot.second;
  }
}
