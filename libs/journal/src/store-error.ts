import { basename, dirname } from 'node:path';
import { isWitanError, WitanError } from '@witan/errors';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that mean something to a person. */
const SQLITE = { busy: 5, locked: 6, corrupt: 11, full: 13, notADatabase: 26 } as const;

/** Codes of the operating system for "no room": the disk, the quota, the file size limit. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Whatever SQLite or the file system threw, as the one of our errors that says what to do about it. Errors that are
 * ours already, or nobody's here (a defect in the caller's own code), pass unchanged.
 */
export function storeError(error: unknown, file: string, place: { stream?: string } = {}): unknown {
  if (isWitanError(error) || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_SQLITE_ERROR') return sqliteError(error, file, place);
  if (code === 'ERR_INVALID_STATE') return new WitanError('WITAN_ERR_STORE', `${file} is closed`, { cause: error });
  if (code === undefined || !('syscall' in error)) return error;
  const kind = NO_ROOM.has(code) ? 'WITAN_ERR_STORE_FULL' : 'WITAN_ERR_STORE';
  return new WitanError(kind, error.message, { data: { file, errno: code }, cause: error });
}

/** Says where a journal is damaged, and how, to a person and in `data`. */
export function corrupt(
  file: string,
  place: { stream?: string; seq?: number; key?: string },
  reason: string,
): WitanError {
  const where =
    place.key !== undefined
      ? `, item ${place.key}`
      : `${place.stream === undefined ? '' : `, stream ${place.stream}`}${place.seq === undefined ? '' : `, record ${place.seq}`}`;
  return new WitanError('WITAN_ERR_JOURNAL_CORRUPT', `${file}${where}: ${reason}`, { data: { file, ...place } });
}

function sqliteError(error: Error, file: string, place: { stream?: string }): WitanError {
  const result = (error as Error & { errcode?: number }).errcode ?? 0;
  switch (result & 0xff) {
    case SQLITE.busy:
    case SQLITE.locked: {
      const directory = dirname(file);
      const detail = `data directory ${directory} is in use by another process (${basename(file)} is locked)`;
      return new WitanError('WITAN_ERR_LOCKED', detail, { data: { directory, file }, cause: error });
    }
    case SQLITE.full:
      return new WitanError('WITAN_ERR_STORE_FULL', `no room to write ${file}`, { data: { file }, cause: error });
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return corrupt(file, place, error.message);
    default:
      return new WitanError('WITAN_ERR_STORE', `${file}: ${error.message}`, { data: { file, result }, cause: error });
  }
}
