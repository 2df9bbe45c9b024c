import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDir } from '../src/data-dir.ts';

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
    expect(first.nodeCount).toBe(0);
    first.remember({ genesisKey: 'aa' });
    first.remember({ sectionKey: 'bb' });
    mkdirSync(first.nodeDir(0));
    mkdirSync(first.nodeDir(1));
    first.close();
    const second = DataDir.open(path, KEEP);
    expect(second.facts).toEqual({ genesisKey: 'aa', sectionKey: 'bb' });
    expect(second.nodeCount).toBe(2);
    second.close();
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
    expect(second.nodeCount).toBe(0);
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
