import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WitanError } from '@witan/errors';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../program.ts';

/** The experiments stand with the tests, and are no part of what is installed to look at a network. */
const EXPERIMENTS = new URL('../../../../test/chaos/index.ts', import.meta.url);

interface Program {
  chaos(io: Io, names: readonly string[], options: GlobalOptions): Promise<number>;
}

/** @throws WitanError `WITAN_ERR_DEPENDENCY` outside of a checkout */
export async function chaos(io: Io, names: readonly string[], options: GlobalOptions): Promise<number> {
  if (!existsSync(fileURLToPath(EXPERIMENTS))) {
    throw new WitanError(
      'WITAN_ERR_DEPENDENCY',
      'the experiments are not installed here: run it in a checkout of Witan',
    );
  }
  const program = (await import(EXPERIMENTS.href)) as Program;
  return program.chaos(io, names, options);
}
