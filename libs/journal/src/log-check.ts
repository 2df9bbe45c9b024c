import { readFileSync } from 'node:fs';
import { corrupt } from './store-error.ts';

/** https://www.sqlite.org/fileformat2.html#walformat: a header, and frames of a header and a page each. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The lowest bit says in which order checksums take the bytes of a word. */
const MAGIC = 0x377f0682;
/** Of all our databases. */
const PAGE_BYTES = 4096;

/**
 * Looks whether what stands in a write-ahead log is all that was committed to it. SQLite takes the first frame that does
 * not match its checksum for the end of the log, so that one damaged bit would silently undo all that came after it.
 *
 * With `synchronous = FULL` a commit is on the disk before the next one begins. A crash can therefore tear the last
 * transaction, and no other: where two or more were committed at or after the first frame that does not match, it is
 * damage. What happened to the very last commit, or to a log that is gone altogether, cannot be told, nor what happened to
 * the one before where it looks no more like a commit.
 *
 * @param file the database, locked by this process; its log has not been cut yet
 * @throws WITAN_ERR_JOURNAL_CORRUPT
 */
export function checkLog(file: string): void {
  const log = readLog(`${file}-wal`);
  if (log === undefined || log.length < HEADER_BYTES) return;
  const { frameBytes, salts, end } = soundPart(log);
  let commits = 0;
  for (let at = end; at + frameBytes <= log.length; at += frameBytes) if (isCommit(log, at, salts)) commits++;
  if (commits < 2) return;
  const reason = `its log (-wal) is damaged: ${commits} commits stand behind byte ${end}, from where it cannot be read`;
  throw corrupt(file, {}, reason);
}

function readLog(log: string): Buffer | undefined {
  try {
    return readFileSync(log);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface SoundPart {
  readonly frameBytes: number;
  /** What all frames of this log have, and those that an older one has left behind them do not. */
  readonly salts: Buffer;
  /** Where the first frame begins that does not follow from what stands before it. */
  readonly end: number;
}

function soundPart(log: Buffer): SoundPart {
  const sum = new Checksum((log.readUInt32BE(0) & 1) === 1);
  sum.add(log, 0, 24);
  if ((log.readUInt32BE(0) & ~1) !== MAGIC || !sum.matches(log, 24)) {
    // The header is on the disk before any frame is.
    const frameBytes = FRAME_HEADER_BYTES + PAGE_BYTES;
    return { frameBytes, salts: log.subarray(HEADER_BYTES + 8, HEADER_BYTES + 16), end: HEADER_BYTES };
  }
  const frameBytes = FRAME_HEADER_BYTES + log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  let at = HEADER_BYTES;
  for (; at + frameBytes <= log.length; at += frameBytes) {
    if (Buffer.compare(log.subarray(at + 8, at + 16), salts) !== 0) break;
    sum.add(log, at, 8);
    sum.add(log, at + FRAME_HEADER_BYTES, frameBytes - FRAME_HEADER_BYTES);
    if (!sum.matches(log, at + 16)) break;
  }
  return { frameBytes, salts, end: at };
}

/** The last frame of a transaction that was written to this log; also where one bit of it is wrong. */
function isCommit(log: Buffer, at: number, salts: Buffer): boolean {
  const isOfThisLog =
    log.readUInt32BE(at + 8) === salts.readUInt32BE(0) || log.readUInt32BE(at + 12) === salts.readUInt32BE(4);
  return log.readUInt32BE(at + 4) !== 0 && isOfThisLog;
}

/** The cumulative checksum of a log. */
class Checksum {
  readonly #isBigEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(isBigEndian: boolean) {
    this.#isBigEndian = isBigEndian;
  }

  /** @param bytes a multiple of eight */
  add(log: Buffer, from: number, bytes: number): void {
    const view = new DataView(log.buffer, log.byteOffset + from, bytes);
    const isLittle = !this.#isBigEndian;
    for (let at = 0; at < bytes; at += 8) {
      this.#first = (this.#first + view.getUint32(at, isLittle) + this.#second) >>> 0;
      this.#second = (this.#second + view.getUint32(at + 4, isLittle) + this.#first) >>> 0;
    }
  }

  matches(log: Buffer, at: number): boolean {
    return log.readUInt32BE(at) === this.#first && log.readUInt32BE(at + 4) === this.#second;
  }
}
