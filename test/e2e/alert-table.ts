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

/**
 * The alerts that `alerts.test.ts` does not have fire over a real Prometheus, and why: their states are made of series alone,
 * in `deploy/prometheus/tests`. All others do fire there.
 */
export const NOT_FIRED: Readonly<Record<string, string>> = {
  WitanActorCrashed: 'it would be a defect',
  WitanAttestationLatencyBudgetBurn: 'of the machine',
  WitanDecisionsSlow: 'leaders are quick, or a quorum is not there',
  WitanDkgSessionsFail: 'sessions wait for who is away',
  WitanEquivocation: 'nobody lies',
  WitanEventLoopBlocked: 'of the machine',
  WitanEventStreamsRefused: 'there are few readers',
  WitanFileDescriptorsLow: 'there are enough',
  WitanHeldMessagesFailed: 'it would be a defect, or a lie',
  WitanHttpErrorBudgetBurn: 'gateways answer',
  WitanJournalErrors: 'the disk is sound, and has room',
  WitanJournalSlow: 'of the machine',
  WitanMailboxOverflow: 'nobody floods',
  WitanNodeBlamed: 'nobody lies',
  WitanVersionsDiffer: 'all run this version',
};

/** The curves of panels that stay 0 all through that run, for the same reasons: how they begin, dashboard, title and legend. */
export const STILL: readonly string[] = [
  'anti-entropy: Held messages that failed',
  'bus: Messages lost: failed',
  'bus: Messages lost: slow',
  'dkg: Blame',
  'dkg: Equivocation',
  'dkg: Shares given back',
  'gateway: Event streams that ended, or were refused: refused',
  'gateway: Other requests failed',
  'runtime: Defects and losses',
  'runtime: Errors',
];

/** Those that say how fast the machine is, or are not 0 for moments only. */
export const OFTEN_STILL: readonly string[] = [
  'gateway: Attestations slow',
  'gateway: Slow, last hour',
  'runtime: Mailboxes',
  'runtime: Not synced yet',
];
