import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';

/** What a DKG session of 7 writes, and some more. */
const LEAST_BYTES = 512 * 1024;
/** SQLite cuts a longer log back to this (`journal_size_limit`). */
export const MOST_BYTES = 4 * 1024 * 1024;

/** How much room the next log is given: as much as this one has taken, within bounds. @param log path, of a file or none */
export function roomLike(log: string): number {
  const { size = 0 } = statSync(log, { throwIfNoEntry: false }) ?? {};
  return Math.min(Math.max(size, LEAST_BYTES), MOST_BYTES);
}

/**
 * Writes zeros to the end of a write-ahead log until it has this size. A commit into room that is there already changes no
 * size, so that the file system need not commit to its own journal at every sync: two thirds of the CPU and of the time
 * (ext4), and a tenth of the time while others write to the same disk. SQLite takes the zeros for what they are, the end of
 * the log: a frame without its salt.
 *
 * It is a matter of speed alone: without room for it the log is left as it was.
 */
export function makeRoom(log: string, bytes: number): void {
  let descriptor: number | undefined;
  let before: number | undefined;
  try {
    // SQLite's locks are on the database, none are on the log: closing this descriptor drops nothing.
    descriptor = openSync(log, 'r+');
    before = fstatSync(descriptor).size;
    const zeros = new Uint8Array(Math.max(0, bytes - before));
    for (let at = 0; at < zeros.length; ) at += writeSync(descriptor, zeros, at, zeros.length - at, before + at);
    fsyncSync(descriptor);
  } catch {
    // What little room is left is for others.
    if (descriptor !== undefined && before !== undefined) cutBack(descriptor, before);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function cutBack(descriptor: number, size: number): void {
  try {
    ftruncateSync(descriptor, size);
  } catch {
    // Zeros at the end of a log are no harm.
  }
}
