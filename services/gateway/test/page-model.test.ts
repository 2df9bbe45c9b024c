import { PHASES, type Section, type Session } from '@witan/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeBackend } from './harness.ts';

/** The page is plain JavaScript for browsers, checked by its own `tsconfig.json`. */
const page = (file: string) => import(new URL(`../page/${file}`, import.meta.url).href);

const { ago, duration, list, short } = await page('lib/format.js');
const { healthOf, headline } = await page('model/health.js');
const { hueOf, houseMark, seal } = await page('model/marks.js');
const { narrate } = await page('model/narrate.js');
const { pastLines, story } = await page('model/past.js');
const { bandAt, place, xIn } = await page('model/scale.js');
const { timelineOf } = await page('model/timeline.js');
const { briefCell, describeCell, standing } = await page('model/describe.js');

const NOW = Date.UTC(2026, 0, 1, 12, 30);
const sessions = fakeBackend().sessions();
const one = (wanted: (session: Session) => boolean): Session => {
  const found = sessions.find(wanted);
  if (!found) throw new Error('the fake history has no such session');
  return found;
};

describe('words', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [999.7, '1.0 s'],
    [2_400, '2.4 s'],
    [59_700, '1 min 00 s'],
    [185_000, '3 min 05 s'],
    [7_800_000, '2 h 10 min'],
    [Number.NaN, '–'],
  ])('%d ms is %s', (ms, said) => expect(duration(ms)).toBe(said));

  test('a time a little ahead, by another clock, is now', () => {
    expect(ago(-400)).toBe('just now');
    expect(ago(12_300)).toBe('12 s ago');
    expect(ago(Number.POSITIVE_INFINITY)).toBe('never');
  });

  test('hex is cut, and lists are', () => {
    expect(short('ab'.repeat(48))).toBe('ababab…abab');
    expect(list(['a'])).toBe('a');
    expect(list(['a', 'b', 'c'])).toBe('a, b and c');
    expect(list(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
  });
});

describe('health', () => {
  const section = (elders: number, able: number, threshold: number): Section => ({
    ...fakeBackend().section('root'),
    threshold,
    elders: Array.from({ length: elders }, (_, index) => ({
      name: `${index}`.padStart(64, '0'),
      index,
      age: 5,
      publicKeyShare: 'ab'.repeat(48),
      live: index < able || index % 2 === 0,
      usableShare: index < able,
    })),
  });

  test.each([
    [7, 7, 5, 'whole', 2],
    [7, 6, 5, 'reduced', 1],
    [7, 5, 5, 'edge', 0],
    [7, 4, 5, 'lost', -1],
    [1, 1, 1, 'whole', 0],
  ])('%d elders of which %d can sign and %d are needed: %s', (elders, able, threshold, level, margin) => {
    const health = healthOf(section(elders, able, threshold));
    expect(health).toMatchObject({ level, margin, able, total: elders });
    expect(health.missing).toHaveLength(elders - able);
    expect(headline(health)).toMatch(/^The section .+\.$/);
  });
});

describe('marks', () => {
  test('are the same for the same name, and differ between names', () => {
    const names = Array.from({ length: 200 }, (_, index) => `node ${index}`);
    const drawn = new Set(names.map((name) => JSON.stringify(houseMark(name))));
    expect(drawn.size).toBeGreaterThan(195);
    expect(new Set(names.map(hueOf)).size).toBe(14);
    expect(houseMark('node 1')).toEqual(houseMark('node 1'));
    expect(new Set(names.map((name) => JSON.stringify(seal(name)))).size).toBe(200);
  });

  test('stay in their box', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const numbers = [...houseMark(name).path.matchAll(/-?\d+(\.\d+)?/g)].map(([number]) => Number(number));
        expect(Math.min(...numbers)).toBeGreaterThanOrEqual(2);
        expect(Math.max(...numbers)).toBeLessThanOrEqual(22);
      }),
    );
  });
});

describe('the scale', () => {
  const bands = (durations: number[]) => {
    let start = 1000;
    return durations.map((durationMs, index) => {
      const band = { name: PHASES[index % 6], state: 'closed', start, end: start + durationMs, durationMs };
      start += durationMs;
      return band;
    });
  };

  test('fills the width, in order, and no phase is too narrow to read', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(durations, fc.integer({ min: 200, max: 2000 }), (ms, width) => {
        const placed = place(bands(ms), width, 40);
        expect(placed[0].x0).toBe(0);
        expect(placed.at(-1).x1).toBeCloseTo(width, 6);
        for (const [index, { x0, x1 }] of placed.entries()) {
          expect(x1 - x0).toBeGreaterThanOrEqual(Math.min(40, width / ms.length) - 1e-6);
          if (index > 0) expect(x0).toBe(placed[index - 1].x1);
        }
      }),
    );
  });

  test('a later moment is never further left', () => {
    const placed = place(bands([10, 3000, 5, 400, 0, 90]), 900, 60);
    let before = -1;
    for (let at = 900; at < 5000; at += 7) {
      const x = xIn(bandAt(placed, at), at);
      expect(x).toBeGreaterThanOrEqual(before);
      before = x;
    }
  });
});

describe('a timeline', () => {
  const cellsOf = (session: Session) =>
    timelineOf(session, NOW).lanes.flatMap((lane: { cells: unknown[] }) => lane.cells);

  test('who was silent is missed in each phase from then on, and its lane says so', () => {
    const session = one(({ state, phases }) => state === 'done' && phases.some((phase) => (phase.closeView ?? 0) > 0));
    const { lanes, bands } = timelineOf(session, NOW);
    const silent = lanes.filter((lane: { state: string }) => lane.state === 'silent');
    expect(silent).toHaveLength(1);
    expect(silent[0].cells.map((cell: { state: string }) => cell.state)).toEqual([
      'counted',
      'counted',
      'counted',
      'none',
      'missing',
      'missing',
    ]);
    expect(bands.map((band: { view: number }) => band.view)).toContain(1);
  });

  test('who was caught carries its blame where it was caught, and owes no Commitment', () => {
    const session = one(({ blame }) => blame.length > 0);
    const lane = timelineOf(session, NOW).lanes.find(({ name }: { name: string }) => name === session.blame[0]?.node);
    expect(lane.state).toBe('blamed');
    const caught = lane.cells.find(({ blame }: { blame: unknown }) => blame !== null);
    expect(caught.phase).toBe(session.blame[0]?.phase);
    expect(PHASES.indexOf(caught.phase)).toBeLessThan(PHASES.indexOf('commitment'));
    expect(lane.cells[4].state).toBe('none');
  });

  test('a session that ended in a phase is cut there; what was to come stays ahead', () => {
    const { bands, ended } = timelineOf(
      one(({ state }) => state === 'failed'),
      NOW,
    );
    expect(ended).toBe(true);
    const states = bands.map((band: { state: string }) => band.state);
    expect(states.filter((state: string) => state === 'cut')).toHaveLength(1);
    expect(states.slice(states.indexOf('cut') + 1)).not.toContain('closed');
  });

  test('every cell has a sentence and a short form, and none shows a whole name', () => {
    for (const session of sessions) {
      const timeline = timelineOf(session, NOW);
      for (const lane of timeline.lanes) {
        for (let phase = 0; phase < PHASES.length; phase++) {
          const said = `${describeCell(timeline, lane, phase)} ${briefCell(timeline, lane, phase)}`;
          expect(said).not.toMatch(/undefined|NaN|null|[0-9a-f]{40}/);
        }
      }
    }
  });

  test('nothing lies after "now", however far the clocks are apart', () => {
    const running = one(({ state }) => state === 'running' || state === 'stalled');
    const timeline = timelineOf(running, 0);
    for (const { at } of cellsOf(running)) if (at !== null) expect(timeline.end).toBeGreaterThanOrEqual(at);
  });
});

describe('a session of which nobody remembers when it was', () => {
  const forgotten = (state: Session['state']): Session => ({
    ...one((session) => session.state === state),
    startedAt: null,
    endedAt: null,
    durationMs: null,
  });

  test('has no timeline and no lines in the story', () => {
    expect(timelineOf(forgotten('done'), NOW)).toBeNull();
    expect(pastLines([forgotten('done'), forgotten('failed')])).toEqual([]);
  });

  test('is told of without its times', () => {
    expect(standing(forgotten('done'))).toMatch(/^Made a key, held by \d+ participants; any \d+ of them sign\.$/);
    expect(standing(forgotten('failed'))).toMatch(/^Ended without a key\. /);
  });
});

describe('the story', () => {
  test('an event and what the session remembers of it are one line', () => {
    const backend = fakeBackend();
    const live: { id: string; at: number }[] = [];
    backend.events.subscribe(undefined, (event) => {
      const line = narrate(event);
      if (line) live.unshift(line);
    });
    for (let step = 0; step < 200; step++) backend.tick();
    const past = pastLines(backend.sessions());
    const told = story(live, past, 10_000);
    expect(new Set(told.map(({ id }: { id: string }) => id)).size).toBe(told.length);
    expect(told.length).toBeLessThan(live.length + past.length);
    const times = told.map(({ at }: { at: number }) => at);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });
});
