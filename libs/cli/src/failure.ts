import { asWitanError, CODES, isWitanError } from '@witan/errors';
import type { Io } from './io.ts';
import { plain } from './terminal/format.ts';

/** Says what went wrong, in one line for people or as JSON for programs, and gives the exit code that says it too. */
export function fail(io: Io, thrown: unknown, json: boolean): number {
  const error = asWitanError(thrown);
  const { exit, help } = CODES[error.code];
  if (json) {
    io.errors.write(`${JSON.stringify({ error: { code: error.code, detail: error.detail, help, exit } })}\n`);
  } else {
    const { colours } = io.errorStyle;
    const detail = plain(error.detail);
    io.errors.write(`${colours.red(error.code)}: ${detail}${separator(detail)} ${colours.dim(help)}\n`);
  }
  if (!isWitanError(thrown) && io.env.WITAN_DEBUG)
    io.errors.write(`${stackOf(thrown).split('\n').map(plain).join('\n')}\n`);
  return exit;
}

function separator(detail: string): string {
  return /[.?!]$/.test(detail) ? '' : '.';
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.stack ? thrown.stack : String(thrown);
}
