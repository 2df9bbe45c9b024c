import type { PhaseName } from './phases.ts';
import type { BlameReason } from './state.ts';

/** Why a received message was not taken. A closed set: it labels a metric. */
export const REJECT_REASONS = [
  'malformed',
  'invalid',
  'unsupported',
  'signature',
  'not-participant',
  'wrong-session',
  'duplicate',
  'late',
  'equivocation',
  'overflow',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

export type AskReason = 'later-phase' | 'no-progress' | 'restart' | 'missing-message' | 'more';

/** Where a participant has the end of a session from: what was said to all, an answer to its question, its own journal. */
export type EndSource = 'broadcast' | 'answer' | 'journal';

/** What a participant tells its host, for logs, metrics, the explorer and the section. `at` is the machine's clock. */
export type DkgReport =
  | {
      readonly type: 'started';
      readonly at: number;
      readonly participants: readonly string[];
      readonly restarted: boolean;
    }
  | { readonly type: 'phase'; readonly at: number; readonly phase: PhaseName; readonly expected: number }
  | {
      readonly type: 'message';
      /** When it came: of one that was said ahead, or held, before the phase began. */
      readonly at: number;
      readonly phase: PhaseName;
      readonly from: string;
      readonly id: string;
    }
  | {
      readonly type: 'rejected';
      readonly at: number;
      readonly reason: RejectReason;
      readonly phase: PhaseName | 'unknown';
      /** Author of a message that was held for its phase, and was not taken all the same. */
      readonly heldFrom?: string;
    }
  | { readonly type: 'held'; readonly at: number; readonly count: number }
  | {
      readonly type: 'closed';
      readonly at: number;
      readonly phase: PhaseName;
      readonly view: number;
      readonly included: readonly string[];
    }
  | { readonly type: 'asked'; readonly at: number; readonly to: string; readonly reason: AskReason }
  | {
      readonly type: 'answered';
      readonly at: number;
      readonly from: string;
      readonly recovered: number;
      readonly result: 'new' | 'nothing' | 'timeout' | 'refused';
    }
  | {
      readonly type: 'served';
      readonly at: number;
      readonly to: string;
      readonly items: number;
      readonly limited: boolean;
    }
  | {
      readonly type: 'blame';
      readonly at: number;
      readonly node: string;
      readonly reason: BlameReason;
      readonly phase: PhaseName;
      readonly evidence: readonly Uint8Array[];
    }
  | { readonly type: 'stalled'; readonly at: number; readonly phase: PhaseName; readonly waitingOn: readonly string[] }
  | { readonly type: 'resumed'; readonly at: number; readonly phase: PhaseName }
  | {
      readonly type: 'done';
      readonly at: number;
      readonly key: Uint8Array;
      readonly usableShare: boolean;
      readonly source: EndSource;
    }
  /** The share of a key that was made without it is asked for; `dealers` make the mask of this attempt. */
  | { readonly type: 'repairing'; readonly at: number; readonly attempt: number; readonly dealers: readonly string[] }
  /** It is here. */
  | { readonly type: 'repaired'; readonly at: number; readonly attempts: number }
  | { readonly type: 'failed'; readonly at: number; readonly reason: string };
