import { randomInt } from 'node:crypto';
import { type Io, print, printJson, remark, table } from '@witan/cli';
import { WitanError } from '@witan/errors';
import { Conductor } from './conductor.ts';
import { type DriverName, openWorld } from './drivers/index.ts';
import { EXPERIMENTS, type Experiment, possible } from './experiments.ts';
import { ProgressView } from './progress.ts';
import { summaryOf } from './report/summary.ts';
import { writeLogs, writeReport } from './report/write.ts';
import { judge } from './verdict.ts';
import type { World } from './world.ts';

/** What `witan chaos` was told. */
export interface ChaosOptions {
  readonly driver: DriverName;
  readonly minutes?: number;
  readonly seed?: number;
  readonly nodes: number;
  readonly hold: number;
  readonly clients: number;
  readonly rate: number;
  readonly report?: string;
  readonly logs?: string;
  readonly namespace: string;
  readonly image?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** Something happened that must never happen. */
const UNSAFE_EXIT = 1;
const SEEDS = 1_000_000;

/**
 * Breaks a network while clients use it, and judges what came of it.
 * @param names experiments, all that are possible where there are none
 * @returns the exit code
 * @throws WitanError `WITAN_ERR_NOT_FOUND` for an experiment that there is not, `WITAN_ERR_DEPENDENCY` where the driver
 * lacks something; what it cannot do is left out and named
 */
export async function chaos(io: Io, names: readonly string[], options: ChaosOptions): Promise<number> {
  const chosen = choose(names);
  if (options.list) {
    list(io, chosen, options.json === true);
    return 0;
  }
  const seed = options.seed ?? randomInt(1, SEEDS);
  const world = openWorld(options.driver, { ...options, seed });
  try {
    return await run(io, world, chosen, seed, options);
  } finally {
    try {
      if (options.logs !== undefined) writeLogs(options.logs, await world.logs());
    } finally {
      // Whatever becomes of the logs, nothing that was started stays.
      await world.stop();
    }
  }
}

async function run(
  io: Io,
  world: World,
  chosen: readonly Experiment[],
  seed: number,
  options: ChaosOptions,
): Promise<number> {
  const experiments = possible(chosen, world.abilities);
  const left = chosen.filter((each) => !experiments.includes(each)).map(({ name }) => name);
  if (left.length > 0) remark(io, `not with ${world.title}: ${left.join(', ')}`);
  const { minutes, hold, clients, rate, json } = options;
  const forMs = minutes === undefined ? undefined : minutes * 60_000;
  const command = commandOf(chosen, seed, options);
  remark(io, `${command}   # the same again`);
  const view = new ProgressView(
    json ? { ...io, output: io.errors, terminal: false } : io,
    forMs === undefined ? experiments.length : undefined,
  );
  const conductor = new Conductor({
    world,
    experiments,
    forMs,
    seed,
    holdMs: hold * 1000,
    clients,
    ratePerS: rate,
    signal: io.signal,
    onProgress: (progress) => view.show(progress),
  });
  const history = await conductor.run().finally(() => view.done());
  const verdict = judge(history, EXPERIMENTS);
  const { headline, facts, columns, rows } = summaryOf(history, verdict);
  if (json)
    printJson(io, {
      ...verdict,
      violations: history.violations,
      seed,
      chain: history.chain,
      sessions: history.sessions,
    });
  else
    print(io, [
      '',
      io.style.colours.bold(headline),
      ...facts,
      '',
      table(
        columns.toSpliced(1, 1),
        rows.map((row) => row.toSpliced(1, 1)),
        io.style,
      ),
    ]);
  if (options.report !== undefined) {
    remark(io, `report: ${writeReport(options.report, options.driver, history, verdict, command)}`);
  }
  return verdict.safe ? 0 : UNSAFE_EXIT;
}

function choose(names: readonly string[]): readonly Experiment[] {
  const unknown = names.find((name) => !EXPERIMENTS.some((each) => each.name === name));
  if (unknown !== undefined) {
    throw new WitanError(
      'WITAN_ERR_NOT_FOUND',
      `there is no experiment ${JSON.stringify(unknown)}: witan chaos --list names them`,
    );
  }
  return names.length === 0 ? EXPERIMENTS : EXPERIMENTS.filter(({ name }) => names.includes(name));
}

function list(io: Io, experiments: readonly Experiment[], asJson: boolean): void {
  const rows = experiments.map(({ name, title, needs }) => [name, title, needs.join(', ')]);
  if (asJson)
    printJson(
      io,
      experiments.map(({ name, title, needs, demand }) => ({ name, title, needs, demand })),
    );
  else print(io, table(['experiment', 'what happens when …', 'needs'], rows, io.style));
}

/** What a person types to get the same run. */
function commandOf(chosen: readonly Experiment[], seed: number, { driver, minutes, image }: ChaosOptions): string {
  const names = chosen.length === EXPERIMENTS.length ? [] : chosen.map(({ name }) => name);
  const options = { driver, minutes, image, seed };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return ['npx witan chaos', ...names, ...given.map(([name, value]) => `--${name} ${value}`)].join(' ');
}
