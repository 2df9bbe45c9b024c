import { CODES, isWitanError } from '@witan/errors';

/** What a log field of one of these names holds is never written, at any depth. Compared without case, `-` and `_`. */
const SECRET_NAMES = new Set([
  'apikey',
  'authorization',
  'blind',
  'coins',
  'cookie',
  'credentials',
  'creds',
  'dealing',
  'ephemeralkey',
  'ephemeralsecret',
  'jwt',
  'keyshare',
  'keyshares',
  'nkey',
  'password',
  'privatekey',
  'sealingkey',
  'sealingsecret',
  'sealingsecrets',
  'secret',
  'secretkey',
  'secrets',
  'secretshare',
  'secretshares',
  'seed',
  'setcookie',
  'share',
  'shares',
  'supposed',
  'token',
  'value',
]);

const CENSORED = '[secret]';
/** Whatever its name: the scalars of keys and shares are such, and hardly anything that one would want to read. */
const BIG_INTEGER = '[big integer]';
/** Bounds for what is logged by mistake: a line is for people. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;

const isSecretName = (name: string): boolean => SECRET_NAMES.has(name.toLowerCase().replaceAll(/[-_]/g, ''));

const canBeSecret = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'bigint' || (typeof value === 'object' && value !== null);

/**
 * A copy that is safe to log: no value under a secret's name, bytes as their length only and big integers not at all
 * (they may be a key). Errors become their fields; of what has its own `toJSON`, that is what is copied.
 */
export function censor(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return BIG_INTEGER;
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Error) return errorFields(value, depth);
  if (depth >= MAX_DEPTH) return '[too deep]';
  if ('toJSON' in value && typeof value.toJSON === 'function') return censor(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => censor(item, depth + 1));
  if (value instanceof Map) return censor(Object.fromEntries(value), depth + 1);
  if (value instanceof Set) return censor([...value], depth + 1);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      canBeSecret(item) && isSecretName(name) ? CENSORED : censor(item, depth + 1),
    ]),
  );
}

/**
 * An error as log fields. A coded error that is no defect has no stack: its code and detail say all, and a peer that
 * sends garbage should not fill the log.
 */
function errorFields(error: Error, depth: number): unknown {
  const cause = error.cause === undefined || depth >= MAX_DEPTH ? undefined : censor(error.cause, depth + 1);
  if (isWitanError(error)) {
    const isDefect = CODES[error.code].exit === 70;
    return {
      code: error.code,
      detail: error.detail,
      data: Object.keys(error.data).length > 0 ? censor(error.data, depth + 1) : undefined,
      stack: isDefect ? error.stack : undefined,
      cause,
    };
  }
  const { code } = error as NodeJS.ErrnoException;
  return { type: error.name, message: error.message, code, stack: error.stack, cause };
}
