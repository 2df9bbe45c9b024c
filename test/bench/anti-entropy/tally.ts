import type { DkgReport } from '@witan/dkg';
import type { Effect } from '@witan/runtime';

/** What the nodes of one run did with the messages that they were given. */
export interface Tally {
  /** Times a message was put to the protocol. One that had nothing to say any more (repeated, late) is not among them. */
  tried: number;
  /** Of these, how often the protocol could not take it, mostly because what comes before it was missing. */
  failed: number;
}

export function reportsOf(effects: readonly Effect[]): readonly DkgReport[] {
  return effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : []));
}

/** Reasons that say nothing about order: the message is not needed any more. */
const SPENT: ReadonlySet<string> = new Set(['duplicate', 'late']);

export function isSpent(report: DkgReport): boolean {
  return report.type === 'rejected' && SPENT.has(report.reason);
}
