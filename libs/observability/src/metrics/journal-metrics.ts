import { errorCode } from '@witan/errors';
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

/** The journal's own counts, read at each scrape. @returns counts a failure that the process goes on after */
export function watchJournal(meter: Meter, journal: { readonly stats: JournalStatsView }): (error: unknown) => void {
  const metrics = instruments(meter, JOURNAL_METRICS);
  metrics.commits.collect((set) => set(journal.stats.commits));
  metrics.records.collect((set) => set(journal.stats.records));
  metrics.bytes.collect((set) => set(journal.stats.bytes));
  metrics.pending.collect((set) => set(journal.stats.pendingRecords));
  return (error) => metrics.errors.inc({ reason: journalErrorReason(error) });
}

export function journalErrorReason(error: unknown): 'full' | 'failed' | 'corrupt' {
  const code = errorCode(error);
  if (code === 'WITAN_ERR_STORE_FULL') return 'full';
  return code === 'WITAN_ERR_JOURNAL_CORRUPT' ? 'corrupt' : 'failed';
}
