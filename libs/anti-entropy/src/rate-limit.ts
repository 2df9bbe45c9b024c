const ANSWERS_PER_WINDOW = 8;
const WINDOW_MS = 1000;

/** When each peer was last answered, oldest peer first. Immutable, like the states that it is part of. */
export type Answered = ReadonlyMap<string, readonly number[]>;

/**
 * Whether a peer may be answered once more at time `at` (ms).
 * @param peersMax peers remembered; beyond it the one that was answered longest ago is forgotten
 * @returns what to remember from now on, or undefined: it has had its share
 */
export function allowAnswer(answered: Answered, peer: string, at: number, peersMax: number): Answered | undefined {
  const recent = (answered.get(peer) ?? []).filter((each) => each > at - WINDOW_MS);
  if (recent.length >= ANSWERS_PER_WINDOW) return undefined;
  const next = new Map(answered);
  next.delete(peer);
  next.set(peer, [...recent, at]);
  if (next.size > peersMax) next.delete(next.keys().next().value!);
  return next;
}
