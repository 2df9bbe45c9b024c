import { antiEntropyMetrics, decisionMetrics, type Logger, type Meter, rejectionMetrics } from '@witan/observability';
import type { SectionAskReason, SectionReport } from '@witan/section';
import { ASKED } from './asked.ts';
import { logDecision } from './log-decision.ts';
import { logRejection } from './log-rejection.ts';

/** Metrics and log of a node that follows its section. */
export function watchFollower(meter: Meter, log: Logger): (report: SectionReport) => void {
  const decisions = decisionMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  let askedFor: SectionAskReason = 'start';
  return (report) => {
    switch (report.type) {
      case 'decided':
        decisions.decisions.inc({ action: report.certified.decision.action.type });
        logDecision(log, report);
        break;
      case 'rejected':
        rejected.inc({ channel: 'events', reason: report.reason });
        logRejection(log, report);
        break;
      case 'asked':
        askedFor = report.reason;
        break;
      case 'answered':
        antiEntropy.requests.inc({ kind: 'section', reason: ASKED[askedFor], result: report.result });
        if (report.recovered > 0) antiEntropy.recovered.inc({ kind: 'section' }, report.recovered);
        break;
    }
  };
}
