import type { JournalStream } from '@witan/journal';
import type { Clock } from './clock.ts';
import type { Machine, RuntimeEvent } from './machine.ts';
import type { ActorObserver } from './observer.ts';
import type { EffectPorts } from './ports.ts';
import type { Sealing } from './sealing.ts';
import type { BackoffOptions, CrashLimit } from './supervision.ts';

export interface ActorOptions<S, E> {
  /** For people and metrics: stable over restarts, unlike any other actor's of this journal. */
  readonly name: string;
  readonly machine: Machine<S, E | RuntimeEvent>;
  /** The state before the first record. Called anew for each recovery, so that nothing leaks from the last one. */
  readonly initial: () => S;
  readonly stream: JournalStream;
  readonly clock: Clock;
  readonly ports: EffectPorts;
  /** Needed by a machine that persists secrets. */
  readonly sealing?: Sealing;
  readonly observer?: ActorObserver;
  /** The machine threw: the event was set aside, the state is being rebuilt. */
  readonly onCrash?: (crash: Crash) => void;
  /** The journal failed: nothing of the batch has left, and it will be tried again. */
  readonly onStoreFailure?: (failure: StoreFailure) => void;
  /** Events from outside that may wait; 10,000 by default. */
  readonly mailboxLimit?: number;
  /** Bytes that the messages among them (the field `bytes`) may have together; 32 MiB by default. */
  readonly mailboxBytes?: number;
  /** Events in one transaction; 256 by default. */
  readonly batchLimit?: number;
  /** Poison events that are kept to be looked at; 16 by default. */
  readonly poisonLimit?: number;
  /** When crashes become a loop; 5 within 10 s by default. */
  readonly crashLimit?: CrashLimit;
  /** How long to wait after a crash loop and after a store failure; 100 ms doubling to 30 s by default. */
  readonly backoff?: BackoffOptions;
}

export interface Crash {
  readonly actor: string;
  readonly error: unknown;
  /** 0 when it goes on at once; otherwise it is in a loop and pauses for so long. */
  readonly pauseMs: number;
}

export interface StoreFailure {
  readonly actor: string;
  /** `WITAN_ERR_STORE_FULL`, or whatever the journal or the sealing failed with. */
  readonly error: unknown;
  /** How many times in a row, this one included. */
  readonly failures: number;
  readonly retryMs: number;
}

export interface PoisonEvent {
  readonly event: unknown;
  readonly error: unknown;
  /** When, in ms of the actor's clock. */
  readonly at: number;
}

/** `crash-loop` and `store-failing` are pauses: it goes on by itself. */
export type ActorStatus = 'new' | 'running' | 'crash-loop' | 'store-failing' | 'stopped';

export const DEFAULTS = {
  mailboxLimit: 10_000,
  mailboxBytes: 32 * 1024 * 1024,
  batchLimit: 256,
  poisonLimit: 16,
  crashLimit: { crashes: 5, windowMs: 10_000 },
  backoff: { initialMs: 100, maxMs: 30_000 },
} as const;
