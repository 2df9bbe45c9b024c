import { type DkgReport, isDone, phaseName, type Session, type State, waitingOn } from '@witan/dkg';
import type { Moment } from '@witan/elder';
import { asWitanError } from '@witan/errors';
import {
  antiEntropyMetrics,
  dkgMetrics,
  type Logger,
  type Meter,
  rejectionMetrics,
  rejectionReason,
  watchDkg,
} from '@witan/observability';
import { SessionProgress } from './session-progress.ts';
import { sessionReports } from './session-reports.ts';

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
  const { rejected } = rejectionMetrics(meter);
  const running = new Map<string, SessionProgress>();

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

  const reports = sessionReports({
    meter,
    isParticipant: node !== undefined,
    ended: ({ id }) => void running.delete(id),
  });

  /** @param now when it was so */
  const onReport = (session: Session, report: DkgReport, now: Moment): void => {
    const progress = report.type === 'started' ? begin(session, report.restarted, now) : running.get(session.id);
    const told = { session, log: log.child({ session: session.id }), now, progress };
    reports[report.type](report as never, told);
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

  const onSuperseded = (session: Session, lacking: readonly string[]): void => {
    // One that was done has been counted.
    if (lacking.length === 0) dkg.sessions.inc({ outcome: 'superseded' });
    running.get(session.id)?.end('superseded', wallClock());
    running.delete(session.id);
    const { id, attempt } = session;
    const what =
      lacking.length > 0
        ? 'DKG done, and given up: not everybody who is there has a share'
        : 'DKG given up by the section';
    log.warn({ event: 'dkg-superseded', session: id, attempt, ...(lacking.length > 0 && { lacking }) }, what);
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
