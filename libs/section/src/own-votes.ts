import { decode, peekEnvelope } from '@witan/wire';
import type { VotedFact } from './facts.ts';
import { voteBody } from './messages.ts';
import type { State } from './state.ts';

/**
 * So many own votes on one generation are written down before those that are needed take the place of all. The decisions of
 * the section are written again with them, so it is not done at each; elders that cannot agree vote twice in some seconds.
 */
export const VOTES_WRITTEN_MOST = 256;

/**
 * What an elder that starts again cannot do without: its votes of the view that it is in, which it does not cast again, and
 * of the one before, which may have led the others to it; and its last second vote for a value, which is its lock. It never
 * votes in an earlier view again, whatever it said there.
 */
export function neededVotes(votes: readonly VotedFact[], network: Uint8Array): readonly VotedFact[] {
  const opened = votes.map((fact) => ({ fact, ...decode(voteBody, peekEnvelope(fact.raw, network).body).vote }));
  const views = opened.map(({ view }) => view);
  const locks = opened.filter(({ step, value }) => step === 'precommit' && value !== undefined);
  const [latest, locked] = [Math.max(...views), Math.max(...locks.map(({ view }) => view))];
  return opened
    .filter(({ view, step }) => view >= latest - 1 || (view === locked && step === 'precommit'))
    .map(({ fact }) => fact);
}

/** `state` with one more own vote, cast now or read from the journal. */
export function withOwnVote(
  { votes, votesWritten, env }: State,
  fact: VotedFact,
): Pick<State, 'votes' | 'votesWritten'> {
  return { votes: neededVotes([...votes, fact], env.network), votesWritten: votesWritten + 1 };
}
