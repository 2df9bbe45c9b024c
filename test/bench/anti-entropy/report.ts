import { table } from '../table.ts';
import type { AntiEntropyFigures } from './measure.ts';

export function antiEntropyReport(all: readonly AntiEntropyFigures[]): string {
  const [first] = all;
  return [
    `Anti-entropy against store-and-retry: one session of ${first?.participants}, medians of ${first?.seeds} seeds, virtual time`,
    table(
      [
        'lost or late',
        'node',
        'applies tried',
        'failed',
        'messages',
        'packets',
        'kB in',
        'finished, ms',
        'p95 ms',
        'unfinished',
      ],
      all.map((each) => [
        `${100 * each.rate} %`,
        each.contender,
        each.tried,
        each.failed,
        each.messages,
        each.packets,
        each.kilobytes,
        each.finishMs,
        each.finishP95Ms,
        each.unfinished,
      ]),
    ),
    'Half of the share is lost, half takes up to 400 ms more; all else 1 to 3 ms. Messages: broadcasts, requests and answers',
    'sent; packets: of these, what goes to each node; kB in: what arrives at all of them. Store-and-retry says everything',
    'again as often as ours asks for want of progress.',
  ].join('\n');
}
