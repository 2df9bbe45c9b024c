import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { read } from './repo.ts';

const PROCESSES = 'npm test -- --skip containers --skip kube';
const CONTAINERS = 'npm test -- --only containers';
const KUBE = 'npm test -- --only kube';
const RUNS = 'exec "$@"';
const LACKS = 'echo "something is missing" >&2; exit 69';

let root: string;

/** A program of the checkout, or on the PATH, that does this. */
function program(path: string, script = ''): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** npm, which notes how it is called, says it at its end too, and ends with this code when it is called so. */
function npmEnds(call: string, code: number): void {
  const says = `echo "npm $*" | tee -a "$WITAN_TEST_SUMMARY" >> '${root}/calls'`;
  program('bin/npm', `${says}\n[ "npm $*" = '${call}' ] && exit ${code}; exit 0`);
}

/** The real script, and what stands in for all that it calls. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'witan-ci-'));
  mkdirSync(join(root, '.ci'));
  writeFileSync(join(root, '.ci/run'), read('.ci/run'));
  npmEnds('', 0);
  program('test/containers/with-docker.sh', RUNS);
  program('test/kube/with-cluster.sh', RUNS);
  program('test/kube/images.sh', ': > "$1"');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** @returns calls of npm, and the lines of the summary without times */
function run() {
  const env = { PATH: `${root}/bin:${process.env.PATH}` };
  const { status, stdout } = spawnSync('bash', [join(root, '.ci/run')], { encoding: 'utf8', env, timeout: 60_000 });
  const [, said] = /── What each stage said at its end\n(.*?)\n\n── CI/s.exec(stdout) ?? [];
  expect(said).toBe(readFileSync(join(root, 'calls'), 'utf8').trim());
  const summary = stdout.slice(stdout.indexOf('── CI')).trim().split('\n');
  return {
    status,
    npm: readFileSync(join(root, 'calls'), 'utf8').trim().split('\n'),
    stages: summary.slice(1, -1).map((line) => line.replace(/ {2,}[\d.]+ min/, '').replace(/ +/g, ' ')),
    last: summary.at(-1),
  };
}

describe('.ci/run', () => {
  test('goes through processes, containers and a cluster, once each, and says how long it took', () => {
    const { last, ...outcome } = run();
    expect(outcome).toEqual({
      status: 0,
      npm: [PROCESSES, CONTAINERS, KUBE],
      stages: ['processes passed', 'containers passed', 'kubernetes passed'],
    });
    expect(last).toMatch(/^It took \d+\.\d minutes\.$/);
  });

  test('without Docker says so, and looks at the manifests', () => {
    program('test/containers/with-docker.sh', LACKS);
    expect(run()).toMatchObject({
      status: 0,
      npm: [PROCESSES, KUBE],
      stages: [
        'processes passed',
        'containers NOT RUN: it has said above what is missing',
        'kubernetes NOT RUN: its images were not made',
        'manifests passed',
      ],
    });
  });

  test('without a cluster says so, and looks at the manifests', () => {
    program('test/kube/with-cluster.sh', LACKS);
    expect(run()).toMatchObject({
      status: 0,
      npm: [PROCESSES, CONTAINERS, KUBE],
      stages: [
        'processes passed',
        'containers passed',
        'kubernetes NOT RUN: it has said above what is missing',
        'manifests passed',
      ],
    });
  });

  test.each([
    [PROCESSES, 1],
    [PROCESSES, 69],
    [CONTAINERS, 1],
    [CONTAINERS, 69],
    [KUBE, 1],
    [KUBE, 69],
  ])('fails when %s ends with %i, and goes through the others', (call, code) => {
    npmEnds(call, code);
    const { status, npm, stages } = run();
    expect(status).toBe(1);
    expect(npm).toEqual([PROCESSES, CONTAINERS, KUBE]);
    const failed = [PROCESSES, CONTAINERS, KUBE].indexOf(call);
    expect(stages.map((line) => line.includes('FAILED'))).toEqual([0, 1, 2].map((index) => index === failed));
    expect(stages[failed]).toContain(`FAILED with exit code ${code}`);
  });

  test('fails when the images for Kubernetes cannot be made, and looks at the manifests', () => {
    program('test/kube/images.sh', 'exit 69');
    expect(run()).toMatchObject({
      status: 1,
      stages: [
        'processes passed',
        'containers FAILED with exit code 69',
        'kubernetes NOT RUN: its images were not made',
        'manifests passed',
      ],
    });
  });

  test('fails when the manifests do, without a cluster', () => {
    program('test/containers/with-docker.sh', LACKS);
    npmEnds(KUBE, 1);
    expect(run()).toMatchObject({ status: 1, npm: [PROCESSES, KUBE] });
  });
});
