import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const PARTS = ['dkg', 'recovery', 'peers', 'anti-entropy', 'crypto', 'journal'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly parts: readonly Part[];
  readonly sizes: readonly number[];
  /** Counted sessions of each size, where that was asked for. */
  readonly runs: number | undefined;
  readonly kills: number;
  readonly seeds: number;
  readonly cores: number;
  readonly dataDir: string;
  readonly profileDir: string | undefined;
  readonly json: string | undefined;
}

export const HELP = `npm run bench [-- options]

  --only LIST      of ${PARTS.join(', ')}; all by default
  --sizes LIST     participants of a session; 7,16,31 by default
  --runs N         counted DKG sessions of each size; by default 25 of up to 7 participants, 11 of more
  --kills N        sessions for each way to be killed, for recovery; 3 by default
  --seeds N        lossy runs for anti-entropy at each rate; 20 by default
  --cores N        cores that a DKG is kept on; 2 by default, or what there is
  --data DIR       where journals are kept while it runs; .witan/bench by default
  --profile DIR    writes a CPU profile of one participant for each size, and prints where the time went
  --json FILE      writes all figures there as JSON; - for standard output, tables then go to standard error
  --help
`;

/** @throws Error with what is wrong, for people */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      sizes: { type: 'string', default: '7,16,31' },
      runs: { type: 'string' },
      kills: { type: 'string', default: '3' },
      seeds: { type: 'string', default: '20' },
      cores: { type: 'string', default: String(Math.min(2, availableParallelism())) },
      data: { type: 'string', default: fileURLToPath(new URL('../../.witan/bench', import.meta.url)) },
      profile: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    parts: values.only === undefined ? PARTS : values.only.split(',').map(part),
    sizes: values.sizes.split(',').map((size) => integer('sizes', size, 2, 33)),
    runs: values.runs === undefined ? undefined : integer('runs', values.runs, 1, 10_000),
    kills: integer('kills', values.kills, 1, 1000),
    seeds: integer('seeds', values.seeds, 1, 10_000),
    cores: integer('cores', values.cores, 1, availableParallelism()),
    dataDir: values.data,
    profileDir: values.profile,
    json: values.json,
  };
}

function part(name: string): Part {
  const found = PARTS.find((each) => each === name);
  if (!found) throw new Error(`--only: no part '${name}', there are ${PARTS.join(', ')}`);
  return found;
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`--${option}: ${text} is not a whole number from ${min} to ${max}`);
}
