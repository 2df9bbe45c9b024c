import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 16_384;

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
    const { level, msg, err } = JSON.parse(line) as { level?: unknown; msg?: unknown; err?: unknown };
    if (level !== 'error' && level !== 'fatal') return undefined;
    return [msg, reasonOf(err)].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return undefined; // The tail begins in the middle of a line.
  }
}

/** Of an error as it is logged: ours has a code and a detail, others have a message, and what is thrown may be a text. */
function reasonOf(err: unknown): unknown {
  if (typeof err !== 'object' || err === null) return err;
  const { code, detail, message } = err as Record<string, unknown>;
  return detail === undefined ? message : `${code}: ${detail}`;
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
