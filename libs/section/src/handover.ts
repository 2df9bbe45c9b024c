import type { Ledger } from './ledger.ts';
import type { Policy, SessionOutcome, SessionStatus, Sight } from './policy.ts';

/*
 * When the elders give their key up for the one that a session has made. A key is made when a threshold of the participants
 * has shown a share of it, and liars may be among them: should they fall silent afterwards, shares of honest participants
 * that lack theirs would be missing, and without the old key nothing could be put right. So nobody who is there may lack
 * its share. Who does gets it from the others meanwhile; if they do not give it, the key is made once more. One that says
 * nothing though it is there, for whatever reason, cannot put the handover off for ever.
 */

/** Sessions that may be given up for want of a share before one key; what the next one makes is taken. */
const MOST_GIVEN_UP = 1;

export type NextStep =
  | { readonly type: 'wait'; readonly forMs: number }
  | { readonly type: 'again' }
  | { readonly type: 'hand-over'; readonly outcome: SessionOutcome };

/** What is to become of the session that is pending; undefined while it is not done. */
export function afterSession({ pending }: Ledger, sight: Sight, policy: Policy): NextStep | undefined {
  const status = pending && sight.sessions.get(pending.id);
  if (!status?.outcome) return undefined;
  const unconfirmedUntil = Math.max(...unconfirmed(pending!.participants, status, sight, policy));
  if (unconfirmedUntil < sight.at) return { type: 'hand-over', outcome: status.outcome };
  const giveUpAt = (status.doneAt ?? sight.at) + policy.confirmWithinMs;
  if (sight.at <= giveUpAt) return { type: 'wait', forMs: Math.min(giveUpAt, unconfirmedUntil) + 1 - sight.at };
  return status.givenUp < MOST_GIVEN_UP ? { type: 'again' } : { type: 'hand-over', outcome: status.outcome };
}

/**
 * Until when the participants that have not shown a share count as there, unless they are heard again. Who began to look a
 * moment ago cannot know yet that one is not.
 */
function unconfirmed(
  participants: readonly string[],
  { outcome, blamed }: SessionStatus,
  { heard, self, since }: Sight,
  policy: Policy,
): readonly number[] {
  return participants
    .filter((name) => !outcome!.confirmed.includes(name) && !blamed.includes(name))
    .map((name) => (name === self ? Infinity : Math.max(heard.get(name) ?? since, since) + policy.unheardAfterMs));
}
