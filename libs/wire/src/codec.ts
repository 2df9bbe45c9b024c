import { WitanError } from '@witan/errors';
import type { Reader, Writer } from './buffer.ts';
import { ByteReader, ByteWriter } from './buffer.ts';

/**
 * A codec writes a value in exactly one way and reads nothing but that: for every accepted input,
 * `encode(decode(bytes))` is `bytes`. All lengths are bounded, so that no input makes it allocate more than it carries.
 */
export interface Codec<T> {
  write(writer: Writer, value: T): void;
  read(reader: Reader): T;
}

export type Infer<C> = C extends Codec<infer T> ? T : never;

/** @throws WitanError `WITAN_ERR_MALFORMED` with the path of the field; trailing bytes are malformed too. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  if (reader.remaining !== 0) throw malformed(`${reader.remaining} bytes too many`);
  return value;
}

/** @throws WitanError `WITAN_ERR_MALFORMED` for a value that the codec has no bytes for. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.write(writer, value);
  return writer.finish();
}

export function malformed(detail: string): WitanError {
  return new WitanError('WITAN_ERR_MALFORMED', detail);
}

export const u8: Codec<number> = { write: (w, v) => w.uint(v, 1), read: (r) => r.uint(1) };
export const u16: Codec<number> = { write: (w, v) => w.uint(v, 2), read: (r) => r.uint(2) };
export const u32: Codec<number> = { write: (w, v) => w.uint(v, 4), read: (r) => r.uint(4) };

/** Milliseconds, counters: a non-negative safe integer in 8 bytes. */
export const u53: Codec<number> = {
  write: (w, v) => {
    if (!Number.isSafeInteger(v) || v < 0) throw malformed(`not a counter: ${v}`);
    w.uint(Math.floor(v / 2 ** 32), 4);
    w.uint(v % 2 ** 32, 4);
  },
  read: (r) => {
    const value = r.uint(4) * 2 ** 32 + r.uint(4);
    if (!Number.isSafeInteger(value)) throw malformed('counter above 2^53');
    return value;
  },
};

export const bool: Codec<boolean> = {
  write: (w, v) => w.uint(v ? 1 : 0, 1),
  read: (r) => {
    const value = r.uint(1);
    if (value > 1) throw malformed(`not a boolean: ${value}`);
    return value === 1;
  },
};

/** Exactly `length` bytes. */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    write: (w, v) => {
      if (v.length !== length) throw malformed(`${v.length} bytes where ${length} belong`);
      w.raw(v);
    },
    read: (r) => r.raw(length),
  };
}

/** At most `max` bytes, with a four-byte length before them. */
export function bytes(max: number): Codec<Uint8Array> {
  return {
    write: (w, v) => {
      bound(v.length, max, 'bytes');
      w.uint(v.length, 4);
      w.raw(v);
    },
    read: (r) => {
      const length = r.uint(4);
      bound(length, max, 'bytes');
      return r.raw(length);
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 of at most `max` bytes. */
export function text(max: number): Codec<string> {
  const inner = bytes(max);
  return {
    write: (w, v) => {
      // The encoder would put U+FFFD for a lone surrogate: two texts with the same bytes, one of them never written.
      if (typeof v !== 'string' || !v.isWellFormed()) throw malformed('text is not well-formed Unicode');
      inner.write(w, new TextEncoder().encode(v));
    },
    read: (r) => {
      const raw = inner.read(r);
      try {
        return utf8.decode(raw);
      } catch {
        throw malformed('text is not UTF-8');
      }
    },
  };
}

/** At most `max` items, with a two-byte count before them. */
export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    write: (w, v) => {
      bound(v.length, max, 'items');
      w.uint(v.length, 2);
      for (const each of v) item.write(w, each);
    },
    read: (r) => {
      const length = r.uint(2);
      bound(length, max, 'items');
      const out: T[] = [];
      for (let i = 0; i < length; i++) out.push(item.read(r));
      return out;
    },
  };
}

/** Present or not: one byte, then the value. Not of an optional: "present, and absent" would be a second way to write absent. */
export function optional<T extends NonNullable<unknown>>(inner: Codec<T>): Codec<T | undefined> {
  return {
    write: (w, v) => {
      bool.write(w, v !== undefined);
      if (v !== undefined) inner.write(w, v);
    },
    read: (r) => (bool.read(r) ? inner.read(r) : undefined),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a codec is invariant in its type, so no other bound accepts every codec
type AnyCodec = Codec<any>;
type StructOf<F extends Record<string, AnyCodec>> = { readonly [K in keyof F]: Infer<F[K]> };

/** Fields in the order in which they are written down. */
export function struct<F extends Record<string, AnyCodec>>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields);
  return {
    write: (w, v) => {
      for (const [name, codec] of entries) codec.write(w, (v as Record<string, unknown>)[name]);
    },
    read: (r) => {
      const out: Record<string, unknown> = {};
      for (const [name, codec] of entries) out[name] = readNamed(name, codec, r);
      return out as StructOf<F>;
    },
  };
}

type Variants = Record<string, readonly [tag: number, codec: AnyCodec]>;
type UnionOf<V extends Variants> = { [K in keyof V]: { readonly type: K } & Infer<V[K][1]> }[keyof V];

/** One of several structs, told apart by a byte; in TypeScript by `type`. */
export function union<const V extends Variants>(variants: V): Codec<UnionOf<V>> {
  const byName = new Map(Object.entries(variants));
  const byTag = new Map([...byName].map(([name, [tag, codec]]) => [tag, { name, codec }]));
  return {
    write: (w, v) => {
      const variant = byName.get(v.type as string);
      if (!variant) throw malformed(`unknown variant ${String(v.type)}`);
      const [tag, codec] = variant;
      w.uint(tag, 1);
      codec.write(w, v);
    },
    read: (r) => {
      const tag = r.uint(1);
      const variant = byTag.get(tag);
      if (!variant) throw malformed(`unknown variant ${tag}`);
      return { type: variant.name, ...(readNamed(variant.name, variant.codec, r) as object) } as never;
    },
  };
}

function readNamed<T>(name: string, codec: Codec<T>, reader: Reader): T {
  try {
    return codec.read(reader);
  } catch (error) {
    if (error instanceof WitanError) throw malformed(`${name}: ${error.detail}`);
    throw error;
  }
}

function bound(length: number, max: number, what: string): void {
  if (length > max) throw malformed(`${length} ${what} where at most ${max} may stand`);
}
