import { toHex } from '@witan/crypto';
import { type Elder, type ElderObserver, sectionNumbers } from '@witan/elder';
import { asWitanError, type WitanErrorCode } from '@witan/errors';
import {
  antiEntropyMetrics,
  decisionMetrics,
  type Logger,
  type Meter,
  type RejectionReason,
  rejectionMetrics,
  rejectionReason,
  watchSection,
} from '@witan/observability';
import type { Clock } from '@witan/runtime';
import { currentShare, elderIndex, type SectionAskReason, type SectionReport } from '@witan/section';
import { ASKED } from './asked.ts';
import { logDecision } from './log-decision.ts';
import { logRejection } from './log-rejection.ts';
import { logTrouble } from './log-trouble.ts';

interface Watched {
  readonly meter: Meter;
  readonly log: Logger;
  readonly elder: () => Elder;
  readonly clock: Clock;
}

/** From one line about requests to sign that were refused to the next one with the same reason. */
const REFUSAL_LINE_MS = 60_000;

/** Metrics and log of an elder's part in its section. */
export function watchElder({
  meter,
  log,
  elder,
  clock,
}: Watched): Pick<ElderObserver, 'section' | 'badRequest' | 'signRefused' | 'trouble'> {
  const decisions = decisionMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  let askedFor: SectionAskReason = 'start';
  const refusedAt = new Map<WitanErrorCode, number>();

  watchSection(
    meter,
    () => sectionNumbers(elder().state, clock.now()),
    () => {
      const { state } = elder();
      return { isElder: elderIndex(state) >= 0, usableShare: currentShare(state) !== undefined };
    },
  );

  const section = (report: SectionReport): void => {
    switch (report.type) {
      case 'ledger': {
        const { ledger, usableShare } = report;
        const fields = { event: 'recovered', generation: ledger.generation, key: toHex(ledger.key), usableShare };
        log.info(fields, 'section recovered');
        break;
      }
      case 'decided': {
        decisions.decisions.inc({ action: report.certified.decision.action.type });
        decisions.views.inc({ use: 'section' });
        logDecision(log, report);
        break;
      }
      case 'view':
        decisions.views.inc({ use: 'section' });
        log.warn(
          { event: 'view', generation: report.generation, view: report.view, waitingOn: report.waitingOn },
          'no decision yet',
        );
        break;
      case 'rejected':
        rejected.inc({ channel: 'decisions', reason: report.reason satisfies RejectionReason });
        logRejection(log, report);
        break;
      case 'equivocation':
        rejected.inc({ channel: 'decisions', reason: 'equivocation' });
        log.warn({ event: 'equivocation', accused: report.node }, 'an elder said two different things');
        break;
      case 'asked':
        askedFor = report.reason;
        break;
      case 'answered':
        antiEntropy.requests.inc({ kind: 'section', reason: ASKED[askedFor], result: report.result });
        if (report.recovered > 0) antiEntropy.recovered.inc({ kind: 'section' }, report.recovered);
        break;
      case 'served': {
        const result = report.limited ? 'limited' : report.items > 0 ? 'answered' : 'nothing';
        antiEntropy.served.inc({ kind: 'section', result });
        break;
      }
      case 'share':
        log.info({ event: 'share', usable: report.usable, key: toHex(report.key) }, 'key share usable');
        break;
    }
  };

  return {
    section,
    badRequest: (verb, error) => {
      rejected.inc({ channel: 'request', reason: rejectionReason(asWitanError(error).code) });
      log.debug({ event: 'bad-request', verb, err: asWitanError(error) }, 'request not taken');
    },
    signRefused: ({ code, detail }) => {
      rejected.inc({ channel: 'request', reason: rejectionReason(code) });
      const now = clock.now();
      // Anyone on the bus can ask: there is a line for each reason, and not for each request.
      if (now - (refusedAt.get(code) ?? -Infinity) < REFUSAL_LINE_MS) return;
      refusedAt.set(code, now);
      log.warn({ event: 'sign-refused', code, detail }, 'a request to sign was refused');
    },
    trouble: logTrouble(log),
  };
}
