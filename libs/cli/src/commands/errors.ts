import { CODES, WitanError, type WitanErrorCode } from '@witan/errors';
import { type Io, print, printJson } from '../io.ts';
import type { GlobalOptions } from '../program.ts';
import { table } from '../terminal/table.ts';

const PREFIX = 'WITAN_ERR_';

export async function errors(io: Io, given: string | undefined, options: GlobalOptions): Promise<number> {
  if (given === undefined) {
    if (options.json) printJson(io, CODES);
    else {
      const rows = Object.entries(CODES).map(([code, entry]) => [code, entry.exit, entry.status, entry.title]);
      print(io, table(['code', 'exit', 'HTTP', 'means'], rows, io.style));
    }
    return 0;
  }
  const code = codeOf(given);
  const entry = CODES[code];
  if (options.json) printJson(io, { code, ...entry });
  else {
    print(io, [
      `${io.style.colours.bold(code)}  ${entry.title}`,
      entry.help,
      io.style.colours.dim(`exit code ${entry.exit}, HTTP status ${entry.status}`),
    ]);
  }
  return 0;
}

function codeOf(given: string): WitanErrorCode {
  const upper = given.toUpperCase().replaceAll('-', '_');
  const code = upper.startsWith(PREFIX) ? upper : PREFIX + upper;
  if (!Object.hasOwn(CODES, code)) throw new WitanError('WITAN_ERR_NOT_FOUND', `there is no error ${code}`);
  return code as WitanErrorCode;
}
