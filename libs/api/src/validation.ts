import { WitanError } from '@witan/errors';
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';

const compiled = new WeakMap<TSchema, Validator>();

export interface FormError {
  /** JSON pointer into the input, empty for the whole of it. */
  readonly path: string;
  readonly message: string;
}

const MAX_ERRORS = 8;

/** Where `value` is not of the form of `schema`; empty when it is. At most eight places: an answer is not the echo of a huge input. */
export function formErrors(schema: TSchema, value: unknown): FormError[] {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return [];
  return validator
    .Errors(value)
    .filter((error) => error.keyword !== 'boolean')
    .slice(0, MAX_ERRORS)
    .map((error) => ({ path: error.instancePath, message: explain(schema, error) }));
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

function validatorOf(schema: TSchema): Validator {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = Compile(schema) as Validator;
    compiled.set(schema, validator);
  }
  return validator;
}

function explain(schema: TSchema, error: TLocalizedValidationError): string {
  const { keyword, params, message } = error;
  if (keyword === 'additionalProperties') return `unknown: ${params.additionalProperties.slice(0, 4).join(', ')}`;
  if (keyword === 'enum') return `must be one of ${params.allowedValues.join(', ')}`;
  const description =
    keyword === 'pattern' || keyword === 'format' ? descriptionAt(schema, error.schemaPath) : undefined;
  return description === undefined ? message : `is not of the form: ${description}`;
}

/** The words of the schema at `#/properties/name`: they tell a person more than its regular expression. */
function descriptionAt(schema: TSchema, schemaPath: string): string | undefined {
  let at: unknown = schema;
  for (const step of schemaPath.split('/').slice(1)) at = (at as Record<string, unknown> | undefined)?.[step];
  return (at as { description?: string } | undefined)?.description;
}
