import type { WitanEvent } from '@witan/api';
import { styleFor } from '@witan/cli';
import { describe, expect, test } from 'vitest';
import type { Note } from '../src/state.ts';
import { isComplete, missing } from '../src/state.ts';
import { JsonDisplay, PlainDisplay } from '../src/view/display.ts';
import { isLasting, noteLines } from '../src/view/note-line.ts';
import { screenLines } from '../src/view/screen.ts';
import { AT, key, name, process_, SUMMARY, section, session, state } from './made-state.ts';

const STYLE = styleFor({ NO_COLOR: '1' }, false);
const SCREEN = { style: STYLE, columns: 80 };

describe('the screen', () => {
  test('shows every process while they start, and names those in trouble', () => {
    expect(screenLines(state(), SCREEN)).toEqual([
      'Witan starts, 2 nodes  1.2 s',
      '  nats ●   gateway ◐   coordinator ○   elders ●◐   adults ●✗',
      '  node-1-elder ended (killed by SIGKILL) and is started again',
      '  node-1-adult has failed (exit code 78) and is not started again',
    ]);
  });

  test('shows the section, the phases of the running session, whom it waits for and what was repaired', () => {
    const lines = screenLines(
      state({
        processes: [],
        picture: { section: section(6), session: session() },
        repairs: { requests: 1, messages: 3 },
      }),
      SCREEN,
    ).slice(2);
    expect(lines).toEqual([
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
  });

  test('is short once the key stands, and says how to stop', () => {
    const done = { ...session(), state: 'done' as const, endedAt: AT };
    const lines = screenLines(
      state({ processes: [], picture: { section: section(7), session: done }, summary: SUMMARY }),
      SCREEN,
    );
    expect(lines[0]).toBe('Witan runs, 2 nodes');
    expect(lines.some((line) => line.startsWith('DKG'))).toBe(false);
    expect(lines.at(-1)).toBe('Ctrl-C stops everything.');
  });

  test('while it stops shows what is still there', () => {
    const lines = screenLines(state({ stopping: true, picture: { section: section(7), session: undefined } }), SCREEN);
    expect(lines[0]).toBe('Witan stops, 2 nodes');
    expect(lines.slice(-2)).toEqual(['', 'Ctrl-C again ends everything at once.']);
    expect(lines.join()).not.toContain('Section');
  });

  test('gives each kind of process a line of its own where one line is not enough', () => {
    expect(screenLines(state(), { ...SCREEN, columns: 50 }).slice(1, 3)).toEqual([
      '  nats ●   gateway ◐   coordinator ○',
      '  elders ●◐   adults ●✗',
    ]);
  });

  test('shows a later session while it runs', () => {
    const lines = screenLines(
      state({ picture: { section: section(7), session: session() }, summary: SUMMARY }),
      SCREEN,
    );
    expect(lines.some((line) => line.startsWith('DKG 44444444…'))).toBe(true);
  });

  test('does without Unicode and colours on a dumb terminal', () => {
    const dumb = { style: styleFor({ TERM: 'dumb' }, true), columns: 80 };
    const text = screenLines(state({ picture: { section: section(4), session: session() } }), dumb).join('\n');
    expect(text).toContain('####');
    expect(text).toContain('1 too few, the section cannot sign');
    expect(text).not.toContain('█');
    expect(text).not.toContain('\u001b');
  });
});

describe('a note as lines', () => {
  const lines = (note: Note) => noteLines(note, STYLE);

  test('tells why a process ended', () => {
    const process = process_('gateway', 'restarting', { lastEnd: 'exit code 1' });
    expect(lines({ type: 'process', process, detail: 'out of luck' })).toEqual([
      'gateway ended (exit code 1) and is started again: out of luck',
    ]);
  });

  test('says nothing of the steps in between', () => {
    for (const step of ['waiting', 'starting', 'stopping', 'stopped'] as const) {
      expect(lines({ type: 'process', process: process_('nats', step) })).toEqual([]);
    }
  });

  test('names the genesis key once', () => {
    const ready = { info: { genesisKey: key('c') } };
    expect(lines({ type: 'process', process: process_('node-0-elder', 'ready', { ready }) })).toEqual([
      'node-0-elder is ready, genesis key cccccccc…',
    ]);
    expect(lines({ type: 'process', process: process_('node-0-elder', 'ready', { ready, restarts: 1 }) })).toEqual([
      'node-0-elder is ready again',
    ]);
    expect(lines({ type: 'process', process: process_('node-1-elder', 'ready', { ready }) })).toEqual([
      'node-1-elder is ready',
    ]);
  });

  test('at the end says what was made and where to look', () => {
    const text = lines({ type: 'ready', summary: SUMMARY }).join('\n');
    expect(text).toContain('A 5-of-7 section key, made in 8.4 s.');
    expect(text).toContain(`section key  ${key('a')}`);
    expect(text).toContain('http://127.0.0.1:8080/docs');
    expect(text).toContain('http://127.0.0.1:9002/metrics and 1 more, listed in .witan/cluster.json');
    expect(text).toContain('900 MB in 23 processes (1500 MB with shared pages counted in each)');
    expect(text).toContain('npx witan status');
    expect(lines({ type: 'ready', summary: { ...SUMMARY, resumed: true } })[1]).toContain('resumed in 8.4 s');
  });

  test('about a data directory elsewhere names it whole, and the address that commands need', () => {
    const text = lines({ type: 'ready', summary: { ...SUMMARY, dataDir: '/elsewhere/data' } }).join('\n');
    expect(text).toContain('listed in /elsewhere/data/cluster.json');
    expect(text).toContain('each with --url http://127.0.0.1:8080');
  });

  test('beside a screen only stays if it matters later', () => {
    const repaired: WitanEvent = {
      id: '1',
      type: 'dkg.repaired',
      at: AT,
      data: { session: name(1), node: name(2), recovered: 3, reason: 'later-phase' },
    };
    expect(isLasting({ type: 'event', event: repaired })).toBe(false);
    expect(isLasting({ type: 'process', process: process_('nats', 'ready') })).toBe(false);
    expect(isLasting({ type: 'process', process: process_('nats', 'restarting') })).toBe(true);
    expect(isLasting({ type: 'ready', summary: SUMMARY })).toBe(true);
  });
});

describe('without a screen', () => {
  const event: WitanEvent = {
    id: '1',
    type: 'dkg.repaired',
    at: AT,
    data: { session: name(1), node: name(2), recovered: 3, reason: 'later-phase' },
  };

  test('each event is a line with the time since the start', () => {
    let text = '';
    new PlainDisplay((more) => (text += more), STYLE).note({ type: 'event', event }, 2_345);
    expect(text).toBe('  2.35 s  DKG 11111111… repaired: 22222222… got 3 messages (later phase)\n');
  });

  test('or one JSON object', () => {
    let text = '';
    new JsonDisplay((more) => (text += more)).note({ type: 'event', event }, 2_345.6);
    expect(JSON.parse(text)).toEqual({ elapsedMs: 2346, type: 'event', event });
    expect(text.endsWith('\n')).toBe(true);
  });
});

describe('what is missed', () => {
  const ready = [process_('nats', 'ready'), process_('gateway', 'ready')];

  test.each([
    [state(), 'waits for gateway, coordinator, node-1-elder and 1 more to be ready'],
    [state({ processes: ready }), 'waits for the first decision of the section'],
    [
      state({ processes: ready, nodes: 9, picture: { section: section(3, 4), session: undefined } }),
      'the section has 4 elders of 7, 3 can sign, 3 needed',
    ],
    [
      state({ processes: ready, nodes: 9, elderCount: 4, picture: { section: section(3, 3), session: undefined } }),
      'the section has 3 elders of 4, 3 can sign, 3 needed',
    ],
    [
      state({ processes: ready, nodes: 9, picture: { section: section(1, 1), session: session() } }),
      'the section has 1 elder of 7, 1 can sign, 1 needed; DKG in contribution, waits for 55555555…, 66666666…',
    ],
  ])('is named: case %#', (now, words) => expect(missing(now)).toBe(words));
});

describe('the cluster is complete', () => {
  const picture = (usable: number, elders: number) => ({ section: section(usable, elders), session: undefined });

  const sizes = (nodes: number, elderCount = 7) => ({ nodes, elderCount });

  test('with as many elders as the nodes can give, and a threshold of usable shares', () => {
    expect(isComplete(picture(5, 7), sizes(9))).toBe(true);
    expect(isComplete(picture(4, 7), sizes(9))).toBe(false);
    expect(isComplete(picture(6, 6), sizes(9))).toBe(false);
    expect(isComplete(picture(3, 4), sizes(4))).toBe(true);
    expect(isComplete(picture(1, 1), sizes(1))).toBe(true);
    expect(isComplete({ section: undefined, session: undefined }, sizes(1))).toBe(false);
  });

  test('with as many elders as they have been told to be', () => {
    expect(isComplete(picture(4, 4), sizes(9, 4))).toBe(true);
    expect(isComplete(picture(7, 7), sizes(12, 10))).toBe(false);
    expect(isComplete(picture(10, 10), sizes(12, 10))).toBe(true);
    expect(isComplete(picture(1, 1), sizes(9, 0))).toBe(false);
  });
});
