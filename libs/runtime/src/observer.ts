import type { Effect } from './machine.ts';

/** What an actor tells the metrics. Durations in ms of the actor's clock. All of it is optional, none of it may throw. */
export interface ActorObserver {
  /** Events that wait, after each change. */
  mailboxDepth?(actor: string, depth: number): void;
  /** An event was refused because the mailbox is full. */
  overflowed?(actor: string): void;
  /** A batch of events was stepped, without persisting and sending. */
  stepped?(actor: string, events: number, durationMs: number): void;
  persisted?(actor: string, commit: { records: number; bytes: number; synced: boolean; durationMs: number }): void;
  crashed?(actor: string, error: unknown): void;
  /** An event was set aside because the machine threw at it. */
  poisoned?(actor: string, reason: string): void;
  storeFailed?(actor: string, error: unknown): void;
  /** A port threw: the effect is lost. */
  effectFailed?(actor: string, effect: Effect['type'], error: unknown): void;
}
