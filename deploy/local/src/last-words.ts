import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 16_384;
/** pino's number for errors. */
const ERROR_LEVEL = 50;

/** Why a process ended, from the end of its log: the last line that tells of an error. */
export function lastWords(logFile: string): string | undefined {
  const lines = tail(logFile).trimEnd().split('\n').reverse();
  for (const line of lines) {
    const words = wordsOf(line);
    if (words !== undefined) return words;
  }
  return undefined;
}

function wordsOf(line: string): string | undefined {
  if (!line.startsWith('{')) return /^witan-|^\[\d+\].*\[(FTL|ERR)\]|Error/.test(line) ? line.trim() : undefined;
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: { message?: unknown } };
    const severe =
      typeof entry.level === 'number' ? entry.level >= ERROR_LEVEL : /error|fatal/.test(String(entry.level));
    if (!severe) return undefined;
    return [entry.msg, entry.err?.message].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return undefined; // The tail begins in the middle of a line.
  }
}

function tail(file: string): string {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    const { size } = fstatSync(handle);
    const length = Math.min(size, TAIL_BYTES);
    const buffer = Buffer.alloc(length);
    readSync(handle, buffer, 0, length, size - length);
    return buffer.toString('utf8');
  } catch {
    return '';
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
