import { randomInt } from 'node:crypto';
import { CHAOS_DEFAULTS, type Io, print, printJson, remark, table } from '@witan/cli';
import { asWitanError, WitanError } from '@witan/errors';
import { circumstances, version } from './circumstances.ts';
import { Conductor, type RunOptions as ConductorOptions } from './conductor.ts';
import { type DriverName, openWorld } from './drivers/index.ts';
import { EXPERIMENTS, type Experiment, possible } from './experiments.ts';
import { ProgressView } from './progress.ts';
import { summaryOf } from './report/summary.ts';
import { writeReport } from './report/write.ts';
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
  readonly ca?: string;
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
  return runOn(io, await openWorld(options.driver, { ...options, seed }), chosen, { ...options, seed });
}

export interface RunOptions extends ChaosOptions {
  readonly seed: number;
  /** Those of the conductor unless given. */
  readonly timing?: Pick<ConductorOptions, 'calmMs' | 'patienceMs' | 'steadyMs'>;
}

/** As `chaos`, on a world that is there; nothing of it stays. */
export async function runOn(io: Io, world: World, chosen: readonly Experiment[], options: RunOptions): Promise<number> {
  try {
    return await run(io, world, chosen, options);
  } finally {
    if (options.logs !== undefined) {
      // What was found counts more than what could not be written beside it.
      const failed = (error: unknown) => remark(io, `logs: ${asWitanError(error).detail}`);
      await world.writeLogs(options.logs).catch(failed);
    }
    await world.stop();
  }
}

async function run(io: Io, world: World, chosen: readonly Experiment[], options: RunOptions): Promise<number> {
  const experiments = possible(chosen, world.abilities);
  const left = chosen.filter((each) => !experiments.includes(each)).map(({ name }) => name);
  if (left.length > 0) remark(io, `not with ${world.title}: ${left.join(', ')}`);
  const { minutes, seed, hold, clients, rate, json, timing } = options;
  const forMs = minutes === undefined ? undefined : minutes * 60_000;
  const command = commandOf(chosen, options);
  remark(io, `${command}   # the same again`);
  const view = new ProgressView(
    json ? { ...io, output: io.errors, terminal: false } : io,
    forMs === undefined ? experiments.length : undefined,
  );
  // It may change while this runs.
  const checkout = version();
  const conductor = new Conductor({
    world,
    experiments,
    forMs,
    seed,
    holdMs: hold * 1000,
    clients,
    ratePerS: rate,
    ...timing,
    apiKey: io.env.WITAN_API_KEY || undefined,
    signal: io.signal,
    onProgress: (progress) => view.show(progress),
  });
  const history = await conductor.run().finally(() => view.done());
  const verdict = judge(history, EXPERIMENTS);
  const about = await circumstances(world, checkout);
  const { headline, facts, columns, rows } = summaryOf(history, verdict, about);
  if (json)
    printJson(io, {
      ...verdict,
      violations: history.violations,
      circumstances: about,
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
    remark(io, `report: ${writeReport(options.report, options.driver, { history, verdict, about, command })}`);
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
export function commandOf(chosen: readonly Experiment[], options: ChaosOptions & { readonly seed: number }): string {
  const names = chosen.length === EXPERIMENTS.length ? [] : chosen.map(({ name }) => name);
  const given = REPEATED.filter((name) => options[name] !== undefined && options[name] !== STANDARD[name]);
  return ['npx witan chaos', ...names, ...given.map((name) => `--${name} ${shown(String(options[name]))}`)].join(' ');
}

const STANDARD: Readonly<Partial<Record<string, string | number>>> = CHAOS_DEFAULTS;

/** Those that change what a run does, as opposed to what it leaves. */
const REPEATED = ['driver', 'minutes', 'nodes', 'hold', 'clients', 'rate', 'namespace', 'image', 'ca', 'seed'] as const;

/** As a shell takes it. */
function shown(value: string): string {
  return /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
