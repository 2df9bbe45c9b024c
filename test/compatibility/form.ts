import { type Codec, decode, encode } from '@witan/wire';

/** A form of bytes that are sent or stored, and a value for each way in which it can look. */
export interface Form<T = unknown> {
  /** The file that defines it. */
  readonly source: string;
  readonly samples: Readonly<Record<string, T>>;
  encode(value: T): Uint8Array;
  /** Undefined for what is only ever hashed, signed or read together with something else. */
  readonly decode: ((bytes: Uint8Array) => unknown) | undefined;
}

export function form<T>(source: string, codec: Codec<T>, samples: Readonly<Record<string, T>>): Form {
  return made({ source, samples, encode: (value) => encode(codec, value), decode: (bytes) => decode(codec, bytes) });
}

/** Of a form that has functions of its own, or nobody reads. */
export function made<T>(parts: Omit<Form<T>, 'decode'> & Partial<Pick<Form<T>, 'decode'>>): Form {
  return { decode: undefined, ...parts } as Form;
}

/** So many bytes that are easily told from others. */
export const raw = (length: number, first: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A value as it stands in a fixture: bytes in hex. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${hex(value)}`;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(fields.map(([name, each]) => [name, toJson(each)]));
}
