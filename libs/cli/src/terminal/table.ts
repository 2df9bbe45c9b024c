import Table from 'cli-table3';
import type { Style } from './style.ts';

/** Columns with a heading each and no lines around them: what is easy to read is also easy to cut and sort. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[], style: Style): string {
  const none = '';
  const out = new Table({
    head: head.map((title) => style.colours.dim(title)),
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      mid: none,
      'mid-mid': none,
      right: none,
      'right-mid': none,
      middle: '  ',
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  for (const row of rows) out.push([...row]);
  return out
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
