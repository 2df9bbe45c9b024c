import { asWitanError } from '@witan/errors';

/**
 * What a person reads when a service cannot start: the code, what is wrong (a line each, where there are several
 * things) and what to do about it.
 */
export function startErrorText(service: string, error: unknown, options: { stack: boolean }): string {
  const coded = asWitanError(error);
  const { code, detail, entry } = coded;
  const details = detail.split('\n');
  const text =
    details.length === 1
      ? `witan-${service}: ${code}: ${detail}. ${entry.help}\n`
      : `witan-${service}: ${code}: ${entry.title}. ${entry.help}\n${details.map((line) => `  ${line}\n`).join('')}`;
  const stack = (error instanceof Error && error.stack) || coded.stack;
  return options.stack ? `${text}${stack}\n` : text;
}
