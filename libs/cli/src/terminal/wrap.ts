import { stripVTControlCharacters } from 'node:util';

const HANGING_INDENT = 4;

/** Cells that a text takes: every character that is used here takes one. */
export function width(text: string): number {
  return stripVTControlCharacters(text).length;
}

/** A line as several where it is too long: broken between words, what follows set in. A word is never broken. */
export function wrapWords(line: string, columns: number): string[] {
  if (width(line) <= columns) return [line];
  const indent = ' '.repeat(/^ */.exec(stripVTControlCharacters(line))![0].length + HANGING_INDENT);
  const lines: string[] = [];
  let current = '';
  for (const piece of line.match(/ *[^ ]+/g) ?? []) {
    if (width(current) > 0 && width(current + piece) > columns) {
      lines.push(current);
      current = indent + piece.trimStart();
    } else {
      current += piece;
    }
  }
  return [...lines, current];
}
