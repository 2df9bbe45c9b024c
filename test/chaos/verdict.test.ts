import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Experiment } from './experiments.ts';
import type { Episode, History, Operation } from './history.ts';
import { Operations } from './operations.ts';
import { html } from './report/html.ts';
import { markdown } from './report/markdown.ts';
import { healingPlot, latencyPlot } from './report/plots.ts';
import { percent, summaryOf } from './report/summary.ts';
import { judge, serviceOf } from './verdict.ts';

const asked = (startedMs: number, tookMs: number, ok = true, errors: readonly string[] = []): Operation => ({
  client: 0,
  startedMs,
  endedMs: startedMs + tookMs,
  ok,
  errors,
});

const EXPERIMENT: Experiment = {
  name: 'break-it',
  title: 'it is broken <b>',
  needs: [],
  demand: { success: 0.99, p99Ms: 5000, healedMs: 30_000 },
  run: async () => {},
};

const episode = (startedMs: number, mendedMs: number, healedMs: number | undefined): Episode => ({
  experiment: EXPERIMENT.name,
  title: EXPERIMENT.title,
  startedMs,
  mendedMs,
  healsFromMs: mendedMs,
  healedMs,
  struck: true,
  broke: true,
  marks: [{ atMs: startedMs, text: 'killed node-1' }],
});

const history = (more: Partial<History>): History => ({
  world: 'local processes',
  seed: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  endedMs: 100_000,
  interrupted: false,
  genesisKey: 'aa',
  operations: Operations.of([]),
  episodes: [],
  violations: [],
  violationCount: 0,
  chain: { before: 1, after: 2 },
  sessions: { done: 1, failed: 0 },
  ...more,
});

describe('the verdict', () => {
  test('counts what was asked from the fault until the section was whole, over all runs', () => {
    const operations = Operations.of([
      asked(1_000, 100),
      asked(10_000, 200),
      asked(15_500, 400),
      asked(41_000, 300),
      asked(90_000, 9_000),
    ]);
    const episodes = [episode(10_000, 15_000, 16_000), episode(40_000, 45_000, 48_000)];
    const [finding] = judge(history({ operations, episodes }), [EXPERIMENT]).findings;
    expect(finding).toMatchObject({ runs: 2, operations: 3, success: 1, maxMs: 400, healedMs: 3_000, missed: [] });
  });

  test('names each demand that was missed', () => {
    const operations = Operations.of([asked(10_000, 6_000), asked(10_000, 30_000, false, ['WITAN_ERR_NO_QUORUM'])]);
    const [finding] = judge(history({ operations, episodes: [episode(10_000, 15_000, 46_000)] }), [
      EXPERIMENT,
    ]).findings;
    expect(finding).toMatchObject({ success: 0.5, firstTry: 0.5, missed: ['success', 'p99', 'healed'] });
  });

  test('takes what did not heal for a missed demand, and no figure', () => {
    const operations = Operations.of([asked(11_000, 100)]);
    const episodes = [episode(10_000, 15_000, undefined)];
    const [finding] = judge(history({ operations, episodes }), [EXPERIMENT]).findings;
    expect(finding).toMatchObject({ healedMs: undefined, missed: ['healed'] });
  });

  test('takes it for a missed demand when nobody asked, unless nothing is demanded of what they get', () => {
    const of = (experiment: Experiment) =>
      judge(history({ episodes: [episode(10_000, 15_000, 16_000)] }), [experiment]).findings[0];
    expect(of(EXPERIMENT)).toMatchObject({ operations: 0, missed: ['success'] });
    expect(of({ ...EXPERIMENT, demand: { healedMs: 30_000 } })).toMatchObject({ missed: [] });
  });

  test('takes a fault that broke nothing for a missed demand, unless the run was ended in it', () => {
    const three = [true, false, undefined].map((struck, index) => ({
      ...episode(index * 10_000, index * 10_000 + 1, index * 10_000 + 2),
      struck,
    }));
    const verdict = judge(history({ episodes: three }), [EXPERIMENT]);
    expect(verdict.findings[0]).toMatchObject({ runs: 3, struck: 2, missed: ['struck', 'success'] });
    const { facts, rows, columns } = summaryOf(history({ episodes: three }), verdict);
    expect(rows[0]![columns.indexOf('struck')]).toBe('2 *');
    expect(facts).toContain('did not do what they are for: break-it (1 of 3)');
  });

  test('counts each operation of a run once, wherever it lies between the faults', () => {
    const time = fc.nat(1_000);
    fc.assert(
      fc.property(fc.array(time, { maxLength: 12 }), fc.array(fc.tuple(time, fc.nat(300))), (edges, asks) => {
        const sorted = edges.toSorted((a, b) => a - b);
        const episodes = Array.from({ length: sorted.length >> 1 }, (_, index) =>
          episode(sorted[2 * index]!, sorted[2 * index]!, sorted[2 * index + 1]),
        );
        const all = asks.map(([startedMs, tookMs]) => asked(startedMs, tookMs));
        const [found] = judge(history({ episodes, operations: Operations.of(all) }), [EXPERIMENT]).findings;
        const overlaps = all.filter(({ startedMs, endedMs }) =>
          episodes.some((each) => endedMs >= each.startedMs && startedMs <= each.healedMs!),
        );
        expect(found?.operations ?? 0).toBe(episodes.length === 0 ? 0 : overlaps.length);
      }),
    );
  });

  test('is unsafe by a single violation', () => {
    expect(judge(history({}), []).safe).toBe(true);
    expect(judge(history({ violations: [{ atMs: 1, what: 'fork' }] }), []).safe).toBe(false);
  });

  test('has quantiles in order, each a time that was seen', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000), { minLength: 1 }), (tookMs) => {
        const { p50Ms, p99Ms, maxMs } = serviceOf(Operations.of(tookMs.map((each) => asked(0, each))));
        expect(tookMs).toEqual(expect.arrayContaining([p50Ms, p99Ms, maxMs]));
        expect(p50Ms).toBeLessThanOrEqual(p99Ms!);
        expect(p99Ms).toBeLessThanOrEqual(maxMs!);
        expect(tookMs.filter((each) => each > p50Ms!).length).toBeLessThanOrEqual(tookMs.length / 2);
      }),
    );
  });
});

describe('the report', () => {
  const run = history({
    operations: Operations.of([asked(10_000, 6_000), asked(10_500, 30_000, false, ['WITAN_ERR_TIMEOUT'])]),
    episodes: [episode(10_000, 15_000, 16_000)],
    violations: [{ atMs: 12_000, what: 'fork: link 2' }],
    violationCount: 1,
  });
  const verdict = judge(run, [EXPERIMENT]);
  const summary = summaryOf(run, verdict);

  test('says first whether all is well, and what was not', () => {
    expect(summary.headline).toBe('1 thing happened that must never happen');
    expect(summary.facts).toEqual(expect.arrayContaining(['at 12.0 s: fork: link 2']));
    expect(summaryOf(history({}), judge(history({}), [])).headline).toMatch(/^Nothing was lost/);
  });

  test('marks what was missed, in both forms', () => {
    const pictures = [{ file: 'a.svg', title: 'A' }];
    const text = markdown(summary, run.episodes, pictures, 'npx witan chaos');
    expect(text).toContain('| break-it | it is broken <b> | 1 | 1 | 2 | 50.00 % * |');
    expect(text).toContain('killed node-1; whole after 6.0 s');
    expect(text).toContain('![A](a.svg)');
    const page = html(summary, false, run.episodes, ['<svg></svg>'], 'npx witan chaos');
    expect(page).toContain('<td class="missed">50.00 % *</td>');
    expect(page).toContain('it is broken &lt;b&gt;');
  });

  test('draws what clients waited and when, with what failed', () => {
    const svg = latencyPlot(run);
    expect(svg.startsWith('<svg ') && svg.endsWith('</svg>')).toBe(true);
    expect(svg).toContain('no proof');
    expect(svg.replaceAll(/\d/g, '')).not.toBe(latencyPlot(history({})).replaceAll(/\d/g, ''));
    expect(healingPlot(verdict.findings)).toContain('break-it');
  });

  test('never rounds up to all', () => {
    expect(percent(0.99999)).toBe('99.99 %');
    expect(percent(1)).toBe('100 %');
    expect(percent(undefined)).toBe('–');
  });
});
