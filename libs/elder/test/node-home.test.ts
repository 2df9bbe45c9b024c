import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secureRandom } from '@witan/crypto';
import { errorCode } from '@witan/errors';
import { expect, onTestFinished, test } from 'vitest';
import { openNodeHome } from '../src/index.ts';

const PAGE_BYTES = 4096;
/** Of a page: its kind, how many cells it has and where. */
const PAGE_HEADER_BYTES = 12;
const RECORDS = 40;
const key = secureRandom(32);

function home() {
  const dataDir = mkdtempSync(join(tmpdir(), 'witan-home-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return { file: join(dataDir, 'elder.db'), open: () => openNodeHome(dataDir, key, secureRandom).openElderJournal() };
}

test('a bit that is wrong where the journal says what it holds never makes an elder forget', () => {
  const { file, open } = home();
  const journal = open();
  for (let at = 0; at < RECORDS; at++) journal.stream('section').append([new Uint8Array(300).fill(at)], true);
  journal.table.put('item', Uint8Array.of(1));
  journal.close();
  const sound = readFileSync(file);
  let refused = 0;
  for (let page = 0; page < sound.length; page += PAGE_BYTES) {
    for (let byte = 0; byte < PAGE_HEADER_BYTES; byte++) {
      const damaged = Buffer.from(sound);
      // The first page begins with the header of the file.
      damaged[(page === 0 ? 100 : page) + byte]! ^= 1 << (byte % 8);
      writeFileSync(file, damaged);
      rmSync(`${file}-wal`, { force: true });
      try {
        const opened = open();
        expect(opened.stream('section').read()).toHaveLength(RECORDS);
        expect(opened.table.get('item')).toEqual(Uint8Array.of(1));
        opened.close();
      } catch (error) {
        expect(errorCode(error)).toBe('WITAN_ERR_JOURNAL_CORRUPT');
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(0);
});

test('what it has seen of sessions, for people to look at, may be damaged', () => {
  const { file, open } = home();
  const journal = open();
  journal.table.put('history/0000000001/aa', new TextEncoder().encode('[{"type":"what nobody needs"}]'));
  journal.stream('section').append([Uint8Array.of(1)], true);
  journal.close();
  const content = readFileSync(file);
  content.write('WHAT', content.indexOf('what nobody needs'), 'latin1');
  writeFileSync(file, content);
  const opened = open();
  expect(opened.stream('section').read()).toHaveLength(1);
  opened.close();
});
