/**
 * Answers in a row that say that there is more, bring something new, and bring the asker no nearer to what it lacks: after
 * so many another one is asked, once. Votes of ever later views are new, and one voter can make them up without end.
 */
const FOLLOWED_MAX = 4;

/** Whom to ask on after an answer that says that there is more, and the count of such answers that is to be remembered. */
export interface FollowUp {
  readonly followed: number;
  readonly whom: 'same' | 'another' | 'nobody';
}

/** @param followed answers in a row before this one that brought the asker no nearer */
export function followUp(followed: number, isNearer: boolean): FollowUp {
  const count = isNearer ? 0 : followed + 1;
  if (count < FOLLOWED_MAX) return { followed: count, whom: 'same' };
  return count === FOLLOWED_MAX ? { followed: count, whom: 'another' } : { followed: 0, whom: 'nobody' };
}

/** Where a node begins with asking others in turn: all who begin at the same one are answered first by the same liar. */
export function firstTurn(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16);
}
