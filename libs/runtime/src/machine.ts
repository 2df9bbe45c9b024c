import type { WitanErrorCode } from '@witan/errors';

/**
 * What a machine asks for. Effects are carried out in order, and only after everything that the machine wanted on
 * disk before them is there: see {@link Actor}.
 */
export type Effect =
  /**
   * Append to the actor's journal stream. A durable record is synced before any later effect leaves; a lazy one rides
   * along with the next commit. A secret one is sealed before it reaches the journal.
   */
  | { readonly type: 'persist'; readonly record: Uint8Array; readonly durable: boolean; readonly secret?: boolean }
  /** Put these records in the place of the whole stream, atomically and durably; the old content is destroyed. */
  | { readonly type: 'compact'; readonly records: readonly CompactRecord[] }
  /**
   * Overwrite these bytes with zeros, which no later state holds. Earlier states are of no use then: the one that is
   * rebuilt when the batch cannot be persisted has bytes of its own.
   */
  | { readonly type: 'destroy'; readonly bytes: Uint8Array }
  /** Publish to all who listen. `topic` is the subject relative to the net, e.g. `section.root.dkg.<session>`. */
  | { readonly type: 'broadcast'; readonly topic: string; readonly bytes: Uint8Array }
  /** Ask node `to` (its name, hex). The answer, or its absence, comes back as the event `response` with this `tag`. */
  | {
      readonly type: 'request';
      readonly to: string;
      readonly verb: string;
      readonly bytes: Uint8Array;
      readonly timeoutMs: number;
      readonly tag: string;
    }
  /** Answer the request that the host delivered under this id. */
  | { readonly type: 'reply'; readonly id: string; readonly bytes: Uint8Array }
  /** After this time comes the event `timer` with this id. Setting it again moves it. */
  | { readonly type: 'setTimer'; readonly id: string; readonly afterMs: number }
  | { readonly type: 'cancelTimer'; readonly id: string }
  /** Tell the host: metrics, logs, other actors. */
  | { readonly type: 'report'; readonly report: unknown };

export interface CompactRecord {
  readonly record: Uint8Array;
  readonly secret?: boolean;
}

/** The next state and what has to be done. */
export interface Step<S> {
  readonly state: S;
  readonly effects: readonly Effect[];
}

/**
 * A protocol as a state machine without I/O: same state and same event, same step. It must not read a clock, draw
 * random numbers or wait for anything; time comes in events.
 */
export interface Machine<S, E> {
  step(state: S, event: E): Step<S>;
  /** Folds one journal record back in on recovery: no effects. Lazy records may be missing at the end. */
  recover(state: S, record: Uint8Array): S;
  /** After the last record: what has to be sent again, which timers to set. `at` in ms of the actor's clock. */
  resume(state: S, at: number): Step<S>;
}

/** A timer that the machine set has run out. `at` is in ms of the actor's clock. */
export interface TimerEvent {
  readonly type: 'timer';
  readonly id: string;
  readonly at: number;
}

/** What became of a request that the machine made. */
export type ResponseEvent =
  | {
      readonly type: 'response';
      readonly tag: string;
      readonly at: number;
      readonly ok: true;
      readonly bytes: Uint8Array;
    }
  | {
      readonly type: 'response';
      readonly tag: string;
      readonly at: number;
      readonly ok: false;
      readonly error: WitanErrorCode;
    };

/** Events that the runtime makes itself, beside those that the host sends. */
export type RuntimeEvent = TimerEvent | ResponseEvent;
