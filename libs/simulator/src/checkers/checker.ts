import type { SimProcess, Watcher, World } from '../world.ts';

/** What must hold always, by the name under which a violation is reported. */
export const INVARIANTS = {
  'one-outcome': 'no two honest nodes finish one session with different closes, keys or qualified sets',
  'one-decision': 'a generation has one decision, a section key one successor',
  'places-kept': 'another attempt at a key has fewer participants for a proof alone, not for silence',
  'chain-verifies': 'every chain verifies from genesis, offline',
  'no-rollback': 'a node never forgets a decision that it has told of',
  'key-is-dealt': 'the key is the sum of what was dealt, which honest participants hold shares of',
  'share-is-right': 'a key share belongs to its public key share',
  'secrets-stay': 'no honest node sends a seed or a key share',
  'key-stays-secret': 'what is shown in the open, with all that the faulty know, does not determine the key',
  'secrets-destroyed':
    'what a key was made of is gone from the disk once the key is in use, its shares once the next is',
  'said-once': 'a message or vote sent again is the same bytes',
  'honest-unblamed':
    'no honest node is blamed by an honest node, unless it was accused and away for the whole of Justification',
  'blame-proves': 'the evidence of every blame proves it',
  'takes-valid': 'no honest process takes a message that no honest participant could say',
  'held-apply': 'a held message of an honest node is never applied in vain',
  'no-trouble': 'no actor crashes, no effect fails',
  live: 'once all is healed, all agree, have their shares, can sign, and rest',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  /** Virtual milliseconds. */
  readonly at: number;
  readonly node: string;
  readonly detail: string;
}

/** What the checkers are told about the run, and where they report. */
export interface Scene {
  readonly world: World;
  /** Whether a process does what the protocol says, as coordinators that are watched do; the others may do anything. */
  isHonest(process: SimProcess): boolean;
  violated(invariant: Invariant, node: string, detail: string): void;
}

export interface Checker extends Watcher {
  /** Once, when all is healed and the section rests. */
  rests?(): void;
  /** Once, when the run is over. */
  finish?(): void;
}

export type MakeChecker = (scene: Scene) => Checker;
