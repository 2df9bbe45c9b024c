import { PHASES, type Phase } from '@witan/api';

export type Moment = Phase | 'end';

const MOMENTS: readonly Moment[] = [...PHASES, 'end'];

/**
 * When each phase of a session began, and when the session ended, as its participants tell. They do not go through it at
 * one time, and one that comes late may go through all of it in one moment. The section is in a phase when f + 1 of them
 * are, of whom one is honest: that is no earlier than the first honest one, and no later than the one with which f + 1
 * honest ones are. Whoever tells of a moment has passed all before it by then, also one that lies: so moments come in
 * their order, and each phase ends where the next one begins.
 */
export class Timeline {
  /** By participant, for each moment. */
  readonly #passedMs = new Map<string, readonly number[]>();

  /** Each moment counts at the earliest time that is given. */
  tell(node: string, moment: Moment, atMs: number): void {
    const told = MOMENTS.indexOf(moment);
    const passed = this.#passedMs.get(node) ?? MOMENTS.map(() => Infinity);
    this.#passedMs.set(
      node,
      passed.map((each, index) => (index <= told ? Math.min(each, atMs) : each)),
    );
  }

  /** When so many had passed it; undefined while they have not. */
  atMs(moment: Moment, enough: number): number | undefined {
    const index = MOMENTS.indexOf(moment);
    const times = [...this.#passedMs.values()].map((passed) => passed[index]!).sort((a, b) => a - b);
    const atMs = times[enough - 1] ?? Infinity;
    return atMs === Infinity ? undefined : atMs;
  }
}
