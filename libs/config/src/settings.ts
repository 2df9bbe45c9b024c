import { resolve } from 'node:path';
import { Secret } from './secret.ts';

/**
 * One setting: how it is read, what it accepts and what it is for. Made by the builders below.
 *
 * These are plain objects and no schema library: a validator that can do everything costs 20 MB and 100 ms in every
 * process, and the messages for people would still have to be written here.
 */
export interface Setting<T> {
  readonly help: string;
  /** What a value must be, as the end of the sentence "accepts …". */
  readonly accepts: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** A flag may stand alone on the command line. */
  readonly flag: boolean;
  readonly default: T | undefined;
  /** The value of a text (environment, command line) or a JSON value (file); undefined if it is not acceptable. */
  readonly read: (input: unknown) => NonNullable<T> | undefined;
}

/** Settings by their camelCase key; the environment variable and the flag are derived from the key. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type ConfigOf<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Without `default` and `required` a setting may be absent. */
interface Builder<T, O> {
  (options: O & { help: string; default: T }): Setting<T>;
  (options: O & { help: string; required: true }): Setting<T>;
  (options: O & { help: string }): Setting<T | undefined>;
}

interface AnyOptions<T> {
  help: string;
  default?: T;
  required?: true;
}

type Kind<T> = Pick<Setting<T>, 'accepts' | 'read'> & { secret?: true; flag?: true };

function setting<T>(options: AnyOptions<T>, kind: Kind<T>): Setting<T> {
  return {
    help: options.help,
    accepts: kind.accepts,
    required: options.required === true,
    secret: kind.secret === true,
    flag: kind.flag === true,
    default: options.default,
    read: kind.read,
  };
}

const trimmed = (input: unknown): string | undefined => (typeof input === 'string' ? input.trim() : undefined);

function integerOf(input: unknown, min: number, max: number): number | undefined {
  const text = trimmed(input);
  const value = text === undefined ? input : /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
    ? (value as number)
    : undefined;
}

/** A text; `pattern` is matched against the whole of it and `accepts` says in words what the pattern means. */
export const text: Builder<string, { pattern?: RegExp; accepts?: string }> = (
  options: AnyOptions<string> & { pattern?: RegExp; accepts?: string },
): Setting<string> =>
  setting(options, {
    accepts: options.accepts ?? 'a text',
    read: (input) => {
      const value = trimmed(input);
      return value !== undefined && value !== '' && (options.pattern?.test(value) ?? true) ? value : undefined;
    },
  });

export const integer: Builder<number, { min: number; max: number }> = (
  options: AnyOptions<number> & { min: number; max: number },
): Setting<number> =>
  setting(options, {
    accepts: `a whole number from ${options.min} to ${options.max}`,
    read: (input) => integerOf(input, options.min, options.max),
  });

/** A duration in milliseconds; its key ends with `Ms`. */
export const duration: Builder<number, { min?: number; max?: number }> = (
  options: AnyOptions<number> & { min?: number; max?: number },
): Setting<number> => {
  const { min = 0, max = 2 ** 31 - 1 } = options;
  return setting(options, {
    accepts: `milliseconds, a whole number from ${min} to ${max}`,
    read: (input) => integerOf(input, min, max),
  });
};

/** A TCP port; 0 takes any free one. */
export const port: Builder<number, unknown> = (options: AnyOptions<number>): Setting<number> =>
  setting(options, {
    accepts: 'a port from 1 to 65535, or 0 for any free one',
    read: (input) => integerOf(input, 0, 65535),
  });

/** A TCP port (0: any free one), or `off`. */
export const portOrOff: Builder<number | 'off', unknown> = (
  options: AnyOptions<number | 'off'>,
): Setting<number | 'off'> =>
  setting(options, {
    accepts: 'a port from 1 to 65535, 0 for any free one, or off',
    read: (input) => (trimmed(input) === 'off' ? 'off' : integerOf(input, 0, 65535)),
  });

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  ['1', true],
  [false, false],
  ['false', false],
  ['0', false],
]);

export const flag: Builder<boolean, unknown> = (options: AnyOptions<boolean>): Setting<boolean> =>
  setting(options, {
    accepts: 'true or false',
    flag: true,
    read: (input) => FLAGS.get(trimmed(input) ?? input),
  });

const isHex = (value: string, digits: number): boolean => value.length === digits && /^[0-9a-f]*$/.test(value);

/** Lower-case hex of exactly `digits` digits (twice the number of bytes). */
export const hex: Builder<string, { digits: number }> = (
  options: AnyOptions<string> & { digits: number },
): Setting<string> =>
  setting(options, {
    accepts: `${options.digits} lower-case hex digits`,
    read: (input) => {
      const value = trimmed(input);
      return value !== undefined && isHex(value, options.digits) ? value : undefined;
    },
  });

/** A path, made absolute against the working directory. */
export const path: Builder<string, unknown> = (options: AnyOptions<string>): Setting<string> =>
  setting(options, {
    accepts: 'a path',
    read: (input) => {
      const value = trimmed(input);
      return value ? resolve(value) : undefined;
    },
  });

function urlOf(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  // A password with slashes is taken for a path, and neither has a place here.
  return protocols.includes(url.protocol.slice(0, -1)) && url.hostname !== '' && !value.includes('@');
}

/**
 * One URL or several with commas between them. A user or password in a URL is refused, because URLs are logged;
 * credentials have settings of their own.
 */
export const urls: Builder<readonly string[], { protocols: readonly string[] }> = (
  options: AnyOptions<readonly string[]> & { protocols: readonly string[] },
): Setting<readonly string[]> =>
  setting(options, {
    accepts: `URLs with commas between them, ${options.protocols.map((name) => `${name}://…`).join(' or ')}, without user and password`,
    read: (input) => {
      const values = Array.isArray(input) ? input : trimmed(input)?.split(',');
      const list = values?.map((value) => trimmed(value) ?? '');
      return list && list.length > 0 && list.every((value) => urlOf(value, options.protocols)) ? list : undefined;
    },
  });

interface ChoiceBuilder {
  <const V extends string>(values: readonly V[], options: { help: string; default: V }): Setting<V>;
  <const V extends string>(values: readonly V[], options: { help: string; required: true }): Setting<V>;
  <const V extends string>(values: readonly V[], options: { help: string }): Setting<V | undefined>;
}

export const choice: ChoiceBuilder = <V extends string>(values: readonly V[], options: AnyOptions<V>): Setting<V> =>
  setting(options, {
    accepts: values.length === 1 ? values[0]! : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
    read: (input) => values.find((value) => value === trimmed(input)),
  });

/**
 * A secret, given by value or by a file that holds it (`…_FILE`). `digits`: it is lower-case hex of that length.
 * `pattern` is matched against the whole of it, and `accepts` says in words what the pattern means. There are no
 * defaults for secrets.
 */
export const secret: Builder<Secret, { digits?: number; pattern?: RegExp; accepts?: string }> = (
  options: AnyOptions<Secret> & { digits?: number; pattern?: RegExp; accepts?: string },
): Setting<Secret> =>
  setting(options, {
    accepts: options.accepts ?? (options.digits === undefined ? 'a text' : `${options.digits} lower-case hex digits`),
    secret: true,
    read: (input) => {
      const value = trimmed(input);
      if (!value || (options.digits !== undefined && !isHex(value, options.digits))) return undefined;
      return (options.pattern?.test(value) ?? true) ? new Secret(value) : undefined;
    },
  });
