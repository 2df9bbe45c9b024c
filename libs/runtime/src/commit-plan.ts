import type { CompactRecord, Effect } from './machine.ts';

/** What a batch of effects means for the journal. */
export interface CommitPlan {
  /** The records take the place of the whole stream. */
  readonly replace: boolean;
  readonly records: readonly CompactRecord[];
  /** The disk must have all of it, and all before it, before the first effect is carried out. */
  readonly sync: boolean;
  /** After the commit, a durable record is still unsynced: nothing has left that depends on it, but something may. */
  readonly owed: boolean;
}

/**
 * One transaction for the whole batch, with a sync only where something leaves the actor after a durable record. A
 * report counts as leaving: who hears it may tell the world.
 *
 * @param owed a durable record of an earlier batch is still unsynced
 */
export function planCommit(effects: readonly Effect[], owed: boolean): CommitPlan {
  let replace = false;
  let records: CompactRecord[] = [];
  let sync = false;
  let unsynced = owed;
  for (const effect of effects) {
    if (effect.type === 'persist') {
      records.push({ record: effect.record, secret: effect.secret ?? false });
      unsynced ||= effect.durable;
    } else if (effect.type === 'compact') {
      // Later knowledge stands for all before it, also for what this batch has not written yet.
      replace = true;
      records = [...effect.records];
    } else if (leaves(effect)) {
      sync ||= unsynced;
    }
  }
  // Replacing is always synced.
  return { replace, records, sync: sync || replace, owed: unsynced && !sync && !replace };
}

function leaves(effect: Effect): boolean {
  return (
    effect.type === 'broadcast' || effect.type === 'request' || effect.type === 'reply' || effect.type === 'report'
  );
}
