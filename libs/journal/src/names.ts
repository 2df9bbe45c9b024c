import { WitanError } from '@witan/errors';

/** Visible ASCII only: it sorts the same in SQLite and in JavaScript, and shows what it is in a log line. */
const NAME = /^[!-~]{1,200}$/;

/** @throws WITAN_ERR_INVALID */
export function checkName(what: 'stream' | 'key', name: string): string {
  if (NAME.test(name)) return name;
  const shown = JSON.stringify(name.slice(0, 40));
  throw new WitanError('WITAN_ERR_INVALID', `journal ${what} ${shown} is not 1 to 200 visible ASCII characters`);
}

export interface QuarantineNames {
  readonly readable: string;
  readonly damaged: string;
}

/** The first pair of names for a stream set aside that is not taken. */
export function quarantineNames(stream: string, taken: ReadonlySet<string>): QuarantineNames {
  for (let n = 1; ; n++) {
    const readable = `${stream}.quarantine-${n}`;
    const damaged = `${readable}.damaged`;
    if (!taken.has(readable) && !taken.has(damaged)) return { readable, damaged };
  }
}
