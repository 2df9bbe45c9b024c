import { toHex } from '@witan/crypto';
import { type DkgReport, isDone, phaseName, type Session, type State, waitingOn } from '@witan/dkg';
import { asWitanError } from '@witan/errors';
import {
  antiEntropyMetrics,
  decisionMetrics,
  dkgMetrics,
  type Logger,
  type Meter,
  rejectionMetrics,
  rejectionReason,
  type SessionTrace,
  sessionTrace,
  watchDkg,
} from '@witan/observability';

interface Watched {
  readonly meter: Meter;
  readonly log: Logger;
  /** Hex name; a coordinator has none. */
  readonly node?: string;
  readonly wallClock: () => number;
}

interface Progress {
  phase: Extract<DkgReport, { type: 'phase' }>['phase'];
  phaseAt: number;
  phaseWallMs: number;
  startedAt: number;
  restarted: boolean;
  /** Begun before this process: how long it took is not known. */
  phaseIsPartial: boolean;
  held: number;
  /** Why each was asked whose answer has not come. */
  readonly asked: Map<string, Extract<DkgReport, { type: 'asked' }>['reason']>;
  readonly trace: SessionTrace;
}

type Sessions = ReadonlyMap<string, { readonly session: Session; readonly state: State }>;

/** Metrics, log and traces of the DKG sessions of one process. */
export function watchSessions({ meter, log, node, wallClock }: Watched) {
  const dkg = dkgMetrics(meter);
  const antiEntropy = antiEntropyMetrics(meter);
  const decisions = decisionMetrics(meter);
  const { rejected } = rejectionMetrics(meter);
  const running = new Map<string, Progress>();

  const begin = (session: Session, at: number, restarted: boolean): Progress => {
    const progress: Progress = {
      phase: 'initialisation',
      phaseAt: at,
      phaseWallMs: wallClock(),
      startedAt: at,
      restarted,
      phaseIsPartial: restarted,
      held: 0,
      asked: new Map(),
      trace: sessionTrace({
        session: session.id,
        prefix: session.prefix,
        ...(node === undefined ? {} : { node }),
        startedAtMs: wallClock(),
        attributes: { 'witan.attempt': session.attempt, 'witan.generation': session.generation },
      }),
    };
    running.set(session.id, progress);
    return progress;
  };

  const endPhase = (progress: Progress, at: number): void => {
    // A coordinator sees a session late and in bundles: when, is for its participants to tell.
    if (node !== undefined && !progress.phaseIsPartial) {
      dkg.phaseDuration.observe({ phase: progress.phase }, (at - progress.phaseAt) / 1000);
    }
    progress.phaseIsPartial = false;
    progress.trace.phase({ phase: progress.phase, startedAtMs: progress.phaseWallMs, endedAtMs: wallClock() });
  };

  const onReport = (session: Session, report: DkgReport): void => {
    const line = log.child({ session: session.id });
    const progress =
      running.get(session.id) ?? begin(session, report.at, report.type === 'started' && report.restarted);
    switch (report.type) {
      case 'started':
        line.info({ event: 'dkg-started', attempt: session.attempt, restarted: report.restarted }, 'DKG session');
        break;
      case 'phase':
        progress.phase = report.phase;
        progress.phaseAt = report.at;
        progress.phaseWallMs = wallClock();
        line.debug({ event: 'dkg-phase', phase: report.phase, expected: report.expected }, `DKG ${report.phase}`);
        break;
      case 'message':
        dkg.messages.inc({ phase: report.phase, result: 'accepted' });
        break;
      case 'held':
        if (report.count > progress.held) dkg.messages.inc({ phase: progress.phase, result: 'held' });
        progress.held = report.count;
        break;
      case 'rejected': {
        const result = report.reason === 'duplicate' || report.reason === 'late' ? report.reason : 'rejected';
        dkg.messages.inc({ phase: report.phase, result });
        if (result !== 'rejected') break;
        rejected.inc({ channel: 'dkg', reason: report.reason });
        if (report.heldFrom === undefined) break;
        antiEntropy.heldFailed.inc();
        line.warn(
          { event: 'dkg-held-failed', phase: report.phase, reason: report.reason, from: report.heldFrom },
          'held message not taken',
        );
        break;
      }
      case 'closed':
        decisions.views.inc({ use: 'dkg-close' }, report.view + 1);
        endPhase(progress, report.at);
        line.debug({ event: 'dkg-closed', phase: report.phase, view: report.view }, `DKG ${report.phase} closed`);
        break;
      case 'asked':
        progress.asked.set(report.to, report.reason);
        progress.trace.event('asked', wallClock(), { 'witan.reason': report.reason });
        break;
      case 'answered':
        antiEntropy.requests.inc({
          kind: 'dkg',
          reason: progress.asked.get(report.from) ?? 'no-progress',
          result: report.result,
        });
        progress.asked.delete(report.from);
        if (report.recovered > 0) antiEntropy.recovered.inc({ kind: 'dkg' }, report.recovered);
        break;
      case 'served': {
        const result = report.limited ? 'limited' : report.items > 0 ? 'answered' : 'nothing';
        antiEntropy.served.inc({ kind: 'dkg', result });
        break;
      }
      case 'blame':
        dkg.blames.inc({ reason: report.reason });
        progress.trace.event('blame', wallClock(), { 'witan.reason': report.reason });
        line.warn({ event: 'blame', accused: report.node, reason: report.reason, phase: report.phase }, 'blamed');
        break;
      case 'stalled':
        progress.trace.event('stalled', wallClock());
        line.warn({ event: 'dkg-stalled', phase: report.phase, waitingOn: report.waitingOn }, 'DKG waits');
        break;
      case 'resumed':
        line.info({ event: 'dkg-resumed', phase: report.phase }, 'DKG goes on');
        break;
      case 'done': {
        endPhase(progress, report.at);
        const outcome = progress.restarted ? 'learned' : 'done';
        if (node !== undefined && !progress.restarted)
          dkg.sessionDuration.observe((report.at - progress.startedAt) / 1000);
        dkg.sessions.inc({ outcome });
        progress.trace.end(outcome, wallClock());
        running.delete(session.id);
        const fields = { event: 'dkg-done', key: toHex(report.key), usableShare: report.usableShare };
        line.info(fields, report.usableShare ? 'DKG done' : 'DKG done, and no usable share here');
        break;
      }
      case 'failed':
        dkg.sessions.inc({ outcome: 'failed' });
        progress.trace.end('failed', wallClock());
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
    running.get(session.id)?.trace.end('superseded', wallClock());
    running.delete(session.id);
    log.warn({ event: 'dkg-superseded', session: session.id, attempt: session.attempt }, 'DKG given up by the section');
  };

  /** Gauges of now are computed from the actors' own states, so that they are true after a restart and in a stall. */
  const watch = (sessions: () => Sessions, now: () => number): void => {
    const current = () =>
      [...sessions().values()].find(({ state }) => state.started && !isDone(state) && !state.failed);
    watchDkg(meter, () => {
      const found = current();
      if (!found) return undefined;
      const phaseAt = running.get(found.session.id)?.phaseAt ?? now();
      return {
        phase: phaseName(found.state.phase),
        phaseAgeMs: now() - phaseAt,
        waitingOn: waitingOn(found.state).length,
      };
    });
    antiEntropy.held.collect((set) => set(current()?.state.held.size ?? 0));
  };

  return { onReport, sending, onBadMessage, onSuperseded, watch };
}
