import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadSealingKey, Secret } from '../src/index.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = join(mkdtempSync(join(tmpdir(), 'witan-sealing-')), 'data');
});
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

test('a configured key is used, and no file is made', () => {
  const { key, warning } = loadSealingKey({ dataDir, sealingKey: new Secret('0f'.repeat(32)) });
  expect(key).toEqual(new Uint8Array(32).fill(15));
  expect(warning).toBeUndefined();
  expect(() => readdirSync(dataDir)).toThrow('ENOENT');
});

test('without one, a file is made that only the owner can read, and used again', () => {
  const first = loadSealingKey({ dataDir, sealingKey: undefined });
  expect(first.key).toHaveLength(32);
  expect(first.warning).toContain('WITAN_SEALING_KEY_FILE');
  expect(readdirSync(dataDir)).toEqual(['sealing.key']);
  expect(statSync(join(dataDir, 'sealing.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dataDir, 'sealing.key'), 'utf8').trim()).toBe(Buffer.from(first.key).toString('hex'));
  expect(loadSealingKey({ dataDir, sealingKey: undefined }).key).toEqual(first.key);
});

test('processes that make it at the same time get the same key', async () => {
  const script = `
    import { loadSealingKey } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    const { key } = loadSealingKey({ dataDir: ${JSON.stringify(dataDir)}, sealingKey: undefined });
    console.log(Buffer.from(key).toString('hex'));`;
  const run = promisify(execFile);
  const racers = [1, 2, 3, 4].map(() => run(process.execPath, ['--input-type=module', '-e', script]));
  const keys = (await Promise.all(racers)).map(({ stdout }) => stdout.trim());
  expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(keys).size).toBe(1);
  expect(readdirSync(dataDir)).toEqual(['sealing.key']);
});

test('a file that others can read is warned about', () => {
  loadSealingKey({ dataDir, sealingKey: undefined });
  chmodSync(join(dataDir, 'sealing.key'), 0o644);
  expect(loadSealingKey({ dataDir, sealingKey: undefined }).warning).toContain('chmod 600');
});

test('a file that is not a key is refused and left alone', () => {
  loadSealingKey({ dataDir, sealingKey: undefined });
  writeFileSync(join(dataDir, 'sealing.key'), 'garbage');
  expect(() => loadSealingKey({ dataDir, sealingKey: undefined })).toThrow('WITAN_ERR_SEALED');
  expect(readFileSync(join(dataDir, 'sealing.key'), 'utf8')).toBe('garbage');
});

test('a data directory that cannot be made is named', () => {
  const file = join(dataDir, '..', 'file');
  writeFileSync(file, '');
  expect(() => loadSealingKey({ dataDir: join(file, 'data'), sealingKey: undefined })).toThrow(
    /WITAN_ERR_STORE: .*ENOTDIR/,
  );
});
