/**
 * One fact, as participants tell it. It is believed when enough of them do: where f of them may lie and f + 1 tell it,
 * an honest one is among them. Each is heard once, at the earliest time that it gives.
 */
export class Testimony<T> {
  readonly #told = new Map<string, { atMs: number; readonly what: T }>();

  tell(node: string, atMs: number, what: T): void {
    const before = this.#told.get(node);
    if (before) before.atMs = Math.min(before.atMs, atMs);
    else this.#told.set(node, { atMs, what });
  }

  isHeardFrom(node: string): boolean {
    return this.#told.has(node);
  }

  get witnesses(): number {
    return this.#told.size;
  }

  isBelieved(enough: number): boolean {
    return this.#told.size >= enough;
  }

  /** A time that no honest witness is later than, nor liars alone earlier; undefined while it is not believed. */
  atMs(enough: number): number | undefined {
    return [...this.#told.values()].map(({ atMs }) => atMs).sort((a, b) => a - b)[enough - 1];
  }

  /** The largest value that enough of them reach. */
  most(this: Testimony<number>, enough: number): number | undefined {
    return this.values().sort((a, b) => b - a)[enough - 1];
  }

  /** The smallest value that enough of them stay within. */
  least(this: Testimony<number>, enough: number): number | undefined {
    return this.values().sort((a, b) => a - b)[enough - 1];
  }

  values(): T[] {
    return [...this.#told.values()].map(({ what }) => what);
  }
}
