import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { validatorOf } from './validator.ts';

export interface FormError {
  /** JSON pointer into the input, empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** What a schema says of how large a value may be, and what it says of one that is no larger, without a look into it. */
const SIZES = ['maxItems', 'maxLength'];
const OTHERS = [
  'type',
  'const',
  'enum',
  'required',
  'minItems',
  'minLength',
  'pattern',
  'format',
  'minimum',
  'maximum',
];
const NAMES_SHOWN = 4;
const NAME_LENGTH_SHOWN = 64;

interface Parts {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
  readonly description?: string;
}

const shells = new WeakMap<TSchema, readonly [TSchema, TSchema]>();

/**
 * Where and why `value` is not of the form of `schema`, of which it is known that it is not. TypeBox could say so as well: it
 * looks at every item of a list, however long, keeps something of each that is bad, and matches patterns against what is too
 * long for them. Here nothing more is asked of what is too large, and of a list the first bad item is told, so that an
 * explanation takes no longer than the check did.
 */
export function* explain(schema: TSchema, value: unknown, path = ''): Generator<FormError, void> {
  for (const shell of shellsOf(schema)) {
    const errors = validatorOf(shell).Errors(value);
    for (const error of errors) yield { path, message: wordsOf(schema, error) };
    if (errors.some(({ keyword }) => SIZES.includes(keyword))) return;
  }
  const { anyOf = [] } = schema as Parts;
  for (const each of anyOf) yield* explainIfBad(each, value, path);
  if (anyOf.length > 0) yield { path, message: 'has none of the forms that it may have' };
  if (Array.isArray(value)) yield* explainItems(schema, value, path);
  else if (typeof value === 'object' && value !== null) yield* explainFields(schema, value, path);
}

function* explainIfBad(schema: TSchema, value: unknown, path: string): Generator<FormError, void> {
  if (!validatorOf(schema).Check(value)) yield* explain(schema, value, path);
}

function* explainItems(schema: TSchema, list: readonly unknown[], path: string): Generator<FormError, void> {
  const { items } = schema as Parts;
  if (items === undefined) return;
  const validator = validatorOf(items);
  const bad = list.findIndex((item) => !validator.Check(item));
  if (bad >= 0) yield* explain(items, list[bad], `${path}/${bad}`);
}

function* explainFields(schema: TSchema, fields: object, path: string): Generator<FormError, void> {
  const { properties = {}, required = [], additionalProperties } = schema as Parts;
  if (additionalProperties === false) {
    const unknown = firstOf(fields, (name) => !Object.hasOwn(properties, name));
    if (unknown.length > 0) yield { path, message: `unknown: ${unknown.join(', ')}` };
  }
  for (const [name, each] of Object.entries(properties)) {
    const field = (fields as Readonly<Record<string, unknown>>)[name];
    if (field === undefined && (!required.includes(name) || !(name in fields))) continue;
    yield* explainIfBad(each, field, `${path}/${name}`);
  }
}

/** The first few names of that kind, none of them at length. */
function firstOf(fields: object, is: (name: string) => boolean): string[] {
  const found: string[] = [];
  for (const name of Object.getOwnPropertyNames(fields)) {
    if (is(name)) found.push(name.slice(0, NAME_LENGTH_SHOWN));
    if (found.length === NAMES_SHOWN) break;
  }
  return found;
}

/** What the schema says beside of items and fields: of the size, and of the rest. */
function shellsOf(schema: TSchema): readonly [TSchema, TSchema] {
  let both = shells.get(schema);
  if (both === undefined) {
    const only = (keywords: readonly string[]) =>
      Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.includes(keyword)));
    both = [only(SIZES), only(OTHERS)];
    shells.set(schema, both);
  }
  return both;
}

function wordsOf(schema: TSchema, { keyword, params, message }: TLocalizedValidationError): string {
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  // They tell a person more than a regular expression does.
  const { description } = schema as Parts;
  const isPattern = keyword === 'pattern' || keyword === 'format';
  return isPattern && description !== undefined ? `is not of the form: ${description}` : message;
}
