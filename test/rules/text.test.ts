import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODE, committed, exists, FILES, read } from './repo.ts';

const LINES_MAX = 400;
/** Why each is longer: a table or a suite that reads better in one piece. */
const LONGER = ['libs/bus/test/compliance.test.ts'];

/** Folders, and files that tools or people look for at the top. What else lies there is what a run has left behind. */
const TOP = [
  ...['.ci', 'deploy', 'docs', 'k8s', 'libs', 'services', 'test'],
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'LICENSE'],
  ...['package.json', 'package-lock.json', '.npmrc', '.gitignore'],
  ...['tsconfig.json', 'biome.json', 'knip.json', 'vitest.config.ts'],
];

const TEXT = FILES.filter((path) =>
  /\.(ts|mjs|js|json|md|sh|ya?ml|css|html|txt)$|(^|\/)(Dockerfile|run)$/.test(path),
).filter((path) => path !== 'package-lock.json');

const lineCount = (path: string): number => read(path).trimEnd().split('\n').length;

/** Where a line of a text file matches. */
const lines = (files: readonly string[], pattern: RegExp): string[] =>
  files.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );

describe('files', () => {
  test('of code fit into a head', () => {
    const long = CODE.filter((path) => !LONGER.includes(path))
      .map((path) => ({ path, lines: lineCount(path) }))
      .filter((file) => file.lines > LINES_MAX);
    expect(long).toEqual([]);
  });

  test('that may be longer are', () => {
    expect(LONGER.filter((path) => !exists(path) || lineCount(path) <= LINES_MAX)).toEqual([]);
  });

  test('at the top are those that belong there, and no others', () => {
    const top = new Set(committed().map((path) => path.split('/')[0]!));
    expect([...top].sort()).toEqual([...TOP].sort());
  });

  test('hold no notes to oneself', () => {
    expect(lines(TEXT, new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`))).toEqual([]);
  });

  test('name no folder of one machine', () => {
    expect(lines(TEXT, new RegExp(['/wo' + 'rk/', '/tmp/pl' + 'an'].join('|')))).toEqual([]);
  });

  test('hold no focused or skipped tests by accident', () => {
    const tests = CODE.filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/rules/'));
    expect(lines(tests, /\b(describe|test|it)\.(only|skip|todo)\(/)).toEqual([]);
  });
});

describe('documents', () => {
  const documents = FILES.filter((path) => path.endsWith('.md'));

  test('link to what exists', () => {
    const dead = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)]*)?\)/g)]
        .map(([, target]) => posix.normalize(posix.join(posix.dirname(path), target!)).replace(/\/$/, ''))
        .filter((target) => !exists(target) && !FILES.some((file) => file.startsWith(`${target}/`)))
        .map((target) => `${path} links to ${target}`),
    );
    expect(dead).toEqual([]);
  });

  test('include the licence, whole', () => {
    const licence = read('LICENSE');
    expect(licence).toContain('Apache License');
    expect(licence).toContain('Version 2.0, January 2004');
    expect(licence).toContain('END OF TERMS AND CONDITIONS');
    expect(JSON.parse(read('package.json'))).toMatchObject({ license: 'Apache-2.0' });
  });
});
