import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WitanError } from '@witan/errors';

export interface Options {
  /** Absent: as many as last time, or {@link DEFAULT_NODES}. */
  readonly nodes: number | undefined;
  /** Of the API; 0 for any free one. */
  readonly port: number;
  readonly dataDir: string;
  readonly fresh: boolean;
  readonly format: 'terminal' | 'plain' | 'json';
  readonly help: boolean;
}

export const DEFAULT_NODES = 9;
export const MAX_NODES = 64;
const DEFAULT_PORT = 8080;

export const HELP = `Starts a whole Witan network on this machine: NATS, a gateway, a DKG coordinator and some nodes.

Usage: npm start -- [options]

  --nodes N    how many nodes, each an adult and an elder process (default ${DEFAULT_NODES}, or as many as last time)
  --port P     port of the API and the explorer (default ${DEFAULT_PORT}; 0 or a taken one: the next free one)
  --data DIR   where identities, journals and logs are kept (default .witan/)
  --fresh      forget what the data directory holds and begin a new network
  --plain      a line for each event, also on a terminal
  --json       the same as JSON, one object a line
  --help       this text

A second start with the same directory resumes: same identities, same chain, no new keys. Ctrl-C stops everything.

Examples:
  $ npm start
  $ npm start -- --nodes 12 --port 9000
  $ npm start -- --fresh
`;

/** @throws WitanError `WITAN_ERR_CONFIG` that names the option and what it accepts */
export function parseOptions(argv: readonly string[], cwd: string, terminal: boolean): Options {
  const values = parse(argv);
  if (values.json && values.plain) throw refuse('--json and --plain are both given: give one');
  return {
    nodes: values.nodes === undefined ? undefined : whole('--nodes', values.nodes, 1, MAX_NODES),
    port: values.port === undefined ? DEFAULT_PORT : whole('--port', values.port, 0, 65_535),
    dataDir: resolve(cwd, values.data ?? '.witan'),
    fresh: values.fresh ?? false,
    format: values.json ? 'json' : values.plain || !terminal ? 'plain' : 'terminal',
    help: values.help ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        nodes: { type: 'string' },
        port: { type: 'string' },
        data: { type: 'string' },
        fresh: { type: 'boolean' },
        plain: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    // Node's own text says which option it is; its hint about positional arguments would only confuse here.
    throw refuse((error as Error).message.split('\n')[0]!.split('. ')[0]!.replace(/\.$/, ''));
  }
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw refuse(`${name} ${text}: accepts a whole number from ${min} to ${max}`);
  }
  return value;
}

function refuse(detail: string): WitanError {
  return new WitanError('WITAN_ERR_CONFIG', detail);
}
