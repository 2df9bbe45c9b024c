import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fill } from '../src/terminal/bars.ts';
import { coalesce } from '../src/terminal/coalesce.ts';
import { ago, duration, names, plain, short } from '../src/terminal/format.ts';
import { styleFor } from '../src/terminal/style.ts';
import { table } from '../src/terminal/table.ts';
import { width, wrapWords } from '../src/terminal/wrap.ts';

const PLAIN = styleFor({ NO_COLOR: '1' }, true);

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999, '999 ms'],
    [1_449, '1.4 s'],
    [59_000, '59 s'],
    [150_000, '3 min'],
    [3 * 3_600_000, '3 h'],
    [49 * 3_600_000, '2 d'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  test('ago', () => {
    const now = Date.UTC(2026, 0, 1, 0, 0, 30);
    expect(ago('2026-01-01T00:00:00.000Z', now)).toBe('30 s ago');
    expect(ago('2026-01-01T00:00:31.000Z', now)).toBe('now');
    expect(ago(null, now)).toBe('never');
  });
});

describe('names', () => {
  test('are short, and the rest is counted', () => {
    const list = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
    expect(names(list, 2)).toBe('aaaaaaaa…, bbbbbbbb… and 1 more');
    expect(names(list.slice(0, 2), 2)).toBe('aaaaaaaa…, bbbbbbbb…');
    expect(short('abcd')).toBe('abcd');
  });
});

describe('a text of somebody else', () => {
  test.each([
    ['a colour', '\u001b[32mgreen', '\ufffd[32mgreen'],
    ['a move of the cursor in one character', '\u009b1A', '\ufffd1A'],
    ['a bell, a backspace, a delete', '\u0007\b\u007f', '\ufffd\ufffd\ufffd'],
    ['a line of its own', 'one\r\n\ttwo', 'one two'],
    ['a line of another kind', 'one\u2028two\u2029', 'one\ufffdtwo\ufffd'],
    ['an order of its own', '\u202eabc\u202c\u2066\u200f\u061c', '\ufffdabc\ufffd\ufffd\ufffd\ufffd'],
    ['what people write', 'Größe: 3 µs – “日本” 👩‍👩‍👧 می‌خواهم', 'Größe: 3 µs – “日本” 👩‍👩‍👧 می‌خواهم'],
    ['more than anybody reads', 'x'.repeat(5000), `${'x'.repeat(1000)}…`],
  ])('with %s is plain', (_, text, shown) => expect(plain(text)).toBe(shown));
});

describe('a bar', () => {
  const dumb = styleFor({ TERM: 'dumb' }, false);

  test('is always as wide as it should be, and never shrinks as more arrives', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.nat(40),
        fc.integer({ min: 1, max: 60 }),
        fc.boolean(),
        (part, whole, width, unicode) => {
          const style = unicode ? PLAIN : dumb;
          const bar = fill(part, whole, width, style);
          expect([...bar]).toHaveLength(width);
          const full = (text: string) => [...text].filter((cell) => cell !== '░' && cell !== '.').length;
          expect(full(fill(part + 1, whole, width, style))).toBeGreaterThanOrEqual(full(bar));
        },
      ),
    );
  });

  test('is full exactly when all is there', () => {
    expect(fill(7, 7, 4, PLAIN)).toBe('████');
    expect(fill(9, 7, 4, PLAIN)).toBe('████');
    expect(fill(0, 7, 4, PLAIN)).toBe('░░░░');
    expect(fill(1, 8, 4, PLAIN)).toBe('▌░░░');
    expect(fill(0, 0, 4, PLAIN)).toBe('████');
    expect(fill(1, 2, 4, dumb)).toBe('##..');
  });
});

describe('a line that is too long', () => {
  test('is broken between words, and what follows is set in', () => {
    expect(wrapWords('  3 of 4 elders live, 3 needed', 20)).toEqual(['  3 of 4 elders', '      live, 3 needed']);
    expect(wrapWords('as wide as it may be', 20)).toEqual(['as wide as it may be']);
    expect(wrapWords('http://127.0.0.1:8080/v1/network is one word', 20)[0]).toBe('http://127.0.0.1:8080/v1/network');
  });

  test('is measured without its colours', () => {
    const { colours } = styleFor({ FORCE_COLOR: '1' }, false);
    const line = `${colours.bold('DKG')} ${colours.green('done')}`;
    expect(width(line)).toBe(8);
    expect(wrapWords(line, 8)).toEqual([line]);
    expect(wrapWords(line, 7)).toEqual([colours.bold('DKG'), `    ${colours.green('done')}`]);
  });
});

describe('style', () => {
  test.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '0' }, true, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('%j on a terminal %s has colours %s', (env, terminal, coloured) => {
    expect(styleFor(env, terminal).colours.isColorSupported).toBe(coloured);
  });
});

describe('a table', () => {
  test('is plain columns without trailing blanks', () => {
    expect(
      table(
        ['#', 'name'],
        [
          [0, 'one'],
          [10, 'x'],
        ],
        PLAIN,
      ),
    ).toBe('#   name\n0   one\n10  x');
  });
});

describe('coalesced work', () => {
  const gate = () => Promise.withResolvers<void>();

  test('runs once for many requests, and once more for those that came while it ran', async () => {
    const gates = [gate(), gate(), gate()];
    const began = [gate(), gate()];
    let runs = 0;
    const work = coalesce(async () => {
      const run = runs++;
      began[run]?.resolve();
      await gates[run]!.promise;
    }, 0);
    for (let request = 0; request < 5; request++) work.request();
    await began[0]!.promise;
    for (let request = 0; request < 5; request++) work.request();
    expect(runs).toBe(1);
    gates[0]!.resolve();
    await began[1]!.promise;
    gates[1]!.resolve();
    await work.finish();
    expect(runs).toBe(2);
  });

  test('is finished at once when asked to', async () => {
    let runs = 0;
    const work = coalesce(async () => {
      runs++;
    }, 3_600_000);
    work.request();
    await work.finish();
    expect(runs).toBe(1);
    await work.finish();
    expect(runs).toBe(1);
  });

  test('hands its failure to whoever asks next', async () => {
    const work = coalesce(() => Promise.reject(new Error('no luck')), 0);
    work.request();
    await expect(work.finish()).rejects.toThrow('no luck');
    expect(() => work.request()).toThrow('no luck');
  });
});
