import { counter, gauge, instruments, type Meter } from '../meter.ts';

export const JOURNAL_METRICS = {
  commits: counter({ name: 'witan_journal_commits_total', help: 'Durable commits since the journal was opened' }),
  records: counter({ name: 'witan_journal_records_total', help: 'Records committed since the journal was opened' }),
  bytes: counter({ name: 'witan_journal_written_bytes_total', help: 'Bytes of the records committed' }),
  pending: gauge({
    name: 'witan_journal_pending_records',
    help: 'Records that a crash right now would lose, harmlessly',
  }),
  errors: counter({
    name: 'witan_journal_errors_total',
    help: 'Writes and reads that failed: disk full, refused by the disk, or a record that does not match its checksum',
    labels: { reason: ['full', 'failed', 'corrupt'] },
  }),
} as const;

/** Fits the `stats` of a journal. */
export interface JournalStatsView {
  readonly commits: number;
  readonly records: number;
  readonly bytes: number;
  readonly pendingRecords: number;
}

/** The journal's own counts, read at each scrape. */
export function watchJournal(meter: Meter, journal: { readonly stats: JournalStatsView }): void {
  const metrics = instruments(meter, JOURNAL_METRICS);
  metrics.commits.collect((set) => set(journal.stats.commits));
  metrics.records.collect((set) => set(journal.stats.records));
  metrics.bytes.collect((set) => set(journal.stats.bytes));
  metrics.pending.collect((set) => set(journal.stats.pendingRecords));
}
