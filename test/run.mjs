#!/usr/bin/env node
// What `npm test` runs: installs what is missing, then every check there is, and says at the end how each went.
// Plain JavaScript for Node 20, since nothing is installed when it starts.
import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  canInstallPrograms,
  findProgram,
  InstallError,
  installDependencies,
  installProgram,
  pinnedNode,
  rootPath,
} from '../deploy/local/install.mjs';
import { failedTests, isCi, skippedTests, verdict } from './verdict.mjs';

const SIMULATION = 'test/simulation/run.mjs';
const SEEDS = 500;

const HELP = `Runs all checks and tests.

Usage: npm test -- [options]

  --only NAME   only this step (may be given again)
  --skip NAME   all but this step (may be given again)
  --list        the steps, without running them
  --help        this text

What failed and what cannot run here is named at the end, with why and what it takes; WITAN_TEST_SUMMARY names a file
to which the end is also appended. Where CI is set, it is an error if a program that
apt-get could have installed is missing.

Examples:
  $ npm test
  $ npm test -- --only unit --only rules
  $ npm test -- --skip e2e
`;

/**
 * A step: what it checks, and the program with its arguments, run by the pinned Node. `vitest`: a vitest project,
 * whose tests are counted. `needs`: a program without which there is nothing to run, and `get`: how to get it.
 * `waits`: mostly, for what comes with time; it is run beside steps that only compute (`computes`), which give way to it.
 * @typedef {{name: string, title: string, args?: string[], vitest?: string, needs?: string, get?: string,
 *   waits?: boolean, computes?: boolean}} Step
 * @type {Step[]}
 */
const STEPS = [
  { name: 'types', title: 'Types (tsc)', args: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  {
    name: 'page-types',
    title: 'Types of the explorer page (tsc)',
    args: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'services/gateway/page'],
  },
  { name: 'lint', title: 'Lint and format (Biome)', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'] },
  {
    name: 'dead',
    title: 'Dead code and dependencies (knip)',
    args: ['node_modules/knip/bin/knip.js', '--no-progress'],
  },
  { name: 'rules', title: 'Rules of the repository', vitest: 'rules' },
  { name: 'unit', title: 'Unit and property tests', vitest: 'unit', computes: true },
  {
    name: 'simulation',
    title: `Simulation, ${SEEDS} seeds`,
    args: [SIMULATION, '--seeds', String(SEEDS), '--demand-all'],
    computes: true,
  },
  {
    name: 'alerts',
    title: 'Alerts and curves: a section in trouble of every kind, before a real Prometheus',
    vitest: 'alerts',
    needs: 'nats-server',
    get: 'apt-get install nats-server',
    waits: true,
  },
  {
    name: 'e2e',
    title: 'End to end: real processes, NATS and a browser',
    vitest: 'e2e',
    needs: 'nats-server',
    get: 'apt-get install nats-server',
  },
  {
    name: 'containers',
    title: 'The image, compose, and hosts of their own, in Docker',
    vitest: 'containers',
    needs: 'docker',
    get: 'test/containers/with-docker.sh npm test -- --only containers installs and starts it',
  },
  {
    name: 'kube',
    title: 'The manifests, and a cluster where there is one',
    vitest: 'kube',
    needs: 'kubectl',
    get: 'https://kubernetes.io/docs/tasks/tools/',
  },
];

/** Of steps that give way: low enough that others get whatever they ask for. */
const NICE = 15;

/** Steps that run against the tools below. */
const USES_TOOLS = ['unit', 'alerts', 'e2e'];
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
/**
 * What tests run against.
 * @type {{names: string[], aptPackage: string, service?: string, what: string}[]}
 */
const TOOLS = [
  {
    names: ['nats-server'],
    aptPackage: 'nats-server',
    service: 'nats-server',
    what: 'tests over NATS, all end-to-end tests among them',
  },
  { names: BROWSERS, aptPackage: 'chromium', what: 'tests in a browser' },
  {
    names: ['prometheus'],
    aptPackage: 'prometheus',
    service: 'prometheus',
    what: 'what dashboards and alerts show of a section, and exemplars',
  },
  { names: ['promtool'], aptPackage: 'prometheus', service: 'prometheus', what: 'tests of the alert rules' },
  { names: ['zsh'], aptPackage: 'zsh', what: 'completion in zsh' },
  { names: ['fish'], aptPackage: 'fish', what: 'completion in fish' },
];

const say = (line = '') => process.stdout.write(`${line}\n`);

try {
  process.exitCode = await main(options());
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  process.stderr.write(`WITAN_ERR_DEPENDENCY: ${error.message}\n`);
  process.exitCode = 69;
}

function options() {
  const names = { type: /** @type {const} */ ('string'), multiple: true, default: /** @type {string[]} */ ([]) };
  const flag = { type: /** @type {const} */ ('boolean'), default: false };
  try {
    return parseArgs({ options: { only: names, skip: names, list: flag, help: flag } }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    process.exit(78);
  }
}

async function main({ only, skip, list, help }) {
  if (help) {
    say(HELP);
    return 0;
  }
  const unknown = [...only, ...skip].find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    process.stderr.write(`there is no step ${unknown}: ${STEPS.map(({ name }) => name).join(', ')}\n`);
    return 78;
  }
  const steps = STEPS.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name));
  if (list) {
    for (const { name, title } of steps) say(`${name.padEnd(12)}${title}`);
    return 0;
  }

  await installDependencies(say);
  const missing = steps.some(({ name }) => USES_TOOLS.includes(name)) ? await installTools() : [];
  const results = await runSteps(steps);
  const { lines, exitCode } = verdict({ results, missing, ci: isCi(process.env) });
  say('\n── Summary');
  for (const line of lines) say(line);
  const { WITAN_TEST_SUMMARY } = process.env;
  if (WITAN_TEST_SUMMARY) appendFileSync(WITAN_TEST_SUMMARY, `${lines.join('\n')}\n`);
  return exitCode;
}

/** @param {Step[]} steps */
async function runSteps(steps) {
  const results = new Map();
  const inTurn = async (some, manner) => {
    for (const step of some) results.set(step.name, await runStep(step, manner));
  };
  const waiting = steps.filter(({ waits }) => waits);
  let beside;
  for (const step of steps.filter(({ waits }) => !waits)) {
    if (step.computes && waiting.length > 0) beside ??= inTurn(waiting, { shown: 'at its end' });
    else await beside;
    await inTurn([step], { givesWay: beside !== undefined && step.computes });
  }
  await (beside ?? inTurn(waiting));
  return steps.map(({ name }) => results.get(name));
}

/** @returns what is not here all the same, for the summary */
async function installTools() {
  const missing = [];
  for (const { what, ...tool } of TOOLS) {
    if (findProgram(tool.names) ?? (await installProgram({ ...tool, say }))) continue;
    say(`${tool.names[0]} is missing: ${what} cannot run`);
    missing.push({ name: tool.names[0], aptPackage: tool.aptPackage, what, installable: canInstallPrograms() });
  }
  return missing;
}

/**
 * @param {Step} step
 * @param {Manner} [manner]
 */
async function runStep({ name, title, args, vitest, needs, get }, manner = {}) {
  if (needs !== undefined && !findProgram([needs])) {
    const why = `${needs} is missing (${get})`;
    say(`\n── ${title}: NOT RUN, ${why}`);
    return { name, outcome: 'skipped', seconds: 0, passed: 0, failed: 0, skipped: [`${title}: ${why}`], failures: [] };
  }
  const isLater = manner.shown === 'at its end';
  say(`\n── ${title}${isLater ? ': begins, and is shown at its end' : ''}`);
  const started = Date.now();
  const counted = vitest ? await runVitest(vitest, manner) : await runProgram(args, manner);
  if (isLater) say(`\n── ${title}\n${counted.output}`);
  const seconds = (Date.now() - started) / 1000;
  const failures = counted.failed > 0 && counted.failures.length === 0 ? [`${title}: see above`] : counted.failures;
  return { name, outcome: counted.failed === 0 ? 'passed' : 'FAILED', seconds, ...counted, failures };
}

/** One check: it passes or fails as a whole. */
async function runProgram(args, manner) {
  const { code, output } = await run(args, manner);
  const ok = code === 0;
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [], failures: [], output };
}

async function runVitest(project, manner) {
  const folder = mkdtempSync(join(tmpdir(), 'witan-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const command = ['node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters];
    const { code, output } = await run(command, manner);
    const { failed, ...counts } = countsOf(report);
    // A file that cannot be loaded or an error outside of any test fails the run without a failed test.
    return { ...counts, failed: code !== 0 && failed === 0 ? 1 : failed, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countsOf(report) {
  try {
    const read = JSON.parse(readFileSync(report, 'utf8'));
    const root = rootPath('.');
    return {
      passed: read.numPassedTests,
      failed: read.numFailedTests,
      skipped: skippedTests(read, root),
      failures: failedTests(read, root),
    };
  } catch {
    return { passed: 0, failed: 0, skipped: [], failures: [] };
  }
}

/**
 * How a program is run: what it says is shown as it comes, or returned; whether it gives way to all others.
 * @typedef {{ shown?: 'at its end', givesWay?: boolean }} Manner
 * @param {string[]} args
 * @param {Manner} manner
 * @returns {Promise<{ code: number, output: string }>}
 */
async function run(args, { shown, givesWay }) {
  if (shown !== 'at its end') return { code: await exitOf(args, 'inherit', givesWay), output: '' };
  const folder = mkdtempSync(join(tmpdir(), 'witan-test-'));
  const path = join(folder, 'output');
  const file = openSync(path, 'w');
  try {
    const code = await exitOf(args, ['ignore', file, file], givesWay);
    return { code, output: readFileSync(path, 'utf8') };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}

function exitOf(args, stdio, givesWay) {
  return new Promise((resolve) => {
    const child = spawn(pinnedNode(), args, { cwd: rootPath('.'), stdio, env: testEnvironment() });
    if (givesWay && child.pid !== undefined) setPriority(child.pid, NICE);
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Tests that start `node` get the pinned one, and find the servers and the browser that were found here. */
function testEnvironment() {
  const browser = process.env.WITAN_CHROMIUM ?? findProgram(BROWSERS);
  return {
    ...process.env,
    PATH: `${rootPath('node_modules/.bin')}:${process.env.PATH}:/usr/local/sbin:/usr/sbin`,
    ...(browser === undefined ? {} : { WITAN_CHROMIUM: browser }),
  };
}
