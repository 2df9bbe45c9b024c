const words = (key: string): string[] => key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());

/** `natsUrl` → `WITAN_NATS_URL`. */
export const envName = (key: string): string => `WITAN_${words(key).join('_').toUpperCase()}`;

/** `natsUrl` → `--nats-url`. */
export const flagName = (key: string): string => `--${words(key).join('-')}`;

/** Edits (insert, delete, replace) that lead from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length]!;
}

/** `; did you mean X?` with the name that a mistyped one most likely means; empty if none is near enough. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of candidates) {
    const edits = distance(name, candidate);
    if (edits < bestDistance) [best, bestDistance] = [candidate, edits];
  }
  return best === undefined ? '' : `; did you mean ${best}?`;
}
