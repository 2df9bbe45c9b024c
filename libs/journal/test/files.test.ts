import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { publishDirectory, readOrCreateFile } from '../src/index.ts';
import { bytes, startChild, temporaryDirectory } from './support.ts';

test('makes the file once and reads it ever after', () => {
  const path = join(temporaryDirectory(), 'deep', 'identity');
  expect(readOrCreateFile(path, () => bytes('first'))).toEqual(bytes('first'));
  expect(readOrCreateFile(path, () => bytes('second'))).toEqual(bytes('first'));
});

test('only its owner may read it, and nothing else is left in the directory', () => {
  const directory = temporaryDirectory();
  readOrCreateFile(join(directory, 'identity'), () => bytes('secret'));
  expect(readdirSync(directory)).toEqual(['identity']);
  expect(statSync(join(directory, 'identity')).mode & 0o777).toBe(0o600);
});

test('when making it fails, nothing is left', () => {
  const directory = temporaryDirectory();
  const failing = (): Uint8Array => {
    throw new Error('no entropy');
  };
  expect(() => readOrCreateFile(join(directory, 'identity'), failing)).toThrow('no entropy');
  expect(readdirSync(directory)).toEqual([]);
});

test('a directory that cannot be is an error of the store', () => {
  const path = join(temporaryDirectory(), 'identity');
  readOrCreateFile(path, () => bytes('a file'));
  expect(() => readOrCreateFile(join(path, 'below a file'), () => bytes('x'))).toThrow(/WITAN_ERR_STORE/);
});

test('a directory of files gets its name with all that is in it, and takes the place of no other', () => {
  const base = temporaryDirectory();
  const draft = (content: string) => {
    mkdirSync(join(base, 'draft'));
    writeFileSync(join(base, 'draft', 'file'), content);
    return join(base, 'draft');
  };
  publishDirectory(draft('first'), join(base, 'named'));
  expect(readdirSync(base)).toEqual(['named']);
  expect(() => publishDirectory(draft('second'), join(base, 'named'))).toThrow(/WITAN_ERR_STORE/);
  expect(readFileSync(join(base, 'named', 'file'), 'utf8')).toBe('first');
});

test('processes that race for it all end up with the same bytes', async () => {
  const path = join(temporaryDirectory(), 'identity');
  const at = String(Date.now() + 400);
  const children = Array.from({ length: 4 }, () => startChild('create-file.ts', path, at));
  const found = await Promise.all(children.map((child) => child.line()));
  expect(new Set(found).size).toBe(1);
  expect(found[0]).toMatch(/^[0-9a-f]{64}$/);
});
