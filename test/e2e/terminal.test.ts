import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { NODE, ROOT } from '../support/service-process.ts';
import { type Size, Terminal } from '../support/terminal.ts';

/** What `npm start` shows, without anything behind it. */
const SHOW = join(ROOT, 'deploy/local/test/fixtures/show.ts');
const KEYS = { section: 'a'.repeat(96), genesis: 'c'.repeat(96) };
const WITHIN_MS = 20_000;

let terminal: Terminal;

afterEach(() => terminal.process.kill('SIGKILL'));

const show = (size: Size, env: Record<string, string> = {}) => {
  // Not `exec`: Ctrl-C has to reach it as it does under npm.
  terminal = new Terminal(`'${NODE}' '${SHOW}'`, size, { env });
  return terminal;
};

describe('on a terminal, npm start', () => {
  test('draws over what has changed, and leaves above it what stays', async () => {
    const { screen } = show({ columns: 80, rows: 40 });
    await terminal.shows('Ctrl-C stops everything.', WITHIN_MS);
    expect(screen.frames[0]).toContain('Witan starts, 2 nodes  0 ms');
    expect(screen.frames.find((frame) => frame.includes('Contribution'))?.split('\n')).toEqual([
      'section root handed over to key aaaaaaaa…, link 1',
      'Witan starts, 2 nodes  1.2 s',
      '  nats ●   gateway ◐   coordinator ○   elders ●◐   adults ●✗',
      '  node-1-elder ended (killed by SIGKILL) and is started again',
      '  node-1-adult has failed (exit code 78) and is not started again',
      '',
      'Section root  key aaaaaaaa…, 3 keys in the chain, generation 9, 9 members',
      '  6 of 7 elders live, 5 needed: 1 to spare',
      '',
      'DKG 44444444…  stalled  generation 8, attempt 1, 7 participants, 5 needed',
      '  Initialisation ████████████████████████████  7/7            12 ms',
      '  Contribution   ████████████████░░░░░░░░░░░░  4/7',
      '                 waits for 55555555…, 66666666…',
      '  Complaining    ░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
      '  Justification  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
      '  Commitment     ░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
      '  Finalisation   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░',
      '  ◐ anti-entropy brought 3 messages in 2 requests',
      'anti-entropy repaired 3 messages on 1 occasion since the start',
    ]);
    expect(screen.lines.filter((line) => line.startsWith('Witan'))).toEqual(['Witan runs, 2 nodes']);
    expect(screen.lines.slice(0, 3)).toEqual([
      'section root handed over to key aaaaaaaa…, link 1',
      '',
      'A 5-of-7 section key, made in 8.4 s.',
    ]);
    expect(screen.text).not.toContain('Contribution');
  });

  test('breaks long lines between words where it is narrow', async () => {
    const { screen } = show({ columns: 44, rows: 40 });
    await terminal.shows('Ctrl-C stops everything.', WITHIN_MS);
    const lines = screen.frames.find((frame) => frame.includes('Contribution'))!.split('\n');
    expect(lines.slice(lines.indexOf('  elders ●◐   adults ●✗') + 1)).toEqual([
      '  node-1-elder ended (killed by SIGKILL) and',
      '      is started again',
      '  node-1-adult has failed (exit code 78) and',
      '      is not started again',
      '',
      'Section root  key aaaaaaaa…, 3 keys in the',
      '    chain, generation 9, 9 members',
      '  6 of 7 elders live, 5 needed: 1 to spare',
      '',
      'DKG 44444444…  stalled  generation 8,',
      '    attempt 1, 7 participants, 5 needed',
      '  Initialisation ████  7/7            12 ms',
      '  Contribution   ██▎░  4/7',
      '                 waits for 55555555…,',
      '                     66666666…',
      '  Complaining    ░░░░',
      '  Justification  ░░░░',
      '  Commitment     ░░░░',
      '  Finalisation   ░░░░',
      '  ◐ anti-entropy brought 3 messages in 2',
      '      requests',
      'anti-entropy repaired 3 messages on 1',
      '    occasion since the start',
    ]);
  });

  test.each([
    { columns: 44, rows: 40 },
    { columns: 30, rows: 10 },
  ])('repeats nothing on $columns columns and $rows rows, and prints keys in one piece', async (size) => {
    const { screen } = show(size);
    await terminal.shows('Ctrl-C stops everything.', WITHIN_MS);
    for (const once of ['A 5-of-7', 'Section root', 'Ctrl-C stops everything.']) {
      expect(screen.lines.filter((line) => line.startsWith(once))).toHaveLength(1);
    }
    expect(screen.text).not.toContain('Contribution');
    // The terminal folds what is printed: copied, a key is one word.
    for (const key of Object.values(KEYS)) expect(terminal.raw).toContain(key);
  });

  test('ends at Ctrl-C with what stays, and the cursor as it was', async () => {
    const { screen } = show({ columns: 80, rows: 24 });
    await terminal.shows('Ctrl-C stops everything.', WITHIN_MS);
    expect(screen.cursorVisible).toBe(false);
    terminal.interrupt();
    expect(await terminal.ended).toBe(0);
    expect(screen.frames.some((frame) => frame.includes('Witan stops, 2 nodes'))).toBe(true);
    expect(screen.cursorVisible).toBe(true);
    expect(screen.lines.filter((line) => line.startsWith('Witan'))).toEqual([]);
    expect(screen.text).toContain(`section key  ${KEYS.section.slice(0, 60)}`);
    expect(screen.text.split('\n').at(-1)).toBe('Stopped in 12 ms, no process is left.');
  });

  test('that does not stop ends at a later Ctrl-C, and the cursor is as it was', async () => {
    const { screen } = show({ columns: 80, rows: 24 }, { SHOW_STUBBORN: '1' });
    await terminal.shows('Ctrl-C stops everything.', WITHIN_MS);
    terminal.interrupt();
    await terminal.shows('Ctrl-C again ends everything at once.', WITHIN_MS);
    expect(screen.cursorVisible).toBe(false);
    const again = setInterval(() => terminal.interrupt(), 100);
    expect(await terminal.ended).toBe(130);
    clearInterval(again);
    expect(screen.cursorVisible).toBe(true);
  });
});
