import { asWitanError, CODES, isWitanError, type WitanError } from '@witan/errors';
import type { Io } from './io.ts';

/** Says what went wrong, in one line for people or as JSON for programs, and gives the exit code that says it too. */
export function fail(io: Io, thrown: unknown, json: boolean): number {
  const error = asWitanError(thrown);
  const { exit, help } = CODES[error.code];
  if (json) {
    io.errors.write(`${JSON.stringify({ error: { code: error.code, detail: error.detail, help, exit } })}\n`);
  } else {
    const { colours } = io.errorStyle;
    io.errors.write(`${colours.red(error.code)}: ${error.detail}${separator(error)} ${colours.dim(help)}\n`);
  }
  if (!isWitanError(thrown) && io.env.WITAN_DEBUG) io.errors.write(`${stackOf(thrown)}\n`);
  return exit;
}

function separator(error: WitanError): string {
  return /[.?!]$/.test(error.detail) ? '' : '.';
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.stack ? thrown.stack : String(thrown);
}
