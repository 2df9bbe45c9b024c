import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { WitanError } from '@witan/errors';
import { type FileJournal, openJournal, publishDirectory } from '@witan/journal';
import type { Clock } from '@witan/runtime';
import { ELDER_JOURNAL, IDENTITY_FILE } from './node-home.ts';
import { markRestored } from './restoration.ts';

export interface BackupOptions {
  /** Of the node, with its identity. */
  readonly dataDir: string;
  /** The elder's, open. */
  readonly journal: FileJournal;
  /** Gets a directory for each backup, named by when it was taken; later than the last also where the clock went back. */
  readonly backupDir: string;
  /** So many are kept; the oldest go first. */
  readonly keep: number;
  readonly now: Date;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;
/** Where a sealing command is used: of no use without the key of the service behind it. */
const WRAPPED_KEY_FILE = 'sealing.wrapped';

/**
 * Copies the identity and the elder's journal, both sealed as they are, while the elder runs. The copy says that it is one:
 * whoever starts with it knows that it may have forgotten something.
 *
 * @returns the directory with the two files, complete when it has its name
 * @throws WitanError `WITAN_ERR_STORE`, `WITAN_ERR_STORE_FULL`, `WITAN_ERR_CONFIG` (the backups there are of another
 *   node); what the file system throws
 */
export function takeBackup({ dataDir, journal, backupDir, keep, now }: BackupOptions): string {
  mkdirSync(backupDir, { recursive: true, mode: 0o700 });
  const last = backupsIn(backupDir).at(-1);
  const held = lastHeld(backupDir);
  if (held !== undefined && ownerOf(held, dataDir) === 'another') {
    throw new WitanError(
      'WITAN_ERR_CONFIG',
      `WITAN_BACKUP_DIR=${backupDir}: the last backup there is of another node; each needs a directory of its own`,
    );
  }
  const draft = join(backupDir, draftName(dataDir));
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  for (const file of [IDENTITY_FILE, WRAPPED_KEY_FILE]) {
    if (existsSync(join(dataDir, file))) copyFileSync(join(dataDir, file), join(draft, file));
  }
  const file = join(draft, ELDER_JOURNAL);
  journal.copyTo(file);
  const copy = openJournal(file);
  try {
    markRestored(copy);
  } finally {
    copy.close();
  }
  const at = last === undefined ? now : new Date(Math.max(now.getTime(), momentOf(last) + 1));
  const directory = join(backupDir, at.toISOString().replaceAll(/[-:.]/g, ''));
  publishDirectory(draft, directory);
  for (const old of outlived(backupDir, dataDir, keep)) rmSync(old, { recursive: true });
  return directory;
}

/** Each node has its own, so that those which begin in one directory at once do not mix what they put there. */
function draftName(dataDir: string): string {
  return `.draft-${createHash('sha256').update(sealedIdentity(dataDir)).digest('hex').slice(0, 16)}`;
}

/**
 * A backup is of the node whose identity it holds, and that is sealed once. One that holds none is nobody's: what was in it
 * was taken elsewhere, or the host lost its power.
 */
function ownerOf(backup: string, dataDir: string): 'self' | 'another' | 'nobody' {
  const identity = sealedIdentity(backup);
  if (identity.length === 0) return 'nobody';
  return identity.equals(sealedIdentity(dataDir)) ? 'self' : 'another';
}

/** The last backup that is of any node. */
function lastHeld(backupDir: string): string | undefined {
  const name = backupsIn(backupDir).findLast((each) => sealedIdentity(join(backupDir, each)).length > 0);
  return name === undefined ? undefined : join(backupDir, name);
}

/** The own ones before the last `keep`, and what is nobody's; those of others are for others to remove. */
function outlived(backupDir: string, dataDir: string, keep: number): readonly string[] {
  const by = { self: [] as string[], another: [] as string[], nobody: [] as string[] };
  for (const backup of backupsIn(backupDir).map((name) => join(backupDir, name)))
    by[ownerOf(backup, dataDir)].push(backup);
  return [...by.self.slice(0, -keep), ...by.nobody];
}

/** Empty where there is none. */
function sealedIdentity(directory: string): Buffer {
  const file = join(directory, IDENTITY_FILE);
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
}

/** Names of the complete ones, oldest first. */
function backupsIn(backupDir: string): string[] {
  return readdirSync(backupDir)
    .filter((name) => NAME.test(name))
    .sort();
}

function momentOf(name: string): number {
  return Date.parse(name.replace(NAME, '$1-$2-$3T$4:$5:$6.$7Z'));
}

/**
 * When the newest complete backup of a node in a directory was taken; milliseconds since the epoch. Nothing where none can
 * be seen, for whatever reason: whoever watches has to be told of that too.
 */
export function newestBackupMs(backupDir: string, dataDir: string): number | undefined {
  try {
    const newest = lastHeld(backupDir);
    if (newest === undefined || ownerOf(newest, dataDir) !== 'self') return undefined;
    // The name is ahead after the clock went back, the time of the files after they were copied.
    return Math.min(momentOf(basename(newest)), Math.floor(statSync(newest).mtimeMs));
  } catch {
    return undefined;
  }
}

export interface BackupSchedule extends Omit<BackupOptions, 'now'> {
  readonly everyMs: number;
  readonly clock: Clock;
  readonly taken: (directory: string) => void;
  readonly failed: (error: unknown) => void;
}

/** Takes a backup now, and then at an interval. @returns ends it */
export function keepBackedUp({ everyMs, clock, taken, failed, ...options }: BackupSchedule): () => void {
  let timer: unknown;
  const backUp = () => {
    try {
      taken(takeBackup({ ...options, now: new Date() }));
    } catch (error) {
      failed(error);
    }
    timer = clock.setTimer(everyMs, backUp);
  };
  backUp();
  return () => clock.clearTimer(timer);
}
