import { LIE_KINDS } from '@witan/simulator';
import type { SeedResult } from './run-seed.ts';

/** What all seeds together have met. */
export interface Totals {
  seeds: number;
  readonly failed: number[];
  /** Seeds that ended with more liars among the elders than they tolerate: nothing was demanded of their end. */
  readonly overrun: number[];
  readonly counts: Record<string, number>;
  readonly lies: Record<string, number>;
  readonly blames: Record<string, number>;
  readonly healedAfterMs: number[];
  virtualMs: number;
  realMs: number;
}

const COUNTED = [
  'sessions',
  'sessionsDone',
  'retries',
  'handovers',
  'joins',
  'crashes',
  'lostWrites',
  'blackouts',
  'cuts',
  'packets',
  'lost',
  'cutOff',
  'repeated',
  'late',
  'reordered',
  'repairs',
  'shareRepairs',
  'held',
] as const;

export function noTotals(): Totals {
  const counts = Object.fromEntries(COUNTED.map((name) => [name, 0]));
  return {
    seeds: 0,
    failed: [],
    overrun: [],
    counts,
    lies: {},
    blames: {},
    healedAfterMs: [],
    virtualMs: 0,
    realMs: 0,
  };
}

export function add(totals: Totals, { seed, ok, tallied, healedAfterMs, virtualMs, realMs }: SeedResult): void {
  totals.seeds++;
  if (!ok) totals.failed.push(seed);
  if (tallied.overrun) totals.overrun.push(seed);
  for (const name of COUNTED) totals.counts[name]! += tallied[name];
  addAll(totals.lies, tallied.lies);
  addAll(totals.blames, tallied.blames);
  if (healedAfterMs !== undefined) totals.healedAfterMs.push(healedAfterMs);
  totals.virtualMs += virtualMs;
  totals.realMs += realMs;
}

function addAll(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
}

/** Faults and lies that no seed has met; there is none of which a long run should not have some. */
export function absent({ counts, lies }: Totals): readonly string[] {
  const met: Record<string, number> = {
    'a packet lost': counts.lost!,
    'a packet on a link that is cut': counts.cutOff!,
    'a packet repeated': counts.repeated!,
    'a packet late': counts.late!,
    'a packet out of order': counts.reordered!,
    'a crash that loses writes': counts.lostWrites!,
    'a crash that loses none': counts.crashes! - counts.lostWrites!,
    'a crash of all nodes': counts.blackouts!,
    ...Object.fromEntries([...Object.keys(LIE_KINDS), 'coordinator'].map((kind) => [`lie: ${kind}`, lies[kind] ?? 0])),
  };
  return Object.keys(met).filter((name) => met[name] === 0);
}

const MOST_OVERRUN = 0.01;

/** Of more seeds than this the end is not checked: the run shows less than it seems to. */
export function overrunTooOften({ seeds, overrun }: Totals): boolean {
  return overrun.length > Math.ceil(seeds * MOST_OVERRUN);
}

/** `share` in [0, 1] of the values are at most this. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function table(totals: Totals, tookMs: number): string {
  const { counts } = totals;
  const number = (value: number) => Math.round(value).toLocaleString('en');
  const list = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${number(count)}`)
      .join(', ') || 'none';
  const rows: readonly [string, string][] = [
    [
      'seeds',
      `${number(totals.seeds)}, ${totals.failed.length === 0 ? 'all clean' : `${totals.failed.length} failed`}`,
    ],
    ['overrun', `${number(totals.overrun.length)} seeds, of which the end is not checked`],
    [
      'sessions',
      `${number(counts.sessions!)}, ${number(counts.sessionsDone!)} done, ${number(counts.retries!)} further attempts`,
    ],
    ['decisions', `${number(counts.handovers!)} handovers, ${number(counts.joins!)} joins`],
    [
      'crashes',
      `${number(counts.crashes!)}, ${number(counts.lostWrites!)} losing writes, ${number(counts.blackouts!)} of all nodes at once`,
    ],
    ['links cut', number(counts.cuts!)],
    [
      'packets',
      `${number(counts.packets!)}: ${number(counts.lost!)} lost, ${number(counts.cutOff!)} on cut links, ${number(counts.repeated!)} repeated, ${number(counts.late!)} late, ${number(counts.reordered!)} out of order`,
    ],
    ['repairs', `${number(counts.repairs!)} by anti-entropy, ${number(counts.shareRepairs!)} shares`],
    ['lies told', list(totals.lies)],
    ['blames', list(totals.blames)],
    [
      'at rest after',
      `${number(quantile(totals.healedAfterMs, 0.5))} ms of healing (p50), ${number(quantile(totals.healedAfterMs, 1))} ms (max)`,
    ],
    ['virtual time', `${(totals.virtualMs / 3_600_000).toFixed(1)} h`],
    ['real time', `${(tookMs / 1000).toFixed(1)} s, ${(totals.seeds / (tookMs / 1000)).toFixed(1)} seeds/s`],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`).join('\n');
}
