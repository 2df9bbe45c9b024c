import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const HELP = `Simulates whole sections, one for each seed: virtual time, faults of all kinds, invariants checked at every step.

Usage: npm run sim -- [options]

  --seeds N     how many seeds (500)
  --from N      the first of them (1)
  --seed N      only this one
  --trace       with --seed: the whole story, line by line
  --workers N   processes (as many as there are cores, at most 8)
  --keep-going  goes on after a seed has failed
  --json        the figures as JSON, for programs
  --help        this text

Examples:
  $ npm run sim -- --seeds 10000
  $ npm run sim -- --seed 4711 --trace
`;

export interface Options {
  readonly from: number;
  readonly seeds: number;
  readonly trace: boolean;
  readonly workers: number;
  readonly keepGoing: boolean;
  readonly json: boolean;
}

/** @throws TypeError for what is no option, RangeError for a number that is none */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '500' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      workers: { type: 'string', default: String(Math.min(8, availableParallelism())) },
      'keep-going': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.trace && values.seed === undefined) throw new RangeError('--trace needs --seed');
  return {
    from: natural('--seed', values.seed ?? values.from),
    seeds: values.seed === undefined ? natural('--seeds', values.seeds) : 1,
    trace: values.trace,
    workers: values.seed === undefined ? natural('--workers', values.workers) : 1,
    keepGoing: values['keep-going'],
    json: values.json,
  };
}

function natural(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`${name} takes a whole number from 1 on, not "${text}"`);
  return Number(text);
}
