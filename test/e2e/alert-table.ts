import type { Provoked } from '../support/watched.ts';

/**
 * The alerts that the run of the metric table brings about. The states of the others, such as a full disk, are made of
 * series in `deploy/prometheus/tests`.
 */
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
