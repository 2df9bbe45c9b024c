// What `npm test` says at its end, and whether all is well. Plain JavaScript for Node 20, as `run.mjs` is.
import { stripVTControlCharacters } from 'node:util';

const LINE_MAX = 300;
/** Of why a test failed: what a program wrote last tells most. */
const HEAD_LINES = 4;
const TAIL_LINES = 12;

/**
 * A step that has been gone through.
 * @typedef {{
 *   name: string, outcome: 'passed' | 'FAILED' | 'skipped', seconds: number, passed: number, failed: number,
 *   skipped: readonly string[], failures: readonly string[],
 * }} Result `skipped`: names of tests that did not run; of a step that did not, what it lacks and how to get it.
 *   `failures`: names of those that failed, with why
 *
 * A program that tests need and that is not here.
 * @typedef {{ name: string, aptPackage: string, what: string, installable: boolean }} Missing `what` is not tested
 *   without it. `installable`: apt-get is there and may be used, and yet it could not be installed
 */

/** Whether nobody is there who would read that something was left out. @param {Record<string, string | undefined>} env */
export function isCi(env) {
  return !['', '0', 'false', undefined].includes(env.CI);
}

/**
 * A JSON report of vitest. `message`: why a file as a whole failed.
 * @typedef {{ status: string, ancestorTitles: string[], title: string, failureMessages?: string[] }} Assertion
 * @typedef {{ testResults?: { name: string, status?: string, message?: string, assertionResults: Assertion[] }[] }} Report
 */

/** @param {string} path @param {string} root */
const relative = (path, root) => (path.startsWith(root) ? path.slice(root.length).replace(/^\//, '') : path);
/** @param {Assertion} test */
const titleOf = ({ ancestorTitles, title }) => [...ancestorTitles, title].join(' > ');

/** Without colours and stack, and without the middle of what is long. @param {string} text */
function why(text = '') {
  const lines = stripVTControlCharacters(text).split('\n');
  const telling = lines.filter((line) => line.trim() !== '' && !/^ +at /.test(line));
  const left = telling.length - HEAD_LINES - TAIL_LINES;
  if (left > 1) telling.splice(HEAD_LINES, left, `… ${left} lines …`);
  return telling.map((line) => line.trim().slice(0, LINE_MAX)).join('\n    ');
}

/**
 * Names of the tests that a report says were not run, one line for all of a group that was left out.
 * @param {Report} report
 * @param {string} root path of the repository
 * @returns {string[]}
 */
export function skippedTests({ testResults = [] }, root) {
  return testResults.flatMap(({ name, assertionResults }) => {
    const file = relative(name, root);
    const isSkipped = ({ status }) => status === 'pending' || status === 'skipped' || status === 'todo';
    const groups = new Map();
    for (const each of assertionResults) {
      const group = each.ancestorTitles[0] ?? each.title;
      const tests = groups.get(group) ?? { all: 0, skipped: [] };
      tests.all++;
      if (isSkipped(each)) tests.skipped.push(titleOf(each));
      groups.set(group, tests);
    }
    return [...groups].flatMap(([group, { all, skipped }]) =>
      skipped.length === all && all > 1
        ? [`${file}: ${group} (all ${all} tests)`]
        : skipped.map((title) => `${file}: ${title}`),
    );
  });
}

/**
 * Names of the tests that a report says failed, and of the files that could not be run, each with why.
 * @param {Report} report
 * @param {string} root path of the repository
 * @returns {string[]}
 */
export function failedTests({ testResults = [] }, root) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(name, root);
    const failed = assertionResults.filter((each) => each.status === 'failed');
    const lines = failed.map((each) => `${file}: ${titleOf(each)}: ${why(each.failureMessages?.[0])}`);
    return status === 'failed' && lines.length === 0 ? [`${file}: ${why(message)}`] : lines;
  });
}

/**
 * The last lines, and the exit code: 1 when a test failed, or when in CI something that can be installed was not there.
 * @param {{ results: readonly Result[], missing: readonly Missing[], ci: boolean }} run
 * @returns {{ lines: string[], exitCode: number }}
 */
export function verdict({ results, missing, ci }) {
  const total = (field) => results.reduce((sum, result) => sum + result[field], 0);
  const skipped = results.flatMap(({ skipped: names }) => names);
  const lines = results.map(({ name, outcome, seconds, passed, failed, skipped: { length } }) => {
    const time = outcome === 'skipped' ? '' : `${seconds.toFixed(1)} s`;
    const left = length > 0 ? `, ${length} not run` : '';
    const counts = outcome === 'skipped' ? 'NOT RUN' : `${passed} passed, ${failed} failed${left}`;
    return `${name.padEnd(12)}${outcome.padEnd(9)}${time.padStart(9)}   ${counts}`.trimEnd();
  });
  const culpable = ci ? missing.filter(({ installable }) => installable) : [];
  if (skipped.length > 0 || missing.length > 0) {
    lines.push('', 'NOT RUN:');
    for (const { name, aptPackage, what, installable } of missing) {
      const why = installable ? 'apt-get could not install it' : 'it cannot be installed here';
      lines.push(`  ${what}: ${name} is missing, and ${why} (apt-get install ${aptPackage})`);
    }
    for (const name of skipped) lines.push(`  ${name}`);
  }
  const failures = results.flatMap(({ failures: names }) => names);
  if (failures.length > 0) lines.push('', 'FAILED:', ...failures.map((name) => `  ${name}`));
  lines.push('', `${total('passed')} passed, ${total('failed')} failed, ${skipped.length} not run`);
  for (const { name } of culpable) lines.push(`FAILED: in CI nothing may be left out for want of ${name}`);
  return { lines, exitCode: total('failed') === 0 && culpable.length === 0 ? 0 : 1 };
}
