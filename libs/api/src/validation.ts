import { WitanError } from '@witan/errors';
import type { Static, TSchema } from 'typebox';
import { explain, type FormError } from './explain.ts';
import { validatorOf } from './validator.ts';

const MAX_ERRORS = 8;

/**
 * Where `value` is not of the form of `schema`; empty when it is. At most eight places: an answer is not the echo of a huge
 * input. Whether it is of that form is for the check alone to say: an explanation can be missing.
 */
export function formErrors(schema: TSchema, value: unknown): FormError[] {
  if (validatorOf(schema).Check(value)) return [];
  const errors: FormError[] = [];
  for (const error of explain(schema, value)) if (errors.push(error) === MAX_ERRORS) break;
  return errors.length > 0 ? errors : [{ path: '', message: 'is not of the form' }];
}

/**
 * `value` as what `schema` describes.
 * @param what names the input in the detail of the error: `body`, `query`, …
 * @throws `WITAN_ERR_MALFORMED` with `data.errors` when it is not of that form.
 */
export function parse<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  const errors = formErrors(schema, value);
  const [first] = errors;
  if (first === undefined) return value as Static<T>;
  throw new WitanError('WITAN_ERR_MALFORMED', `${what}${first.path.replaceAll('/', '.')}: ${first.message}`, {
    data: { errors },
  });
}

/**
 * Strings of a URL as the numbers and booleans that the schema asks for. What does not have exactly their form is left as it is,
 * for the check to refuse: `limit=1.5` is an error and not 1.
 */
export function convertStrings(schema: TSchema, input: Record<string, unknown>): Record<string, unknown> {
  const properties = (schema as { properties?: Record<string, { type?: string }> }).properties ?? {};
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, convert(properties[name]?.type, value)]),
  );
}

function convert(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
