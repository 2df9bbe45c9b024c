const WINDOW_MS = 1000;

/**
 * How often a node is answered in a second. A question is signed, but not for one receiver or one moment: whoever is asked
 * can put it to the others, and who is stuck asks the same bytes again and again. So what is said in a node's name is
 * no measure of how often it asks, and only what nears a flood is refused.
 */
export const QUESTIONS_PER_SECOND = 64;

/** When each peer was last answered, oldest peer first. Immutable, like the states that it is part of. */
export type Answered = ReadonlyMap<string, readonly number[]>;

/** What one peer may ask. */
export interface Allowance {
  readonly perSecond: number;
  /** Peers remembered; beyond it the one that was answered longest ago is forgotten. */
  readonly peersMax: number;
}

/**
 * Whether a peer may be answered once more at time `at` (ms).
 * @returns what to remember from now on, or undefined: it has had its share
 */
export function allowAnswer(
  answered: Answered,
  peer: string,
  at: number,
  { perSecond, peersMax }: Allowance,
): Answered | undefined {
  const recent = (answered.get(peer) ?? []).filter((each) => each > at - WINDOW_MS);
  if (recent.length >= perSecond) return undefined;
  const next = new Map(answered);
  next.delete(peer);
  next.set(peer, [...recent, at]);
  if (next.size > peersMax) next.delete(next.keys().next().value!);
  return next;
}
