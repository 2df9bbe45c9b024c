import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import { createLogger, type Logger } from '@witan/observability';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lastWords } from '../src/last-words.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-words-'));
  file = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Of a log as a service writes it. */
function wordsAfter(tell: (log: Logger) => void): string | undefined {
  let text = '';
  tell(createLogger({ service: 'elder', level: 'debug', write: (line) => (text += line) }));
  writeFileSync(file, text);
  return lastWords(file);
}

describe('the last words of a process', () => {
  const noRoom = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

  test.each<[string, unknown, string]>([
    ['one of ours', new WitanError('WITAN_ERR_STORE_FULL', 'no room'), 'cannot go on: WITAN_ERR_STORE_FULL: no room'],
    ['of the system', noRoom, `cannot go on: ${noRoom.message}`],
    ['a text', 'that was it', 'cannot go on: that was it'],
    ['none', undefined, 'cannot go on'],
  ])('are why it ended, in all that it said at the end: the error is %s', (_, err, words) => {
    const said = wordsAfter((log) => {
      log.error('before');
      log.fatal({ err }, 'cannot go on');
      log.warn({ err: new WitanError('WITAN_ERR_STALE', 'late') }, 'no matter');
      log.info('stopped');
    });
    expect(said).toBe(words);
  });

  test('are none where nothing went wrong', () => {
    expect(wordsAfter((log) => log.info('stopped'))).toBeUndefined();
    expect(lastWords(join(folder, 'no such log'))).toBeUndefined();
  });

  test.each(['witan-elder: WITAN_ERR_LOCKED: in use. Stop it.', '[7] 2026/01/02 03:04:05.000006 [FTL] cannot listen'])(
    'are also what is no line of a log of ours: %s',
    (line) => {
      writeFileSync(file, `${'x'.repeat(20_000)}\n${line}\n`);
      expect(lastWords(file)).toBe(line);
    },
  );
});
