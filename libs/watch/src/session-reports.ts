import { toHex } from '@witan/crypto';
import type { AskReason, DkgReport, Session } from '@witan/dkg';
import type { Moment } from '@witan/elder';
import {
  antiEntropyMetrics,
  decisionMetrics,
  dkgMetrics,
  type Logger,
  type Meter,
  rejectionMetrics,
} from '@witan/observability';
import type { SessionProgress } from './session-progress.ts';

type Type = DkgReport['type'];
type Of<T extends Type> = Extract<DkgReport, { type: T }>;

/** Of which session a report is, and when it was so. */
export interface Told {
  readonly session: Session;
  /** Of the session. */
  readonly log: Logger;
  readonly now: Moment;
  /** Undefined for one that has ended: it still serves those who come late, and that is no part of it any more. */
  readonly progress: SessionProgress | undefined;
}

/** What each kind of report adds to metrics, log and trace. */
export type SessionReports = { readonly [T in Type]: (report: Of<T>, told: Told) => void };

export interface SessionReportsOptions {
  readonly meter: Meter;
  /** A coordinator watches: how long a session took is for its participants to tell. */
  readonly isParticipant: boolean;
  /** The session is over. */
  readonly ended: (session: Session) => void;
}

export function sessionReports({ meter, isParticipant, ended }: SessionReportsOptions): SessionReports {
  const dkg = dkgMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const decisions = decisionMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  /** Why each was asked whose answer has not come; the answer that ends a session is told after the end. */
  const asked = new WeakMap<Session, Map<string, AskReason>>();

  const leave = (progress: SessionProgress | undefined, now: Moment): void => {
    const phase = progress?.phase;
    const durationMs = progress?.leave(now);
    if (!isParticipant || phase === undefined || durationMs === undefined) return;
    dkg.phaseDuration.observe({ phase }, durationMs / 1000, progress?.exemplar);
  };

  return {
    started({ restarted }, { session, log }) {
      log.info({ event: 'dkg-started', attempt: session.attempt, restarted }, 'DKG session');
    },
    phase({ phase, expected }, { log, now, progress }) {
      progress?.enter(phase, now);
      log.debug({ event: 'dkg-phase', phase, expected }, `DKG ${phase}`);
    },
    message({ phase, at }, { progress }) {
      progress?.heard(at);
      dkg.messages.inc({ phase, result: 'accepted' });
    },
    held({ count }, { progress }) {
      if (!progress) return;
      if (count > progress.held) dkg.messages.inc({ phase: progress.phase, result: 'held' });
      progress.held = count;
    },
    rejected({ phase, reason, heldFrom }, { log }) {
      const result = reason === 'duplicate' || reason === 'late' ? reason : 'rejected';
      dkg.messages.inc({ phase, result });
      log.debug({ event: 'rejected', phase, reason, heldFrom }, 'message not taken');
      if (result !== 'rejected') return;
      rejected.inc({ channel: 'dkg', reason });
      if (heldFrom === undefined) return;
      antiEntropy.heldFailed.inc();
      log.warn({ event: 'dkg-held-failed', phase, reason, from: heldFrom }, 'held message not taken');
    },
    closed({ phase, view, included }, { log, now, progress }) {
      decisions.views.inc({ use: 'dkg-close' }, view + 1);
      progress?.closed(included);
      leave(progress, now);
      log.debug({ event: 'dkg-closed', phase, view }, `DKG ${phase} closed`);
    },
    asked({ to, reason }, { session, now, progress }) {
      asked.set(session, (asked.get(session) ?? new Map()).set(to, reason));
      progress?.trace.event('asked', now.wallMs, { 'witan.reason': reason });
    },
    answered({ at, from, result, recovered }, { session, progress }) {
      progress?.answered(at);
      const reason = asked.get(session)?.get(from) ?? 'no-progress';
      antiEntropy.requests.inc({ kind: 'dkg', reason, result });
      asked.get(session)?.delete(from);
      if (recovered > 0) antiEntropy.recovered.inc({ kind: 'dkg' }, recovered);
    },
    served({ limited, items }) {
      antiEntropy.served.inc({ kind: 'dkg', result: limited ? 'limited' : items > 0 ? 'answered' : 'nothing' });
    },
    blame({ node, reason, phase }, { log, now, progress }) {
      dkg.blames.inc({ reason });
      progress?.trace.event('blame', now.wallMs, { 'witan.reason': reason });
      log.warn({ event: 'blame', accused: node, reason, phase }, 'blamed');
    },
    stalled({ phase, waitingOn }, { log, now, progress }) {
      progress?.stalled(waitingOn);
      progress?.trace.event('stalled', now.wallMs);
      log.warn({ event: 'dkg-stalled', phase, waitingOn }, 'DKG waits');
    },
    resumed({ phase }, { log, now, progress }) {
      progress?.stalled([]);
      progress?.trace.event('resumed', now.wallMs);
      log.info({ event: 'dkg-resumed', phase }, 'DKG goes on');
    },
    done({ key, usableShare, source, at }, { session, log, now, progress }) {
      const fields = { event: 'dkg-done', key: toHex(key), usableShare, source };
      log.info(fields, usableShare ? 'DKG done' : 'DKG done, and no usable share here');
      ended(session);
      // It ended in an earlier life, which has told of it.
      if (source === 'journal' || !progress) return;
      leave(progress, now);
      const outcome = source === 'answer' ? 'learned' : 'done';
      dkg.sessions.inc({ outcome });
      if (outcome === 'learned') progress.answered(at);
      const hadPart = outcome === 'done' || !progress.isHearsay;
      if (isParticipant && hadPart && !progress.isPartial)
        dkg.sessionDuration.observe((now.at - progress.startedAt) / 1000, progress.exemplar);
      progress.end(outcome, now.wallMs);
    },
    repairing({ attempt, dealers }, { log }) {
      dkg.shareRepairs.inc({ result: 'tried' });
      log.info({ event: 'share-repairing', attempt, dealers }, 'asks for its share');
    },
    repaired({ attempts }, { log }) {
      dkg.shareRepairs.inc({ result: 'repaired' });
      log.info({ event: 'share-repaired', attempts }, 'has its share from the others');
    },
    failed({ reason }, { session, log, now, progress }) {
      dkg.sessions.inc({ outcome: 'failed' });
      progress?.end('failed', now.wallMs);
      ended(session);
      log.error({ event: 'dkg-failed', reason }, 'DKG failed');
    },
  };
}
