import { toHex } from '@witan/crypto';
import { type AskReason, type DkgReport, isDone, phaseName, type Session, type State, waitingOn } from '@witan/dkg';
import type { Moment } from '@witan/elder';
import { asWitanError } from '@witan/errors';
import {
  antiEntropyMetrics,
  decisionMetrics,
  dkgMetrics,
  type Logger,
  type Meter,
  rejectionMetrics,
  rejectionReason,
  watchDkg,
} from '@witan/observability';
import { SessionProgress } from './session-progress.ts';

interface Watched {
  readonly meter: Meter;
  readonly log: Logger;
  /** Hex name; a coordinator has none. */
  readonly node?: string;
  readonly wallClock: () => number;
}

type Sessions = ReadonlyMap<string, { readonly session: Session; readonly state: State }>;

/** Metrics, log and traces of the DKG sessions of one process. */
export function watchSessions({ meter, log, node, wallClock }: Watched) {
  const dkg = dkgMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const decisions = decisionMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  const running = new Map<string, SessionProgress>();
  /** Why each was asked whose answer has not come; the answer that ends a session is told after the end. */
  const asked = new WeakMap<Session, Map<string, AskReason>>();

  let known: (() => Sessions) | undefined;

  /** Sessions that the section has left behind, as one that catches up with it does, end without a report. */
  const forget = (): void => {
    const left = known?.();
    for (const id of running.keys()) if (left?.has(id) === false) running.delete(id);
  };

  /** An actor that is restarted within this process goes on with what was seen before. */
  const begin = (session: Session, restarted: boolean, now: Moment): SessionProgress => {
    forget();
    const progress = running.get(session.id) ?? new SessionProgress(session, node, now, restarted);
    running.set(session.id, progress);
    return progress;
  };

  const leave = (progress: SessionProgress | undefined, now: Moment): void => {
    const phase = progress?.phase;
    const durationMs = progress?.leave(now);
    if (node === undefined || phase === undefined || durationMs === undefined) return;
    dkg.phaseDuration.observe({ phase }, durationMs / 1000, progress?.exemplar);
  };

  /** @param now when it was so */
  const onReport = (session: Session, report: DkgReport, now: Moment): void => {
    const line = log.child({ session: session.id });
    // One that has ended still serves those who come late: that is told, and is no part of it any more.
    const progress = report.type === 'started' ? begin(session, report.restarted, now) : running.get(session.id);
    switch (report.type) {
      case 'started':
        line.info({ event: 'dkg-started', attempt: session.attempt, restarted: report.restarted }, 'DKG session');
        break;
      case 'phase':
        progress?.enter(report.phase, now);
        line.debug({ event: 'dkg-phase', phase: report.phase, expected: report.expected }, `DKG ${report.phase}`);
        break;
      case 'message':
        progress?.heard(report.at);
        dkg.messages.inc({ phase: report.phase, result: 'accepted' });
        break;
      case 'held':
        if (!progress) break;
        if (report.count > progress.held) dkg.messages.inc({ phase: progress.phase, result: 'held' });
        progress.held = report.count;
        break;
      case 'rejected': {
        const { phase, reason, heldFrom } = report;
        const result = reason === 'duplicate' || reason === 'late' ? reason : 'rejected';
        dkg.messages.inc({ phase, result });
        line.debug({ event: 'rejected', phase, reason, heldFrom }, 'message not taken');
        if (result !== 'rejected') break;
        rejected.inc({ channel: 'dkg', reason });
        if (heldFrom === undefined) break;
        antiEntropy.heldFailed.inc();
        line.warn({ event: 'dkg-held-failed', phase, reason, from: heldFrom }, 'held message not taken');
        break;
      }
      case 'closed':
        decisions.views.inc({ use: 'dkg-close' }, report.view + 1);
        progress?.closed(report.included);
        leave(progress, now);
        line.debug({ event: 'dkg-closed', phase: report.phase, view: report.view }, `DKG ${report.phase} closed`);
        break;
      case 'asked':
        asked.set(session, (asked.get(session) ?? new Map()).set(report.to, report.reason));
        progress?.trace.event('asked', now.wallMs, { 'witan.reason': report.reason });
        break;
      case 'answered':
        progress?.answered(report.at);
        antiEntropy.requests.inc({
          kind: 'dkg',
          reason: asked.get(session)?.get(report.from) ?? 'no-progress',
          result: report.result,
        });
        asked.get(session)?.delete(report.from);
        if (report.recovered > 0) antiEntropy.recovered.inc({ kind: 'dkg' }, report.recovered);
        break;
      case 'served': {
        const result = report.limited ? 'limited' : report.items > 0 ? 'answered' : 'nothing';
        antiEntropy.served.inc({ kind: 'dkg', result });
        break;
      }
      case 'blame':
        dkg.blames.inc({ reason: report.reason });
        progress?.trace.event('blame', now.wallMs, { 'witan.reason': report.reason });
        line.warn({ event: 'blame', accused: report.node, reason: report.reason, phase: report.phase }, 'blamed');
        break;
      case 'stalled':
        progress?.stalled(report.waitingOn);
        progress?.trace.event('stalled', now.wallMs);
        line.warn({ event: 'dkg-stalled', phase: report.phase, waitingOn: report.waitingOn }, 'DKG waits');
        break;
      case 'resumed':
        progress?.stalled([]);
        progress?.trace.event('resumed', now.wallMs);
        line.info({ event: 'dkg-resumed', phase: report.phase }, 'DKG goes on');
        break;
      case 'done': {
        const { key, usableShare, source } = report;
        const fields = { event: 'dkg-done', key: toHex(key), usableShare, source };
        line.info(fields, usableShare ? 'DKG done' : 'DKG done, and no usable share here');
        running.delete(session.id);
        // It ended in an earlier life, which has told of it.
        if (source === 'journal' || !progress) break;
        leave(progress, now);
        const outcome = source === 'answer' ? 'learned' : 'done';
        dkg.sessions.inc({ outcome });
        if (outcome === 'learned') progress.answered(report.at);
        const hadPart = outcome === 'done' || !progress.isHearsay;
        if (node !== undefined && hadPart && !progress.isPartial)
          dkg.sessionDuration.observe((now.at - progress.startedAt) / 1000, progress.exemplar);
        progress.end(outcome, now.wallMs);
        break;
      }
      case 'repairing':
        dkg.shareRepairs.inc({ result: 'tried' });
        line.info({ event: 'share-repairing', attempt: report.attempt, dealers: report.dealers }, 'asks for its share');
        break;
      case 'repaired':
        dkg.shareRepairs.inc({ result: 'repaired' });
        line.info({ event: 'share-repaired', attempts: report.attempts }, 'has its share from the others');
        break;
      case 'failed':
        dkg.sessions.inc({ outcome: 'failed' });
        progress?.end('failed', now.wallMs);
        running.delete(session.id);
        line.error({ event: 'dkg-failed', reason: report.reason }, 'DKG failed');
        break;
    }
  };

  /** What a session sends carries its trace. */
  const sending = (session: Session, send: () => void): void => {
    const progress = running.get(session.id);
    if (progress) progress.trace.run(send);
    else send();
  };

  /** A message to a session's topic that no session here could be given. */
  const onBadMessage = (error: unknown): void => {
    const { code } = asWitanError(error);
    dkg.messages.inc({ phase: 'unknown', result: 'rejected' });
    rejected.inc({ channel: 'dkg', reason: rejectionReason(code) });
    log.debug({ event: 'rejected', err: error }, 'message not taken');
  };

  const onSuperseded = (session: Session): void => {
    dkg.sessions.inc({ outcome: 'superseded' });
    running.get(session.id)?.end('superseded', wallClock());
    running.delete(session.id);
    log.warn({ event: 'dkg-superseded', session: session.id, attempt: session.attempt }, 'DKG given up by the section');
  };

  /** Gauges of now are computed from the actors' own states, so that they are true after a restart and in a stall. */
  const watch = (sessions: () => Sessions, now: () => number, deadlineMs: number): void => {
    known = sessions;
    // The last one: of the session before it a process may still lack the end.
    const current = () =>
      [...sessions().values()].findLast(({ state }) => state.started && !isDone(state) && !state.failed);
    watchDkg(meter, { deadlineMs, node }, () => {
      const found = current();
      if (!found) return undefined;
      const phaseAt = running.get(found.session.id)?.phaseAt ?? now();
      return {
        phase: phaseName(found.state.phase),
        phaseAgeMs: now() - phaseAt,
        waitingOn: waitingOn(found.state).map((index) => nameOf(found.session, index)),
      };
    });
    antiEntropy.held.collect((set) => {
      const running = [...sessions().values()].filter(({ state }) => !isDone(state) && !state.failed);
      set(running.reduce((sum, { state }) => sum + state.held.size, 0));
    });
  };

  /** The process stops: the spans of what runs end here, so that they are told. */
  const stop = (): void => {
    forget();
    for (const progress of running.values()) progress.end('interrupted', wallClock());
    running.clear();
  };

  return { onReport, sending, onBadMessage, onSuperseded, watch, stop };
}

function nameOf({ participants }: Session, index: number): string {
  return participants.find((participant) => participant.index === index)!.name;
}
