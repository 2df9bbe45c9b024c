import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { PLANTED } from './planted.ts';

export const HELP = `Simulates whole sections, one for each seed: virtual time, faults of all kinds, invariants checked at every step.

Usage: npm run sim -- [options]

  --seeds N     how many seeds (500)
  --from N      the first of them (1)
  --seed N      only this one
  --trace       with --seed: the whole story, line by line
  --workers N   processes (as many as there are cores, at most 8)
  --keep-going  goes on after a seed has failed
  --demand-all  fails too if one of the faults and lies that there are has not occurred
  --plant NAME  breaks the code on purpose, to see that it is found: ${Object.keys(PLANTED).join(', ')}
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
  readonly demandAll: boolean;
  readonly plant: string | undefined;
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
      'demand-all': { type: 'boolean', default: false },
      plant: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.trace && values.seed === undefined) throw new RangeError('--trace needs --seed');
  const { plant } = values;
  if (plant !== undefined && !Object.hasOwn(PLANTED, plant))
    throw new RangeError(`--plant: there is no fault "${plant}"`);
  return {
    from: natural('--seed', values.seed ?? values.from),
    seeds: values.seed === undefined ? natural('--seeds', values.seeds) : 1,
    trace: values.trace,
    workers: values.seed === undefined ? natural('--workers', values.workers) : 1,
    keepGoing: values['keep-going'],
    demandAll: values['demand-all'],
    plant,
    json: values.json,
  };
}

function natural(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`${name} takes a whole number from 1 on, not "${text}"`);
  return Number(text);
}
