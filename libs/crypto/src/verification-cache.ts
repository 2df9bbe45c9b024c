import { LRUCache } from 'lru-cache';
import { concatBytes, sha256 } from './hash.ts';

/** Verdicts by what was verified. Off unless asked for. */
let memo: LRUCache<string, boolean> | undefined;

/**
 * Remembers the last `maxEntries` verdicts on signatures of either kind in this process; 0 turns it off. For
 * simulators and tests, where many nodes of one process verify the same bytes: whether a signature is by a key over a
 * message is a function of the three.
 */
export function setVerificationCache(maxEntries: number): void {
  memo = maxEntries > 0 ? new LRUCache({ max: maxEntries }) : undefined;
}

/** `verify()`, or what it said before. The key's length tells the two kinds of signature apart. */
export function rememberVerdict(
  key: () => Uint8Array,
  message: Uint8Array,
  signature: () => Uint8Array,
  verify: () => boolean,
): boolean {
  if (memo === undefined) return verify();
  const question = Buffer.from(concatBytes(sha256(message), key(), signature())).toString('latin1');
  const known = memo.get(question);
  if (known !== undefined) return known;
  const verdict = verify();
  memo.set(question, verdict);
  return verdict;
}
