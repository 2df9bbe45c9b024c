import type { Style } from './style.ts';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` cells, `part` of `whole` of it full. Nothing asked for is a full bar. */
export function fill(part: number, whole: number, width: number, style: Style): string {
  const share = whole <= 0 ? 1 : Math.min(1, Math.max(0, part / whole));
  if (!style.unicode) {
    const full = Math.round(share * width);
    return '#'.repeat(full) + '.'.repeat(width - full);
  }
  const eighths = Math.round(share * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = EIGHTHS[eighths % 8]!;
  return '█'.repeat(full) + rest + style.colours.dim('░'.repeat(width - full - (rest === '' ? 0 : 1)));
}

/** The marks of states, one character each. */
export function marks(style: Style) {
  return style.unicode
    ? { yes: '●', no: '○', half: '◐', bad: '✗', good: '✓' }
    : { yes: '*', no: '.', half: '+', bad: 'x', good: 'v' };
}
