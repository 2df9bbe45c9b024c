import { describe, expect, test } from 'vitest';

interface Result {
  readonly name: string;
  readonly outcome: 'passed' | 'FAILED' | 'skipped';
  readonly seconds: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  readonly failures: readonly string[];
}

/** It is plain JavaScript, since it runs before anything is installed. */
interface Verdict {
  isCi(env: Readonly<Record<string, string | undefined>>): boolean;
  failedTests(report: object, root: string): string[];
  skippedTests(report: object, root: string): string[];
  verdict(run: {
    readonly results: readonly Result[];
    readonly missing: readonly {
      readonly name: string;
      readonly aptPackage: string;
      readonly what: string;
      readonly installable: boolean;
    }[];
    readonly ci: boolean;
  }): { readonly lines: string[]; readonly exitCode: number };
}

const url = new URL('../verdict.mjs', import.meta.url).href;
const { failedTests, isCi, skippedTests, verdict } = (await import(url)) as Verdict;

const passed = {
  name: 'unit',
  outcome: 'passed',
  seconds: 1,
  passed: 5,
  failed: 0,
  skipped: [],
  failures: [],
} as const;
const lacks = 'in Docker: docker is missing (apt-get install docker.io)';
const notRun = { ...passed, name: 'containers', outcome: 'skipped', seconds: 0, passed: 0, skipped: [lacks] } as const;
const chromium = { name: 'chromium', aptPackage: 'chromium', what: 'tests in a browser', installable: true };
const promtool = { name: 'promtool', aptPackage: 'prometheus', what: 'tests of the rules', installable: true };
const nats = { name: 'nats-server', aptPackage: 'nats-server', what: 'tests over NATS', installable: false };

const run = (given: Partial<Parameters<Verdict['verdict']>[0]>) => {
  const { lines, exitCode } = verdict({ results: [passed], missing: [], ci: true, ...given });
  return { text: lines.join('\n'), exitCode };
};

describe('what npm test says at its end', () => {
  test('nothing is left out: no word of it', () => {
    const { text, exitCode } = run({});
    expect(exitCode).toBe(0);
    expect(text).toContain('5 passed, 0 failed, 0 not run');
    expect(text).not.toContain('NOT RUN');
  });

  test('a failure fails it, everywhere', () => {
    const failed = { ...passed, outcome: 'FAILED', failed: 1 } as const;
    for (const ci of [true, false]) expect(run({ results: [failed], ci }).exitCode).toBe(1);
  });

  test('what failed is named', () => {
    const failures = ['a.test.ts: one: Error: no', 'b.test.ts: SyntaxError'];
    const { text } = run({ results: [passed, { ...passed, outcome: 'FAILED', failed: 2, failures }] });
    expect(text).toContain('FAILED:\n  a.test.ts: one: Error: no\n  b.test.ts: SyntaxError\n');
    expect(run({}).text).not.toContain('FAILED');
  });

  test('what is missing is named, with what was not tested and why', () => {
    const { text } = run({ results: [passed, notRun], missing: [nats, chromium, promtool], ci: false });
    expect(text).toContain('tests over NATS: nats-server is missing, and it cannot be installed here');
    expect(text).toContain('tests in a browser: chromium is missing, and apt-get could not install it');
    expect(text).toContain(
      'tests of the rules: promtool is missing, and apt-get could not install it (apt-get install prometheus)',
    );
    expect(text).toMatch(/^containers .*NOT RUN$/m);
    expect(text).toContain(`NOT RUN:\n`);
    expect(text).toContain(`\n  ${lacks}\n`);
  });

  test.each([
    [chromium, true, 1],
    [chromium, false, 0],
    [promtool, true, 1],
    [nats, true, 0],
    [nats, false, 0],
  ])('without %j, CI %j: exit code %i', (missing, ci, expected) => {
    const { text, exitCode } = run({ missing: [missing], ci });
    expect(exitCode).toBe(expected);
    expect(text.includes('FAILED')).toBe(expected === 1);
    expect(text).toContain('NOT RUN:');
  });

  test('tests that were skipped are named', () => {
    const { text } = run({ results: [{ ...passed, skipped: ['a.test.ts: one', 'a.test.ts: two'] }] });
    expect(text).toContain('  a.test.ts: one\n  a.test.ts: two');
    expect(text).toContain('5 passed, 0 failed, 2 not run');
    expect(text).toMatch(/^unit .*5 passed, 0 failed, 2 not run$/m);
  });
});

test('tests that did not run are found in a report, a group that is left out as a whole in one line', () => {
  const of = (group: string, title: string, status: string) => ({ status, title, ancestorTitles: [group] });
  const report = {
    testResults: [
      {
        name: '/repo/libs/a/test/a.test.ts',
        assertionResults: [
          of('in a browser', 'one', 'skipped'),
          of('in a browser', 'two', 'pending'),
          of('else', 'three', 'passed'),
          of('else', 'four', 'skipped'),
          of('else', 'five', 'failed'),
          { status: 'skipped', title: 'alone', ancestorTitles: [] },
        ],
      },
    ],
  };
  expect(skippedTests(report, '/repo/')).toEqual([
    'libs/a/test/a.test.ts: in a browser (all 2 tests)',
    'libs/a/test/a.test.ts: else > four',
    'libs/a/test/a.test.ts: alone',
  ]);
});

test('tests that failed are found in a report with why, and files that could not be run', () => {
  const report = {
    testResults: [
      {
        name: '/repo/a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { status: 'passed', title: 'one', ancestorTitles: [] },
          {
            status: 'failed',
            title: 'two',
            ancestorTitles: ['of a group'],
            failureMessages: ['\x1b[31mError: \x1b[39mexpected 1 to be 2\n    at a.test.ts:3'],
          },
        ],
      },
      { name: '/repo/b.test.ts', status: 'failed', message: 'SyntaxError: x\n at y', assertionResults: [] },
      { name: '/repo/c.test.ts', status: 'passed', message: '', assertionResults: [] },
    ],
  };
  expect(failedTests(report, '/repo')).toEqual([
    'a.test.ts: of a group > two: Error: expected 1 to be 2',
    'b.test.ts: SyntaxError: x',
  ]);
});

test('of a long failure the begin and the end are told, where a program says why', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const failed = { status: 'failed', title: 'one', ancestorTitles: [], failureMessages: [lines.join('\n')] };
  const [told] = failedTests({ testResults: [{ name: '/a', status: 'failed', assertionResults: [failed] }] }, '/');
  expect(told?.split('\n    ')).toEqual(['a: one: line 0', ...lines.slice(1, 4), '… 24 lines …', ...lines.slice(28)]);
});

test.each([
  [{ CI: 'true' }, true],
  [{ CI: '1' }, true],
  [{ CI: '' }, false],
  [{ CI: 'false' }, false],
  [{}, false],
])('%j: CI is %j', (env, expected) => {
  expect(isCi(env)).toBe(expected);
});
