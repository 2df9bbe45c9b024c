import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HELP, type Options, parseOptions } from './options.ts';
import { runSeed, type SeedResult } from './run-seed.ts';
import { absent, add, noTotals, overrunTooOften, quantile, type Totals, table } from './totals.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const PROGRESS_EVERY_MS = 5_000;

function options(): Options {
  try {
    const parsed = parseOptions(process.argv.slice(2));
    if (parsed !== 'help') return parsed;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(64);
  }
}

const wanted = options();
const say = (text: string) => process.stderr.write(`${text}\n`);
const totals = noTotals();
const begun = performance.now();
const failures: SeedResult[] = [];

function take(result: SeedResult): void {
  add(totals, result);
  if (result.ok) return;
  failures.push(result);
  clearLine();
  for (const { invariant, at, node, detail } of result.violations) {
    say(`seed ${result.seed}: ${invariant} violated at ${node}, ${at} ms: ${detail}`);
  }
  const planted = wanted.plant === undefined ? '' : ` --plant ${wanted.plant}`;
  say(`  replay: npm run sim -- --seed ${result.seed} --trace${planted}`);
}

function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

function progress(): void {
  const text = `${totals.seeds} of ${wanted.seeds} seeds, ${failures.length} failed`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else say(text);
}

// Whoever started this was killed.
process.on('disconnect', () => process.exit(1));
process.channel?.unref();

if (wanted.seeds === 1) {
  const result = runSeed(wanted.from, wanted.trace, wanted.plant);
  if (wanted.trace) process.stdout.write(`${result.transcript.join('\n')}\n`);
  take(result);
} else {
  await inParallel(wanted);
}
finish();

/** Hands out seeds one by one: they differ much in how long they take. */
async function inParallel({ from, seeds, workers, keepGoing, plant }: Options): Promise<void> {
  let next = from;
  const isOver = () => next >= from + seeds || (failures.length > 0 && !keepGoing);
  const ticker = setInterval(progress, process.stderr.isTTY ? 200 : PROGRESS_EVERY_MS);
  const runWorker = () =>
    new Promise<void>((resolve, reject) => {
      if (isOver()) return resolve();
      const child: ChildProcess = fork(WORKER, plant === undefined ? [] : [plant]);
      let seed = next++;
      child.on('message', (result) => {
        take(result as SeedResult);
        if (isOver()) child.disconnect();
        else {
          seed = next++;
          child.send(seed);
        }
      });
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`the process that ran seed ${seed} ended with ${code}`));
      });
      child.send(seed);
    });
  try {
    await Promise.all(Array.from({ length: Math.min(workers, seeds) }, runWorker));
  } finally {
    clearInterval(ticker);
    clearLine();
  }
}

function finish(): void {
  const tookMs = performance.now() - begun;
  if (wanted.json) process.stdout.write(`${JSON.stringify(figures(totals, tookMs), null, 2)}\n`);
  else process.stdout.write(`${table(totals, tookMs)}\n`);
  const missed = wanted.demandAll ? absent(totals) : [];
  if (missed.length > 0) say(`has not occurred in any seed: ${missed.join(', ')}`);
  const isOverrun = overrunTooOften(totals);
  if (isOverrun) say(`more liars among the elders than they tolerate in too many seeds: ${totals.overrun.join(', ')}`);
  process.exitCode = failures.length > 0 || missed.length > 0 || isOverrun ? 1 : 0;
}

function figures({ healedAfterMs, ...rest }: Totals, tookMs: number): object {
  return {
    ...rest,
    violations: failures.flatMap(({ seed, violations }) => violations.map((each) => ({ seed, ...each }))),
    healedAfterMs: { p50: quantile(healedAfterMs, 0.5), max: quantile(healedAfterMs, 1) },
    tookMs,
  };
}
