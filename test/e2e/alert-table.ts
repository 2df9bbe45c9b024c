import type { Provoked } from '../support/watched.ts';

/** The alerts that the run of the metric table brings about: conditions that hold, whether for long enough to fire or not. */
export const PROVOKED: Readonly<Record<string, Provoked>> = {
  WitanQuorumLost: { by: 'stalled', ends: 'at once' },
  WitanDkgPhaseStalled: { by: 'stalled', ends: 'at once' },
  WitanTargetDown: { by: 'stalled', ends: 'at once' },
  WitanAntiEntropyUnanswered: { by: 'stalled', ends: 'with its window' },
  WitanAttestationErrorBudgetBurn: { by: 'stalled', ends: 'with its window' },
};

/** They say how fast the machine is that the tests run on, which other work may keep busy. */
export const OF_THE_MACHINE: readonly string[] = [
  'WitanAttestationLatencyBudgetBurn',
  'WitanEventLoopBlocked',
  'WitanJournalSlow',
];

/** Over a real Prometheus, rules that look back over minutes and wait for minutes: there a minute takes two seconds. */
export const HASTENED = 30;
export const RATE_INTERVAL = '10s';

/** The alerts that `rare-alerts.test.ts` has fire. `alerts.test.ts` has all others fire. */
export const RARE: readonly string[] = [
  'WitanActorCrashed',
  'WitanAttestationLatencyBudgetBurn',
  'WitanDecisionsSlow',
  'WitanDkgSessionsFail',
  'WitanEquivocation',
  'WitanEventLoopBlocked',
  'WitanEventStreamsRefused',
  'WitanFileDescriptorsLow',
  'WitanHeldMessagesFailed',
  'WitanHttpErrorBudgetBurn',
  'WitanJournalErrors',
  'WitanJournalSlow',
  'WitanMailboxOverflow',
  'WitanNodeBlamed',
  'WitanSectionUnknown',
  'WitanVersionsDiffer',
];

/** The curves of panels that move there, and stay 0 in `alerts.test.ts`: how they begin, dashboard, title and legend. */
export const MOVED_BY_RARE: readonly string[] = [
  'anti-entropy: Held messages that failed',
  'dkg: Blame',
  'dkg: Equivocation',
  'gateway: Event streams that ended, or were refused: refused',
  'gateway: Other requests failed',
  'runtime: Defects and losses: crash',
  'runtime: Defects and losses: overflow',
  'runtime: Defects and losses: poison',
  'runtime: Errors',
];

/** And those that move in neither: no handler and no effect fails, no handler is slow, nobody is left without a share. */
export const STILL: readonly string[] = [
  ...MOVED_BY_RARE,
  'bus: Messages lost: failed',
  'bus: Messages lost: slow',
  'dkg: Shares given back',
  'runtime: Defects and losses: effect',
];

/** Those that say how fast the machine is, or are not 0 for moments only. */
export const OFTEN_STILL: readonly string[] = [
  'gateway: Attestations slow',
  'gateway: Slow, last hour',
  'runtime: Mailboxes',
  'runtime: Not synced yet',
];
