import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import type { Secret } from './secret.ts';

const KEY_BYTES = 32;
const KEY_FILE = 'sealing.key';

export interface SealingKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** For the log: what is unsafe about where the key comes from. */
  readonly warning?: string;
}

const errno = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * The configured sealing key, or that of `sealing.key` in the data directory, which is made (mode 0600) if it does
 * not exist. Both services of a node may call this at the same time: they get the same key.
 *
 * @throws WitanError `WITAN_ERR_SEALED` if the file is not a sealing key, `WITAN_ERR_STORE` if the disk refuses.
 */
export function loadSealingKey(config: { dataDir: string; sealingKey: Secret | undefined }): SealingKey {
  if (config.sealingKey !== undefined) return { key: Uint8Array.from(Buffer.from(config.sealingKey.reveal(), 'hex')) };
  const file = join(config.dataDir, KEY_FILE);
  try {
    return readKeyFile(file) ?? createKeyFile(config.dataDir, file);
  } catch (error) {
    if (error instanceof WitanError) throw error;
    const code = errno(error) === 'ENOSPC' ? 'WITAN_ERR_STORE_FULL' : 'WITAN_ERR_STORE';
    throw new WitanError(code, `${file}: ${errno(error) ?? String(error)}`, { cause: error });
  }
}

function readKeyFile(file: string): SealingKey | undefined {
  let content: string;
  try {
    content = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(content)) {
    throw new WitanError('WITAN_ERR_SEALED', `${file} is not a sealing key: it must hold ${2 * KEY_BYTES} hex digits`);
  }
  const open = (statSync(file).mode & 0o077) !== 0 ? ', and other users of this machine can read it: chmod 600' : '';
  return {
    key: Uint8Array.from(Buffer.from(content, 'hex')),
    warning: `secrets are sealed with ${file}, which lies beside them: a copy of the data directory holds both${open}. Set WITAN_SEALING_KEY_FILE to a file elsewhere`,
  };
}

function createKeyFile(dataDir: string, file: string): SealingKey {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    // Unlike a rename, a link never replaces the key that the node's other process may have made just now.
    linkSync(draft, file);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  const directory = openSync(dataDir, 'r');
  try {
    fsyncSync(directory); // A key that a power cut removes would make everything sealed with it unreadable.
  } finally {
    closeSync(directory);
  }
  const made = readKeyFile(file);
  if (made === undefined) throw new WitanError('WITAN_ERR_STORE', `${file} vanished while it was made`);
  return made;
}
