import { WitanError } from '@witan/errors';
import type { Headers } from './bus.ts';

/** A token of a subject: visible ASCII but the separators and wildcards. */
const TOKEN = /^[!-)+,\-/-=?-~]+$/;
const HEADER_NAME = /^[!-9;-~]+$/;
/** Printable and tab: above all no line break, which would end the header. */
const HEADER_VALUE = /^[\t\x20-\x7e\u00a0-\uffff]*$/;
const QUEUE = /^[\w.-]+$/;

/** A subject to publish to: no wildcards. @throws WITAN_ERR_INVALID */
export function checkSubject(subject: string): void {
  if (!subject.split('.').every((token) => TOKEN.test(token))) throw invalid('subject', subject);
}

/** A subject to subscribe to. @throws WITAN_ERR_INVALID */
export function checkPattern(pattern: string): void {
  const tokens = pattern.split('.');
  const fine = tokens.every(
    (token, i) => token === '*' || (token === '>' && i === tokens.length - 1) || TOKEN.test(token),
  );
  if (!fine) throw invalid('subject', pattern);
}

/** @throws WITAN_ERR_INVALID */
export function checkQueue(queue: string | undefined): void {
  if (queue !== undefined && !QUEUE.test(queue)) throw invalid('queue', queue);
}

/** @throws WITAN_ERR_INVALID */
export function checkHeaders(headers: Headers | undefined): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!HEADER_NAME.test(name)) throw invalid('header', name);
    if (!HEADER_VALUE.test(value)) throw invalid(`value of header ${name}`, value);
  }
}

export function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  for (const [i, token] of pattern.entries()) {
    if (token === '>') return subject.length > i;
    if (i >= subject.length || (token !== '*' && token !== subject[i])) return false;
  }
  return pattern.length === subject.length;
}

function invalid(what: string, value: string): WitanError {
  return new WitanError('WITAN_ERR_INVALID', `${JSON.stringify(value.slice(0, 80))} is no valid ${what}`);
}
