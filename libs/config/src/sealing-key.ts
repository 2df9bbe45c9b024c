import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import { publishOnce } from './publish.ts';
import { runSealingCommand, type SealingCommand } from './sealing-command.ts';
import type { Secret } from './secret.ts';

const KEY_BYTES = 32;
const KEY_FILE = 'sealing.key';
const WRAPPED_FILE = 'sealing.wrapped';
/** Made when the node first starts, and sealed. */
const IDENTITY_FILE = 'identity.sealed';

export interface SealingKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** For the log: what is unsafe about where the key comes from. */
  readonly warning?: string;
}

const errno = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export interface SealingConfig {
  readonly dataDir: string;
  readonly sealingKey: Secret | undefined;
  readonly sealingCommand?: string | undefined;
  readonly sealingCommandTimeoutMs?: number;
}

/**
 * The configured sealing key; or the one that the sealing command unwraps; or that of `sealing.key` in the data directory,
 * which is made (mode 0600) if it does not exist. Both services of a node may call this at the same time: they get the
 * same key.
 *
 * @throws WitanError `WITAN_ERR_SEALED` if the file is not a sealing key or the command fails, `WITAN_ERR_STORE` if the
 * disk refuses, `WITAN_ERR_CONFIG` if both key and command are set
 */
export function loadSealingKey(config: SealingConfig): SealingKey {
  const { dataDir, sealingKey, sealingCommand: command, sealingCommandTimeoutMs: timeoutMs = 10_000 } = config;
  if (sealingKey !== undefined && command !== undefined) {
    throw new WitanError(
      'WITAN_ERR_CONFIG',
      'WITAN_SEALING_KEY and WITAN_SEALING_COMMAND are set, and only one may be',
    );
  }
  if (sealingKey !== undefined) return { key: Uint8Array.from(Buffer.from(sealingKey.reveal(), 'hex')) };
  const file = join(dataDir, command === undefined ? KEY_FILE : WRAPPED_FILE);
  try {
    if (command !== undefined) return unwrapKey(dataDir, { command, timeoutMs });
    return readKeyFile(file) ?? createKeyFile(file);
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

function createKeyFile(file: string): SealingKey {
  publishOnce(file, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
  const made = readKeyFile(file);
  if (made === undefined) throw new WitanError('WITAN_ERR_STORE', `${file} vanished while it was made`);
  return made;
}

/**
 * The key of a directory that stands in it wrapped by a key that only a program can use. At the first start there is none:
 * then one is made, or that of `sealing.key` is taken.
 */
function unwrapKey(dataDir: string, command: SealingCommand): SealingKey {
  const file = join(dataDir, WRAPPED_FILE);
  const clear = readKeyFile(join(dataDir, KEY_FILE));
  if (!existsSync(file)) {
    if (!clear && existsSync(join(dataDir, IDENTITY_FILE))) {
      throw new WitanError('WITAN_ERR_SEALED', `${file} is missing, and what is in ${dataDir} was sealed with its key`);
    }
    const key = clear?.key ?? randomBytes(KEY_BYTES);
    publishOnce(file, `${Buffer.from(runSealingCommand(command, 'wrap', key)).toString('base64')}\n`);
    key.fill(0);
  }
  // Also of one that was made just now: what cannot be opened again is found before anything is sealed with it.
  const key = runSealingCommand(command, 'unwrap', Buffer.from(readFileSync(file, 'utf8'), 'base64'));
  if (key.length !== KEY_BYTES) {
    throw new WitanError(
      'WITAN_ERR_SEALED',
      `WITAN_SEALING_COMMAND: unwrap gave ${key.length} bytes, not ${KEY_BYTES}`,
    );
  }
  const warning = `${join(dataDir, KEY_FILE)} is not used any more, its key is in ${file}: remove it`;
  return clear ? { key, warning } : { key };
}
