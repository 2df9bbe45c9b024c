import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDir } from '../src/data-dir.ts';
import { DEFAULT_NODES } from '../src/options.ts';

const MODULE = fileURLToPath(new URL('../src/data-dir.ts', import.meta.url));
const KEEP = { fresh: false };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-data-'));
  path = join(folder, 'data');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data directory', () => {
  test('is made, and remembers from start to start', () => {
    const first = DataDir.open(path, KEEP);
    expect(first.facts).toEqual({});
    first.remember({ genesisKey: 'aa' });
    first.remember({ sectionKey: 'bb', nodes: 12 });
    first.close();
    const second = DataDir.open(path, KEEP);
    expect(second.facts).toEqual({ genesisKey: 'aa', sectionKey: 'bb', nodes: 12 });
    second.close();
  });

  test('knows how many nodes there are to be, however few of them got as far as a folder', () => {
    const dir = DataDir.open(path, KEEP);
    expect(dir.nodesToStart(undefined)).toBe(DEFAULT_NODES);
    expect(dir.nodesToStart(3)).toBe(3);
    dir.remember({ nodes: 12 });
    mkdirSync(dir.nodeDir(0));
    expect(dir.nodesToStart(undefined)).toBe(12);
    expect(dir.nodesToStart(4)).toBe(4);
    dir.close();
  });

  test('has all nodes started that are there, whichever are gone', () => {
    const dir = DataDir.open(path, KEEP);
    for (const index of [0, 3, 8]) mkdirSync(dir.nodeDir(index));
    // Nobody's but of the one who made it.
    mkdirSync(dir.nodeDir(1_000_000));
    expect(dir.nodesToStart(undefined)).toBe(9);
    dir.remember({ nodes: 5 });
    expect(dir.nodesToStart(undefined)).toBe(9);
    expect(dir.nodesToStart(4)).toBe(9);
    expect(dir.nodesToStart(11)).toBe(11);
    dir.close();
  });

  test('that holds something else is refused and left as it is', () => {
    mkdirSync(path);
    writeFileSync(join(path, 'thesis.tex'), 'years of work');
    for (const fresh of [false, true]) {
      expect(() => DataDir.open(path, { fresh })).toThrow(expect.objectContaining({ code: 'WITAN_ERR_CONFIG' }));
    }
    expect(readdirSync(path)).toEqual(['thesis.tex']);
  });

  test('that is a file is refused', () => {
    writeFileSync(path, '');
    expect(() => DataDir.open(path, KEEP)).toThrow('is a file and not a directory');
  });

  test.each<[string, () => void]>([
    ['where one may not make it', () => symlinkSync(join(folder, 'nowhere', 'at all'), path)],
    [
      'where a file stands in the way',
      () => {
        DataDir.open(path, KEEP).close();
        rmSync(join(path, 'logs'), { recursive: true });
        writeFileSync(join(path, 'logs'), '');
      },
    ],
  ])('%s is refused as the disk refuses it', (_, prepare) => {
    prepare();
    // Twice: it is not locked by the first.
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => DataDir.open(path, KEEP)).toThrow(expect.objectContaining({ code: 'WITAN_ERR_STORE' }));
    }
  });

  test('in which a file cannot be replaced says so', () => {
    const dir = DataDir.open(path, KEEP);
    mkdirSync(`${dir.clusterFile}.draft`);
    expect(() => dir.writeCluster({})).toThrow(expect.objectContaining({ code: 'WITAN_ERR_STORE' }));
    dir.close();
  });

  test.each<[string, (file: string) => void]>([
    ['that is no journal any more', (file) => writeFileSync(file, 'no journal '.repeat(1000))],
    [
      'with a record that is damaged',
      (file) => {
        const bytes = readFileSync(file);
        const at = bytes.lastIndexOf('value of it');
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        writeFileSync(file, bytes);
      },
    ],
  ])('begun anew forgets a journal %s', (_, damage) => {
    const first = DataDir.open(path, KEEP);
    first.remember({ genesisKey: 'value of it' });
    mkdirSync(first.nodeDir(2));
    first.close();
    damage(join(path, 'launcher.db'));
    const read = () => {
      const dir = DataDir.open(path, KEEP);
      try {
        return dir.facts;
      } finally {
        dir.close();
      }
    };
    expect(read).toThrow(expect.objectContaining({ code: 'WITAN_ERR_JOURNAL_CORRUPT' }));
    const second = DataDir.open(path, { fresh: true });
    expect(second.facts).toEqual({});
    expect(existsSync(second.nodeDir(2))).toBe(false);
    second.close();
  });

  test('whose journal was emptied is known by its nodes', () => {
    const first = DataDir.open(path, KEEP);
    first.remember({ genesisKey: 'aa', nodes: 2 });
    for (const index of [0, 1, 2]) mkdirSync(first.nodeDir(index));
    first.close();
    writeFileSync(join(path, 'launcher.db'), '');
    const second = DataDir.open(path, KEEP);
    expect(second.facts).toEqual({});
    expect(second.nodesToStart(undefined)).toBe(3);
    second.close();
  });

  test('begun anew forgets the network and keeps what is not of the launcher', () => {
    const first = DataDir.open(path, KEEP);
    first.remember({ genesisKey: 'aa', sectionKey: 'bb' });
    mkdirSync(first.nodeDir(3));
    writeFileSync(join(first.nodeDir(3), 'identity'), 'secret');
    writeFileSync(join(path, 'notes.txt'), 'mine');
    first.writeCluster({ url: 'http://127.0.0.1:8080' });
    first.close();
    const second = DataDir.open(path, { fresh: true });
    expect(second.facts).toEqual({});
    expect(second.nodesToStart(undefined)).toBe(DEFAULT_NODES);
    expect(existsSync(second.clusterFile)).toBe(false);
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
    second.close();
  });

  test('in use by another launcher is refused, also to begin anew; free when that one is killed', async () => {
    const script = `const { DataDir } = await import(${JSON.stringify(MODULE)});
      const dir = DataDir.open(${JSON.stringify(path)}, { fresh: false });
      dir.remember({ genesisKey: 'aa' });
      process.send('open'); setInterval(() => dir, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(other, 'message');
    for (const fresh of [false, true]) {
      expect(() => DataDir.open(path, { fresh })).toThrow(
        expect.objectContaining({ code: 'WITAN_ERR_LOCKED', detail: `npm start already runs with ${path}` }),
      );
    }
    other.kill('SIGKILL');
    await once(other, 'exit');
    const mine = DataDir.open(path, KEEP);
    expect(mine.facts).toEqual({ genesisKey: 'aa' });
    mine.close();
  });

  test('keeps a few of the earlier logs', () => {
    const dir = DataDir.open(path, KEEP);
    for (const start of [1, 2, 3, 4, 5, 6]) {
      const file = dir.rotateLog('gateway');
      expect(existsSync(file)).toBe(false);
      writeFileSync(file, `start ${start}`);
    }
    const logs = join(path, 'logs');
    expect(readdirSync(logs).sort()).toEqual(['gateway.log', 'gateway.log.1', 'gateway.log.2', 'gateway.log.3']);
    expect(readFileSync(join(logs, 'gateway.log.3'), 'utf8')).toBe('start 3');
    dir.close();
  });
});
