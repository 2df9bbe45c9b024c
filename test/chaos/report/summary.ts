import { plural } from '@witan/cli';
import type { Demand } from '../experiments.ts';
import type { Episode, History } from '../history.ts';
import type { Finding, Service, Verdict } from '../verdict.ts';

/** What a report says, in words and rows; markdown, HTML and the terminal show the same. */
export interface Summary {
  readonly headline: string;
  readonly facts: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const COLUMNS = [
  'experiment',
  'what happens',
  'runs',
  'struck',
  'asked',
  'proof',
  'first try',
  'p50',
  'p99',
  'slowest',
  'healed',
];
const NONE = '–';

/** @param about where it was run, a line each */
export function summaryOf(
  history: History,
  { safe, whole, findings }: Verdict,
  about: readonly string[] = [],
): Summary {
  const { violations, violationCount, chain, sessions, episodes, endedMs, world, seed } = history;
  const missed = findings.filter((each) => each.missed.length > 0);
  return {
    headline: safe
      ? 'Nothing was lost: no fork, no lost key share, every attestation verifies'
      : `${plural(violationCount, 'thing')} happened that must never happen`,
    facts: [
      `${world}, ${Math.round(endedMs / 6_000) / 10} minutes, ${plural(episodes.length, 'fault')}, seed ${seed}`,
      `${whole.operations} attestations asked for: ${percent(whole.success)} got a proof that verifies from the genesis key, ${percent(whole.firstTry)} at the first try; p50 ${seconds(whole.p50Ms)}, p99 ${seconds(whole.p99Ms)}`,
      ...(history.interrupted ? ['it was interrupted: whether all was well again nobody has waited to see'] : []),
      ...(history.operations.isFull ? ['it ended early: there is no room for more attestations'] : []),
      ...about,
      `section chain: ${chain.before} links before, ${chain.after} after; DKG sessions: ${sessions.done} done, ${sessions.failed} failed`,
      ...(missed.length === 0
        ? ['every demand was met']
        : [`demands that were missed (marked *): ${missed.map(({ experiment }) => experiment).join(', ')}`]),
      ...unstruck(findings),
      ...violations.map(({ atMs, what }) => `at ${seconds(atMs)}: ${what}`),
      ...(violationCount > violations.length ? [`and ${violationCount - violations.length} more`] : []),
    ],
    columns: COLUMNS,
    rows: findings.map(row),
  };
}

/** An experiment that broke nothing has shown nothing, however well it looks. */
function unstruck(findings: Verdict['findings']): string[] {
  const missed = findings.filter(({ struck, runs }) => struck < runs);
  if (missed.length === 0) return [];
  const each = missed.map(({ experiment, struck, runs }) => `${experiment} (${runs - struck} of ${runs})`);
  return [`did not do what they are for: ${each.join(', ')}`];
}

function row(finding: Finding): string[] {
  const { experiment, title, runs, struck, operations, healedMs, missed } = finding;
  const mark = (what: keyof typeof NAMES, text: string) => (missed.includes(NAMES[what]) ? `${text} *` : text);
  return [
    experiment,
    title,
    String(runs),
    mark('struck', String(struck)),
    String(operations),
    mark('success', percent(finding.success)),
    percent(finding.firstTry),
    seconds(finding.p50Ms),
    mark('p99Ms', seconds(finding.p99Ms)),
    seconds(finding.maxMs),
    mark('healedMs', healedMs === undefined && missed.includes(NAMES.healedMs) ? 'not' : seconds(healedMs)),
  ];
}

const NAMES: Readonly<Record<keyof Demand | 'struck', string>> = {
  struck: 'struck',
  success: 'success',
  p99Ms: 'p99',
  healedMs: 'healed',
};

export function percent(share: Service['success']): string {
  if (share === undefined) return NONE;
  // Never rounded up to all.
  return share === 1 ? '100 %' : `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`;
}

export function seconds(ms: number | undefined): string {
  if (ms === undefined) return NONE;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** When a fault was, which, and what there is to tell of it. */
export function told({
  experiment,
  startedMs,
  healedMs,
  struck,
  marks,
}: Episode): readonly [at: string, experiment: string, what: string] {
  const open = struck === undefined ? 'ended early' : 'not whole again';
  const end = healedMs === undefined ? open : `whole after ${seconds(healedMs - startedMs)}`;
  return [seconds(startedMs), experiment, [...marks.map(({ text }) => text), end].join('; ')];
}
