import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import type { Wanted } from './users-dir.ts';

const FILE = 'plan.json';
const AT_FIRST: Wanted = { network: 'local', nodes: 9, gateways: 1, coordinators: 1 };
const COUNTS = ['nodes', 'gateways', 'coordinators'] as const;

type Given = { readonly [K in keyof Wanted]: Wanted[K] | undefined };

/**
 * For whom the users in `directory` are to be: as said, else as they were. Users of another network, or without some of
 * those that there are, would shut out who is connected with the next reload of the servers; that has to be meant.
 *
 * @throws WITAN_ERR_CONFIG for what has to be meant and is not forced, WITAN_ERR_STORE
 */
export function planFor(directory: string, given: Given, isForced: boolean): Wanted {
  const known = remembered(directory);
  // Of a directory that remembers nothing: what is not said there would be guessed.
  if (
    !known &&
    !isForced &&
    existsSync(join(directory, 'users.conf')) &&
    (!given.network || given.nodes === undefined)
  ) {
    throw refused(`${directory} has users and does not remember for whom: say --network and --nodes`);
  }
  const before = known ?? AT_FIRST;
  const of = (key: (typeof COUNTS)[number]): number => given[key] ?? before[key];
  const wanted: Wanted = {
    network: given.network ?? before.network,
    nodes: of('nodes'),
    gateways: of('gateways'),
    coordinators: of('coordinators'),
  };
  if (!known || isForced) return wanted;
  if (wanted.network !== known.network) {
    throw refused(
      `the users in ${directory} are of the network ${known.network}, not ${wanted.network}: --force if that is meant`,
    );
  }
  for (const key of COUNTS) {
    if (wanted[key] >= known[key]) continue;
    throw refused(`${directory} has users for ${known[key]} ${key}, not ${wanted[key]}: --force shuts out the others`);
  }
  return wanted;
}

/** Has {@link planFor} know it the next time. @throws WITAN_ERR_STORE */
export function rememberPlan(directory: string, wanted: Wanted): void {
  const file = join(directory, FILE);
  try {
    writeFileSync(`${file}.draft`, `${JSON.stringify(wanted)}\n`);
    renameSync(`${file}.draft`, file);
  } catch (error) {
    throw new WitanError('WITAN_ERR_STORE', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

function remembered(directory: string): Wanted | undefined {
  const file = join(directory, FILE);
  if (!existsSync(file)) return undefined;
  try {
    const plan = JSON.parse(readFileSync(file, 'utf8')) as Wanted;
    if (typeof plan.network === 'string' && COUNTS.every((key) => Number.isInteger(plan[key]))) return plan;
    throw new Error('it does not hold network, nodes, gateways and coordinators');
  } catch (error) {
    throw new WitanError('WITAN_ERR_STORE', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

function refused(detail: string): WitanError {
  return new WitanError('WITAN_ERR_CONFIG', detail);
}
