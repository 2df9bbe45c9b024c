import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { whyNoPromtool } from '../../../test/support/promtool.ts';

const why = whyNoPromtool();
if (why) console.error(`NOT RUN, the alert rules: ${why}`);

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const filesOf = (folder: string): readonly string[] =>
  readdirSync(`${FOLDER}/${folder}`).map((file) => `${folder}/${file}`);

/** @returns what promtool has against a file of this folder; empty when nothing */
function complaints(command: 'check' | 'test', file: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', [command, 'rules', file], { cwd: FOLDER, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
}

describe.skipIf(why)('promtool (of the package prometheus)', () => {
  test.each(filesOf('rules'))('has nothing against %s', (file) => {
    expect(complaints('check', file)).toBe('');
  });

  test.each(filesOf('tests'))('sees the alerts fire and be silent as %s says', { timeout: 60_000 }, (file) => {
    expect(complaints('test', file)).toBe('');
  });
});
