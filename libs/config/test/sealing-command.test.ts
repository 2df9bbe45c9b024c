import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSealingKey, Secret } from '../src/index.ts';

const PROGRAM = join(import.meta.dirname, 'children/kms.mjs');

let directory: string;
let dataDir: string;
let keyFile: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'witan-kms-'));
  dataDir = join(directory, 'data');
  keyFile = join(directory, 'kms.key');
  writeFileSync(keyFile, randomBytes(32));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function load(fault = 'none', timeoutMs = 30_000) {
  const sealingCommand = `${process.execPath} ${PROGRAM}  ${keyFile} ${fault}`;
  return loadSealingKey({ dataDir, sealingKey: undefined, sealingCommand, sealingCommandTimeoutMs: timeoutMs });
}

function refusal(fault?: string, timeoutMs?: number) {
  try {
    load(fault, timeoutMs);
  } catch (error) {
    return error as WitanError;
  }
  throw new Error('taken');
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const calls = () => readFileSync(`${keyFile}.calls`, 'utf8').trimEnd().split('\n');

test('makes a key at the first start, keeps it wrapped alone, and has it unwrapped at each start', () => {
  process.env.WITAN_NATS_TOKEN = 'not for others';
  const first = load();
  delete process.env.WITAN_NATS_TOKEN;
  expect(first.key).toHaveLength(32);
  expect(first.warning).toBeUndefined();
  expect(readdirSync(dataDir)).toEqual(['sealing.wrapped']);
  const file = join(dataDir, 'sealing.wrapped');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(hex(Buffer.from(readFileSync(file, 'utf8'), 'base64'))).not.toContain(hex(first.key));
  expect(load().key).toEqual(first.key);
  expect(calls().map((call) => call.trim())).toEqual(['wrap', 'unwrap', 'unwrap']);
});

test('takes over the key of sealing.key, and says that the file can go', () => {
  const { key } = loadSealingKey({ dataDir, sealingKey: undefined });
  const taken = load();
  expect(taken.key).toEqual(key);
  expect(taken.warning).toMatch(/sealing\.key is not used any more.*remove it/);
  rmSync(join(dataDir, 'sealing.key'));
  expect(load()).toEqual({ key });
});

test('makes no new key for a directory that was sealed with another one', () => {
  mkdirSync(dataDir);
  writeFileSync(join(dataDir, 'identity.sealed'), 'sealed');
  expect(refusal()).toMatchObject({
    code: 'WITAN_ERR_SEALED',
    detail: expect.stringContaining('sealing.wrapped is missing'),
  });
  expect(readdirSync(dataDir)).toEqual(['identity.sealed']);
});

test('is not for one that has a key as well', () => {
  const both = { dataDir, sealingKey: new Secret('0f'.repeat(32)), sealingCommand: 'true' };
  expect(() => loadSealingKey(both)).toThrow(/WITAN_ERR_CONFIG.*WITAN_SEALING_COMMAND/);
});

describe('is named with what is wrong, as a wrong key is, and nothing is written or told', () => {
  test.each([
    ['fails', 'ended with 3'],
    ['killed', 'was ended by SIGTERM'],
    ['silent', 'gave nothing'],
    ['floods', 'gave more than 65536 bytes'],
  ])('one that %s', (fault, how) => {
    const { code, detail } = refusal(fault);
    expect({ code, detail }).toEqual({
      code: 'WITAN_ERR_SEALED',
      detail: `WITAN_SEALING_COMMAND: ${process.execPath} wrap ${how}`,
    });
    expect(() => readdirSync(dataDir)).toThrow('ENOENT');
  });

  test('one that hangs', () => {
    const { code, detail } = refusal('hangs', 3000);
    expect([code, detail]).toEqual(['WITAN_ERR_SEALED', expect.stringContaining('has not ended within 3000 ms')]);
  });

  test('one that gives something else, or cannot open it any more', () => {
    const { key } = load();
    expect(refusal('short').detail).toBe('WITAN_SEALING_COMMAND: unwrap gave 31 bytes, not 32');
    writeFileSync(keyFile, randomBytes(32));
    const told = refusal();
    expect(told.code).toBe('WITAN_ERR_SEALED');
    expect(`${told.detail} ${told.stack} ${JSON.stringify(told)}`).not.toContain(hex(key));
  });

  test('one that is not there', () => {
    const sealingCommand = '/no/such/program';
    expect(() => loadSealingKey({ dataDir, sealingKey: undefined, sealingCommand })).toThrow(
      /WITAN_ERR_SEALED.*\/no\/such\/program wrap cannot be run: ENOENT/,
    );
    expect(new WitanError('WITAN_ERR_SEALED', '').entry.exit).toBe(77);
  });
});
