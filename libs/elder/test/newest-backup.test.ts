import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newestBackupMs } from '@witan/elder';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'witan-backups-')), 'backups');
});
afterEach(() => rmSync(join(directory, '..'), { recursive: true }));

test('the newest backup is the last that is complete', () => {
  // What was in the last was taken elsewhere.
  for (const name of ['20260102T030405006Z', '20260102T030405007Z', '20260102T030405008Z', '.draft', 'notes', 'node']) {
    mkdirSync(join(directory, name), { recursive: true });
    if (!name.endsWith('8Z')) writeFileSync(join(directory, name, 'identity.sealed'), 'sealed');
  }
  expect(newestBackupMs(directory, join(directory, 'node'))).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 7));
});

test.each<[string, () => void]>([
  ['is not there', () => {}],
  ['is empty', () => mkdirSync(directory)],
  ['cannot be read', () => writeFileSync(directory, 'no directory')],
])('there is none where the directory %s', (_, prepare) => {
  prepare();
  expect(newestBackupMs(directory, join(directory, 'node'))).toBeUndefined();
});
