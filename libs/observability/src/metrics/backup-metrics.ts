import { gauge, instruments, type Meter } from '../meter.ts';

export const BACKUP_METRICS = {
  last: gauge({
    name: 'witan_backup_last_success_timestamp_seconds',
    help: 'When the newest backup of the node was taken, since the epoch; 0 when there is none, nothing where none are taken',
  }),
  interval: gauge({ name: 'witan_backup_interval_seconds', help: 'How often a backup is taken' }),
} as const;

/** @param lastMs asked at each scrape: milliseconds since the epoch, undefined when there is none */
export function watchBackups(meter: Meter, everyMs: number, lastMs: () => number | undefined): void {
  const metrics = instruments(meter, BACKUP_METRICS);
  metrics.interval.collect((set) => set(everyMs / 1000));
  metrics.last.collect((set) => set((lastMs() ?? 0) / 1000));
}
