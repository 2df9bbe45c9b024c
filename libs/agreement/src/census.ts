import { type Ballot, recordsOf, type Slot, type Votes } from './tally.ts';
import type { Hash, VoteStep } from './types.ts';

/** What was said in one step of one view. */
export interface Place {
  readonly view: number;
  readonly step: VoteStep;
  readonly voters: number;
  /** Voters that said two things. */
  readonly equivocators: number;
  /** By value, voters that said it, first or second. */
  readonly support: ReadonlyMap<Hash | null, number>;
  /** By value, voters that said nothing else. */
  readonly only: ReadonlyMap<Hash | null, number>;
}

/** A value that was voted for in one place, and by how many. */
export interface Support {
  readonly view: number;
  readonly step: VoteStep;
  readonly hash: Hash;
  readonly votes: number;
}

/** Every vote that is held, counted. A function of the votes. */
export interface Census {
  readonly places: ReadonlyMap<string, Place>;
  /** Of all places, every value that was voted for. */
  readonly supports: readonly Support[];
  /** No voter is in a later view than this. */
  readonly highest: number;
}

const EMPTY: Census = { places: new Map(), supports: [], highest: -1 };
const STEPS = ['prevote', 'precommit'] as const;

// Every rule asks for it, and one vote changes little of it; votes objects are never changed.
const known = new WeakMap<Votes, Census>();

export function censusOf(votes: Votes): Census {
  const found = known.get(votes) ?? votes.reduce((census, ballots) => recount(census, new Map(), ballots), EMPTY);
  known.set(votes, found);
  return found;
}

export function placeOf(votes: Votes, view: number, step: VoteStep): Place | undefined {
  return censusOf(votes).places.get(`${step}${view}`);
}

/** `votes` with the ballots of one voter replaced, counted on from the census of `votes`. */
export function withBallotsOf(votes: Votes, voter: number, ballots: ReadonlyMap<number, Ballot>): Votes {
  const next = votes.with(voter, ballots);
  known.set(next, recount(censusOf(votes), votes[voter]!, ballots));
  return next;
}

type Ballots = ReadonlyMap<number, Ballot>;

function recount({ places, highest }: Census, before: Ballots, after: Ballots): Census {
  const next = new Map(places);
  for (const view of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(view), after.get(view)];
    if (old === now) continue;
    for (const step of STEPS) {
      if (old?.[step] === now?.[step]) continue;
      const name = `${step}${view}`;
      const known = next.get(name) ?? { view, step, voters: 0, equivocators: 0, support: new Map(), only: new Map() };
      const place = counted(counted(known, old?.[step], -1), now?.[step], 1);
      // Views that a voter has only named are forgotten with its ballots there: it could name any number.
      if (place.voters > 0) next.set(name, place);
      else next.delete(name);
    }
  }
  return { places: next, supports: supportsIn(next), highest: Math.max(highest, ...after.keys()) };
}

function supportsIn(places: ReadonlyMap<string, Place>): Support[] {
  const found: Support[] = [];
  for (const { view, step, support } of places.values()) {
    for (const [hash, votes] of support) if (hash !== null) found.push({ view, step, hash, votes });
  }
  return found;
}

function counted(place: Place, slot: Slot | undefined, sign: 1 | -1): Place {
  if (!slot) return place;
  const [support, only] = [new Map(place.support), new Map(place.only)];
  for (const { hash } of recordsOf({ [slot.first.step]: slot })) bump(support, hash, sign);
  if (!slot.second) bump(only, slot.first.hash, sign);
  const equivocators = place.equivocators + (slot.second ? sign : 0);
  return { ...place, voters: place.voters + sign, equivocators, support, only };
}

function bump(counts: Map<Hash | null, number>, hash: Hash | null, by: number): void {
  const count = (counts.get(hash) ?? 0) + by;
  if (count === 0) counts.delete(hash);
  else counts.set(hash, count);
}
