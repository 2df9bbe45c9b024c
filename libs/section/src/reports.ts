import type { Certified } from '@witan/chain';
import type { Ledger } from './ledger.ts';

/** Where a decision was learned: from this node's own agreement, as it was made, or when asked for. */
export type DecisionSource = 'own' | 'broadcast' | 'answer';

export type SectionRejectReason =
  | 'malformed'
  | 'invalid'
  | 'unsupported'
  | 'signature'
  | 'untrusted-key'
  | 'not-member'
  | 'duplicate'
  | 'stale'
  | 'equivocation'
  | 'rate-limited';

/** What a node tells its host about its section. */
export type SectionReport =
  | {
      readonly type: 'ledger';
      readonly at: number;
      readonly ledger: Ledger;
      readonly recovered: boolean;
      /** The journal has this node's share of the section's key. */
      readonly usableShare: boolean;
    }
  | {
      readonly type: 'decided';
      readonly at: number;
      readonly certified: Certified;
      readonly ledger: Ledger;
      readonly source: DecisionSource;
    }
  | { readonly type: 'share'; readonly at: number; readonly usable: boolean; readonly key: Uint8Array }
  | {
      readonly type: 'rejected';
      readonly at: number;
      readonly reason: SectionRejectReason;
      /** Who speaks a newer version, and which. */
      readonly detail?: string;
    }
  | {
      readonly type: 'equivocation';
      readonly at: number;
      readonly node: string;
      readonly evidence: readonly Uint8Array[];
    }
  | {
      readonly type: 'view';
      readonly at: number;
      readonly generation: number;
      readonly view: number;
      readonly waitingOn: readonly string[];
    }
  | { readonly type: 'asked'; readonly at: number; readonly to: string; readonly reason: SectionAskReason }
  | {
      readonly type: 'answered';
      readonly at: number;
      readonly from: string;
      readonly recovered: number;
      readonly result: 'new' | 'nothing' | 'timeout' | 'refused';
      /** Whether the answer was a page, after which the next one is asked for. */
      readonly more: boolean;
    }
  | {
      readonly type: 'served';
      readonly at: number;
      readonly to: string;
      readonly items: number;
      readonly limited: boolean;
    };

export type SectionAskReason = 'start' | 'behind' | 'no-progress' | 'more';
