import { toHex } from '@witan/crypto';
import { antiEntropyMetrics, decisionMetrics, type Logger, type Meter, rejectionMetrics } from '@witan/observability';
import type { SectionReport } from '@witan/section';
import { logRejection } from './log-rejection.ts';

/** Metrics and log of a node that follows its section. */
export function watchFollower(meter: Meter, log: Logger): (report: SectionReport) => void {
  const decisions = decisionMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
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
      case 'answered':
        antiEntropy.requests.inc({ kind: 'section', reason: 'behind', result: report.result });
        if (report.recovered > 0) antiEntropy.recovered.inc({ kind: 'section' }, report.recovered);
        break;
    }
  };
}
