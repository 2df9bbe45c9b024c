import { wantedValues } from './intake.ts';
import { type HeldProposal, leader, type State, value } from './state.ts';
import { type Ballot, prevotesFor, quorumValue, reachedView, recordFor, recordsOf, type Slot } from './tally.ts';
import { type Hash, type Holdings, MAX_WANTS, type Missing, type VoteRecord } from './types.ts';

/** What this member has, to be sent to another, which answers with what {@link votesMissing} finds. */
export function holdings(state: State): Holdings {
  const { view, votes } = state;
  const having = (slotOf: (ballot: Ballot | undefined) => unknown, at: number) =>
    bitmap(votes.map((ballots) => slotOf(ballots.get(at)) !== undefined));
  const again = unjustified(state);
  return {
    view,
    proposal: state.proposals.some((proposal) => proposal.view === view),
    prevotes: having((ballot) => ballot?.prevote, view),
    precommits: having((ballot) => ballot?.precommit, view),
    polka: again && {
      ...again,
      // A voter known to have said two things counts for any value: nothing more is needed of it.
      prevotes: having((ballot) => ballot?.prevote?.second ?? recordFor(ballot?.prevote, again.hash), again.view),
    },
    first: state.options.fastPath && view > 0 ? having((ballot) => ballot?.prevote, 0) : undefined,
    wants: wantedValues(state).slice(0, MAX_WANTS),
  };
}

/** The earlier view from which the leader's proposal still has to be justified, and its value. */
function unjustified(state: State): { view: number; hash: Hash } | undefined {
  const proposal = state.proposals.find(({ view }) => view === state.view);
  if (proposal?.validView === undefined) return undefined;
  const held = quorumValue(state.votes, proposal.validView, 'prevote', state.options.quorum);
  return held === proposal.hash ? undefined : { view: proposal.validView, hash: proposal.hash };
}

/**
 * What the member with these holdings lacks: votes of its view; if it is behind, those by which it gets to this one;
 * prevotes that justify its leader's proposal; the proposal; values it wants. Nothing that it has, so that an answer to
 * somebody who lacks nothing is empty. Bounded by a few votes for each member.
 */
export function votesMissing(state: State, theirs: Holdings): Missing {
  const votes = new Map<string, VoteRecord>();
  const add = (vote: VoteRecord | undefined) => {
    if (vote && vote.raw.length > 0) votes.set(`${vote.voter} ${vote.view} ${vote.step} ${vote.hash}`, vote);
  };
  const useful = isUseful(state, theirs);
  for (const [voter, ballots] of state.votes.entries()) {
    for (const [view, ballot] of ballots) {
      if (!useful(view)) continue;
      for (const vote of view === theirs.view ? unheard(ballot, theirs, voter) : recordsOf(ballot)) add(vote);
    }
  }
  const { polka, first } = theirs;
  if (polka) {
    for (const vote of prevotesFor(state.votes, polka.view, polka.hash)) {
      if (!has(polka.prevotes, vote.voter)) add(vote);
    }
  }
  if (first) {
    for (const [voter, ballots] of state.votes.entries()) if (!has(first, voter)) add(ballots.get(0)?.prevote?.first);
  }
  return {
    proposals: proposalsMissing(state, theirs).map((proposal) => proposal.raw),
    votes: [...votes.values()].map((vote) => vote.raw),
    values: theirs.wants.slice(0, MAX_WANTS).flatMap((hash) => value(state, hash) ?? []),
  };
}

/**
 * Their view; for a member that is behind, also those from the own view on, and the one before when too few have voted
 * since: its precommits led out of it.
 */
function isUseful(state: State, theirs: Holdings): (view: number) => boolean {
  if (theirs.view >= state.view) return (view) => view === theirs.view;
  const { members, quorum } = state.options;
  const isEnough = reachedView(state.votes, members - quorum) >= state.view;
  return (view) => view === theirs.view || view >= state.view || (!isEnough && view === state.view - 1);
}

function* unheard(ballot: Ballot | undefined, theirs: Holdings, voter: number): Iterable<VoteRecord> {
  if (!has(theirs.prevotes, voter)) yield* slotRecords(ballot?.prevote);
  if (!has(theirs.precommits, voter)) yield* slotRecords(ballot?.precommit);
}

function slotRecords(slot: Slot | undefined): Iterable<VoteRecord> {
  return recordsOf(slot && { prevote: slot });
}

function proposalsMissing(state: State, theirs: Holdings): HeldProposal[] {
  const lacks = (view: number) => view > theirs.view || (view === theirs.view && !theirs.proposal);
  return state.proposals.filter(({ view, raw, from }) => {
    const isOfLeader = from === leader(state.options, view);
    return view === state.view && lacks(view) && raw.length > 0 && (isOfLeader || view === 0);
  });
}

function bitmap(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3]! |= 1 << (i & 7);
  return bytes;
}

function has(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0;
}
