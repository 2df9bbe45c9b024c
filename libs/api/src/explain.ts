import type { TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { validatorOf } from './validator.ts';

export interface FormError {
  /** JSON pointer into the input, empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}

/** What a schema says of a value without a look at what is in it. */
const OWN_KEYWORDS = [
  ...['type', 'const', 'enum', 'required', 'minItems', 'maxItems'],
  ...['minLength', 'maxLength', 'pattern', 'format', 'minimum', 'maximum'],
];
const NAMES_SHOWN = 4;
const NAME_LENGTH_SHOWN = 64;

interface Parts {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: TSchema;
  readonly maxItems?: number;
  readonly anyOf?: readonly TSchema[];
  readonly description?: string;
}

const shells = new WeakMap<TSchema, TSchema>();

/**
 * Where and why `value` is not of the form of `schema`, of which it is known that it is not. TypeBox could say so as well: it
 * looks at every item of a list, however long, and keeps something of each that is bad. Here a list that is too long is not
 * looked into, and of any other the first bad item is told, so that an explanation takes no longer than the check did.
 */
export function* explain(schema: TSchema, value: unknown, path = ''): Generator<FormError, void> {
  for (const error of validatorOf(shellOf(schema)).Errors(value)) yield { path, message: wordsOf(schema, error) };
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
  const { items, maxItems = Number.POSITIVE_INFINITY } = schema as Parts;
  if (items === undefined || list.length > maxItems) return;
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

/** The schema without what it says of items and fields. */
function shellOf(schema: TSchema): TSchema {
  let shell = shells.get(schema);
  if (shell === undefined) {
    shell = Object.fromEntries(Object.entries(schema).filter(([keyword]) => OWN_KEYWORDS.includes(keyword)));
    shells.set(schema, shell);
  }
  return shell;
}

function wordsOf(schema: TSchema, { keyword, params, message }: TLocalizedValidationError): string {
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  // They tell a person more than a regular expression does.
  const { description } = schema as Parts;
  const isPattern = keyword === 'pattern' || keyword === 'format';
  return isPattern && description !== undefined ? `is not of the form: ${description}` : message;
}
