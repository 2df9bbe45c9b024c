/**
 * Answers in a row that say that there is more, bring something new, and bring the asker no nearer to what it lacks: after
 * so many another one is asked, once. Votes of ever later views are new, and one voter can make them up without end.
 */
export const FOLLOWED_MAX = 4;

/** Where a node begins with asking others in turn: all who begin at the same one are answered first by the same liar. */
export function firstTurn(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16);
}
