import { OPERATIONS } from '@witan/crypto';
import { number, table, times } from '../table.ts';
import type { DkgFigures } from './measure.ts';

/** Ratios first: they hold on a machine that others use too. */
export function dkgReport(all: readonly DkgFigures[]): string {
  return [
    'DKG over NATS: DkgStart published → every participant has a usable share on disk',
    table(
      [
        'n',
        'p50 ÷ floor',
        '÷ group floor',
        'p50 ms',
        'p95 ms',
        'min ms',
        'first ms',
        'CPU-bound ms',
        'floor ms',
        'group floor ms',
        'others',
      ],
      all.map((each) => [
        `${each.threshold} of ${each.participants}`,
        times(each.ratio.crypto),
        times(each.ratio.group),
        each.wallMs.p50,
        each.wallMs.p95,
        each.wallMs.min,
        each.wallMs.first,
        each.cpuBoundMs,
        each.floorMs.crypto,
        each.floorMs.group,
        each.otherCores === undefined ? undefined : `${number(each.otherCores)} cores`,
      ]),
    ),
    'floor: operations counted in these sessions × their cost measured in this run, summed over participants, ÷ cores.',
    '“floor” is all public-key work, “group floor” that of the section key’s curve alone. CPU-bound: all CPU used ÷ cores.',
    '“others”: how much of the machine other processes took meanwhile; beyond 0.2 cores, times say little and ratios of CPU most.',
    '',
    'CPU of one participant in one session, against the floor of its own operations',
    table(
      [
        'n',
        'CPU ÷ floor',
        '÷ group floor',
        'CPU ms',
        'main thread ms',
        'floor ms',
        'group ms',
        'until done: CPU ms',
        '÷ floor',
        'coordinator ms',
        'nats-server ms',
      ],
      all.map((each) => [
        `${each.threshold} of ${each.participants}`,
        times(each.inAll.overCrypto),
        times(each.inAll.overGroup),
        each.inAll.cpuMs,
        each.inAll.mainMs,
        each.inAll.cryptoMs,
        each.inAll.groupMs,
        each.untilDone.cpuMs,
        times(each.untilDone.overCrypto),
        each.coordinatorCpuMs,
        each.natsCpuMs,
      ]),
    ),
    '',
    ...targets(all),
    'Phases: from the first participant that began one to the first that began the next, median ms;',
    'asked and later views: what does not happen where nothing is late, in all processes, per session',
    phases(all),
    '',
    'Where the floor comes from: operations of one participant in one session, and the share that they have of it',
    operationTable(all),
  ].join('\n');
}

/** What docs/benchmarks.md promises, of the sizes that were measured. */
function targets(all: readonly DkgFigures[]): string[] {
  const lines = all.flatMap(({ participants: n, wallMs, ratio, inAll }) => {
    if (n === 7) return [target('p50 of 7, ms', wallMs.p50, 150), target('p50 of 7 ÷ floor', ratio.crypto, 2.5)];
    return n === 31 ? [target('CPU of one of 31 ÷ floor', inAll.overCrypto, 2)] : [];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

function target(what: string, value: number, most: number): string {
  return `target: ${what} ≤ ${most}: ${number(value)}, ${value <= most ? 'reached' : 'MISSED'}`;
}

function phases(all: readonly DkgFigures[]): string {
  const names = [...new Set(all.flatMap((each) => Object.keys(each.phaseMs)))];
  return table(
    ['n', ...names, 'asked', 'later views'],
    all.map((each) => [
      `${each.threshold} of ${each.participants}`,
      ...names.map((name) => each.phaseMs[name]),
      each.detours.asked,
      each.detours.laterViews,
    ]),
  );
}

function operationTable(all: readonly DkgFigures[]): string {
  const done = OPERATIONS.filter((name) => all.some((each) => each.operations[name] > 0));
  return table(
    ['operation', ...all.flatMap((each) => [`n = ${each.participants}`, 'µs each', 'of floor'])],
    done.map((name) => [
      name,
      ...all.flatMap((each) => {
        const us = each.operations[name] * each.costsUs[name];
        return [
          each.operations[name],
          each.costsUs[name],
          `${((100 * us) / (1000 * each.untilDone.cryptoMs)).toFixed(1)} %`,
        ];
      }),
    ]),
  );
}
