import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '@witan/errors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openJournal, readOrCreateFile } from '../src/index.ts';
import { bytes, temporaryDirectory, texts } from './support.ts';

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    return errorCode(error);
  }
  return 'nothing was thrown';
}

/** A real file system of one MiB, where the machine lets us mount one. */
function tinyDisk(): string | undefined {
  const directory = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', directory]);
  });
  return directory;
}

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe('no room', () => {
  test('within the limit that was set: refused by name, all that was there stays, and reading goes on', () => {
    const journal = openJournal(join(temporaryDirectory(), 'journal.db'), { maxBytes: 200_000 });
    const stream = journal.stream('a');
    stream.append([bytes('before')], true);
    expect(codeOf(() => stream.append([new Uint8Array(500_000)], true))).toBe('WITAN_ERR_STORE_FULL');
    expect(texts(stream.read())).toEqual(['before']);
    stream.append([bytes('lazy')], false);
    stream.append([bytes('after')], true);
    expect(texts(stream.read())).toEqual(['before', 'lazy', 'after']);
    journal.close();
  });

  test.runIf(canMount)(
    'on a real full disk: the same, and it goes on by itself when there is room again',
    ({ skip }) => {
      const disk = tinyDisk();
      if (disk === undefined) return skip('no permission to mount');
      const file = join(disk, 'journal.db');
      let journal = openJournal(file);
      let stream = journal.stream('a');
      stream.append([bytes('before')], true);
      const ballast = join(disk, 'ballast');
      try {
        writeFileSync(ballast, new Uint8Array(2_000_000));
      } catch {
        // As meant: it takes all the room there is.
      }
      const acknowledged: number[] = [];
      let code = '';
      for (let n = 0; code === '' && n < 1000; n++) {
        try {
          stream.append([bytes(`${n} ${'x'.repeat(3000)}`)], true);
          acknowledged.push(n);
        } catch (error) {
          code = errorCode(error);
        }
      }
      expect(code).toBe('WITAN_ERR_STORE_FULL');
      stream.append([bytes('lazy')], false);
      expect(codeOf(() => journal.flush())).toBe('WITAN_ERR_STORE_FULL');
      expect(codeOf(() => readOrCreateFile(join(disk, 'identity'), () => new Uint8Array(9000)))).toBe(
        'WITAN_ERR_STORE_FULL',
      );
      const known = ['before', ...acknowledged.map((n) => `${n} ${'x'.repeat(3000)}`)];
      expect(texts(stream.read())).toEqual([...known, 'lazy']);
      rmSync(ballast);
      stream.append([bytes('after')], true);
      journal.close();
      journal = openJournal(file);
      stream = journal.stream('a');
      expect(texts(stream.read())).toEqual([...known, 'lazy', 'after']);
      expect(journal.verify().ok).toBe(true);
      journal.close();
      expect(readOrCreateFile(join(disk, 'identity'), () => bytes('made'))).toEqual(bytes('made'));
    },
  );
});
