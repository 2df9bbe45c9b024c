import { type Cell, number, table, times } from '../table.ts';
import type { PeersFigures } from './measure.ts';
import { STEPS } from './work.ts';

export function peersReport(all: readonly PeersFigures[]): string {
  const rows = all.flatMap(({ participants, threshold, peers }) =>
    peers.map((peer): Cell[] => [
      `${threshold} of ${participants}`,
      peer.name,
      times(peer.totalTimesOurs),
      ...STEPS.map((step) => `${times(peer.timesOurs[step])}  ${number(peer.ms[step])}`),
      peer.totalMs,
    ]),
  );
  return [
    'Group arithmetic of one participant in one session: times ours, and CPU ms',
    table(['n', 'library', 'all', ...STEPS, 'all, ms'], rows),
  ].join('\n');
}
