import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { storeError } from './store-error.ts';

const OWNER_ONLY = 0o600;

/**
 * The content of a file that is written once and never changed, such as an identity. Whoever finds none makes one;
 * of several processes that do so at the same time, one wins and all return its bytes. When this returns, the file
 * is synced, complete and readable by its owner only (mode 0600).
 *
 * @throws WITAN_ERR_STORE_FULL, WITAN_ERR_STORE
 */
export function readOrCreateFile(path: string, make: () => Uint8Array): Uint8Array {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    let content = readIfThere(path);
    if (content === undefined) {
      publish(path, make());
      // Not what we made: another process may have been first.
      content = readFileSync(path);
    }
    // Also for one that was there: who made it may not have got this far yet.
    sync(dirname(path));
    return new Uint8Array(content);
  } catch (error) {
    throw storeError(error, path);
  }
}

/**
 * Sets a whole journal file aside, for one that is too damaged to open, and returns its new name. To be called
 * while nobody has it open.
 *
 * @throws WITAN_ERR_STORE
 */
export function setJournalAside(file: string, now: Date): string {
  const aside = `${file}.damaged-${now.toISOString().replaceAll(/[:.]/g, '-')}`;
  try {
    renameSync(file, aside);
    renameIfThere(`${file}-wal`, `${aside}-wal`);
    sync(dirname(file));
  } catch (error) {
    throw storeError(error, file);
  }
  return aside;
}

/** An empty file that only its owner may read; one that another process has just made is left alone. */
export function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY));
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** A link either makes the complete file appear under its name or finds that somebody else's is there. */
function publish(path: string, content: Uint8Array): void {
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeSynced(temporary, content);
    linkSync(temporary, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkIfThere(temporary);
  }
}

function writeSynced(path: string, content: Uint8Array): void {
  const descriptor = openSync(path, 'wx', OWNER_ONLY);
  try {
    for (let written = 0; written < content.length; ) written += writeSync(descriptor, content, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Gives a directory of finished files its name: when this returns, files and name are on the disk, and before that the
 * name is not there.
 *
 * @throws WITAN_ERR_STORE_FULL, WITAN_ERR_STORE
 */
export function publishDirectory(draft: string, directory: string): void {
  try {
    for (const file of readdirSync(draft)) sync(join(draft, file));
    sync(draft);
    renameSync(draft, directory);
    sync(dirname(directory));
  } catch (error) {
    throw storeError(error, directory);
  }
}

/** Of a file its content; of a directory the names in it: a new one is on the disk only when its directory is. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  return unlessMissing(() => readFileSync(path));
}

function unlinkIfThere(path: string): void {
  unlessMissing(() => unlinkSync(path));
}

function renameIfThere(from: string, to: string): void {
  unlessMissing(() => renameSync(from, to));
}

function unlessMissing<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === code;
}
