import { counter, gauge, histogram, instruments, type Meter } from '../meter.ts';
import { JOURNAL_METRICS, journalErrorReason } from './journal-metrics.ts';

const labelled = <const A extends string>(actors: readonly A[]) => ({ actor: [...actors, 'other'] as const });

/** The metrics of the actor runtime in a process that runs these kinds of actor. */
export const actorDefinitions = <const A extends string>(actors: readonly A[]) => ({
  mailbox: gauge({
    name: 'witan_actor_mailbox_messages',
    help: 'Events that wait in the mailboxes',
    labels: labelled(actors),
  }),
  overflows: counter({
    name: 'witan_actor_mailbox_overflows_total',
    help: 'Events refused because a mailbox was full',
    labels: labelled(actors),
  }),
  events: counter({
    name: 'witan_actor_events_total',
    help: 'Events that were stepped',
    labels: labelled(actors),
  }),
  crashes: counter({
    name: 'witan_actor_crashes_total',
    help: 'Actors that threw and were restarted from their journal',
    labels: labelled(actors),
  }),
  poison: counter({
    name: 'witan_actor_poison_messages_total',
    help: 'Events set aside because an actor threw on them',
    labels: labelled(actors),
  }),
  effectFailures: counter({
    name: 'witan_actor_effect_failures_total',
    help: 'Effects that could not be carried out and are lost, such as a send on a closed connection',
    labels: labelled(actors),
  }),
  step: histogram({
    name: 'witan_actor_step_duration_seconds',
    help: 'Computing on all events that waited; meanwhile the process does nothing else',
    labels: labelled(actors),
    // Bookkeeping takes tens of microseconds, checking one phase of 7 about 3 ms and of 31 about 50 ms.
    buckets: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1],
  }),
  persist: histogram({
    name: 'witan_actor_persist_duration_seconds',
    help: 'Writing what the actor persists; nothing is sent before it is done',
    labels: labelled(actors),
    // A synced write is 0.1 to 1 ms on NVMe, 5 to 20 ms on network volumes; more means that the disk is in trouble.
    buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
  }),
});

/** Fits the runtime's `ActorObserver`. */
export interface ActorObserverMetrics {
  mailboxDepth(actor: string, depth: number): void;
  overflowed(actor: string): void;
  stepped(actor: string, events: number, durationMs: number): void;
  persisted(actor: string, commit: { durationMs: number }): void;
  crashed(actor: string, error: unknown): void;
  poisoned(actor: string, reason: string): void;
  storeFailed(actor: string, error: unknown): void;
  effectFailed(actor: string, effect: string, error: unknown): void;
}

/**
 * An observer that counts what the actors of this process do. Once a process.
 *
 * @param actors the kinds of actor; the kind of an actor is its name up to the first of `.`, `:` and `/`, so that
 *   `dkg.<session>` counts as `dkg`. Others count as `other`.
 */
export function actorObserver<const A extends string>(meter: Meter, actors: readonly A[]): ActorObserverMetrics {
  const metrics = instruments(meter, actorDefinitions(actors));
  const journalErrors = meter.counter(JOURNAL_METRICS.errors);
  const kinds: ReadonlyMap<string, A> = new Map(actors.map((actor) => [actor, actor]));
  const kindOf = (name: string): { actor: A | 'other' } => ({
    actor: kinds.get(name.split(/[.:/]/, 1)[0]!) ?? 'other',
  });

  const depths = new Map<string, number>();
  metrics.mailbox.collect((set) => {
    const sums = new Map<A | 'other', number>(actors.map((actor) => [actor, 0]));
    for (const [name, depth] of depths) {
      const { actor } = kindOf(name);
      sums.set(actor, (sums.get(actor) ?? 0) + depth);
    }
    for (const [actor, sum] of sums) set({ actor }, sum);
  });

  return {
    mailboxDepth: (name, depth) => {
      if (depth === 0) depths.delete(name);
      else depths.set(name, depth);
    },
    overflowed: (name) => metrics.overflows.inc(kindOf(name)),
    stepped: (name, events, durationMs) => {
      metrics.events.inc(kindOf(name), events);
      metrics.step.observe(kindOf(name), durationMs / 1000);
    },
    persisted: (name, { durationMs }) => metrics.persist.observe(kindOf(name), durationMs / 1000),
    crashed: (name) => metrics.crashes.inc(kindOf(name)),
    poisoned: (name) => metrics.poison.inc(kindOf(name)),
    storeFailed: (_name, error) => journalErrors.inc({ reason: journalErrorReason(error) }),
    effectFailed: (name) => metrics.effectFailures.inc(kindOf(name)),
  };
}
