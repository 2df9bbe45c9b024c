import { toHex } from '@witan/crypto';
import { antiEntropyMetrics, decisionMetrics, type Logger, type Meter, rejectionMetrics } from '@witan/observability';
import type { SectionAskReason, SectionReport } from '@witan/section';
import { ASKED } from './asked.ts';
import { logRejection } from './log-rejection.ts';

/** Metrics and log of a node that follows its section. */
export function watchFollower(meter: Meter, log: Logger): (report: SectionReport) => void {
  const decisions = decisionMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  let askedFor: SectionAskReason = 'start';
  return (report) => {
    switch (report.type) {
      case 'decided': {
        const { action, generation } = report.certified.decision;
        decisions.decisions.inc({ action: action.type });
        log.info(
          { event: 'decided', generation, action: action.type, key: toHex(report.ledger.key) },
          `decided: ${action.type}`,
        );
        break;
      }
      case 'rejected':
        rejected.inc({ channel: 'events', reason: report.reason });
        logRejection(log, report.reason);
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
