import type { Operations } from './operations.ts';

/** Times are milliseconds since the beginning of the run, on a clock that does not jump. */

/** One attestation that a client asked for, with all its tries. */
export interface Operation {
  readonly client: number;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Whether a proof came within the client's patience. */
  readonly ok: boolean;
  /** The codes of tries that failed, in order. */
  readonly errors: readonly string[];
}

/** Something that happened, for the reader of the report. */
export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

/** One experiment, as it went. */
export interface Episode {
  readonly experiment: string;
  readonly title: string;
  readonly startedMs: number;
  /** When everything that was broken had been put right again. */
  readonly mendedMs: number;
  /** From when on the section could heal: `mendedMs`, or where a world starts again by itself what was killed, the kill. */
  readonly healsFromMs: number;
  /** When the section was whole again; undefined: not within the patience of the run. */
  readonly healedMs: number | undefined;
  /** Whether it did what it is for; undefined where the run was ended before that could be told. The marks say why not. */
  readonly struck: boolean | undefined;
  /** Whether anything was done to the network: where nothing was, nothing need heal. */
  readonly broke: boolean;
  readonly marks: readonly Mark[];
}

/** Something that must never be. */
export interface Violation {
  readonly atMs: number;
  readonly what: string;
}

/** What a run leaves for its judge and its report. */
export interface History {
  readonly world: string;
  readonly seed: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly endedMs: number;
  /** Somebody ended it early: it has not waited until all was well again. */
  readonly interrupted: boolean;
  readonly genesisKey: string;
  readonly operations: Operations;
  readonly episodes: readonly Episode[];
  /** The first of them: one who lies each time is not written down each time. */
  readonly violations: readonly Violation[];
  /** How many there were in all. */
  readonly violationCount: number;
  /** Links of the section chain at the beginning and at the end. */
  readonly chain: { readonly before: number; readonly after: number };
  readonly sessions: { readonly done: number; readonly failed: number };
}
