import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { DKG_PHASES } from '../metrics/dkg-metrics.ts';
import { sessionIds, withIds } from './session-ids.ts';

export const TRACER_NAME = 'witan';
/** Spans that carry it are always sampled: sessions are few, and each matters. */
export const SESSION_ATTRIBUTE = 'witan.session';

export interface SessionTraceOptions {
  /** Hex session id. */
  readonly session: string;
  readonly prefix: string;
  /** Hex name of the node; of a coordinator undefined. */
  readonly node?: string;
  readonly startedAtMs: number;
  readonly attributes?: Attributes;
}

export interface SessionPhase {
  readonly phase: (typeof DKG_PHASES)[number];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly attributes?: Attributes;
}

/** What one process saw of a session. All times are milliseconds since the epoch. */
export interface SessionTrace {
  /** 32 hex digits; undefined where it is not recorded. */
  readonly traceId: string | undefined;
  /** A span for a phase that is over. */
  phase(phase: SessionPhase): void;
  /** Something that happened at one moment: a blame, an anti-entropy request, a stall. */
  event(name: string, atMs: number, attributes?: Attributes): void;
  /** Runs `send` with this trace as the running one, so that what it sends carries it in its headers. */
  run<T>(send: () => T): T;
  end(outcome: 'done' | 'learned' | 'failed' | 'superseded' | 'interrupted', atMs: number): void;
  /**
   * Tells of the session as a whole, from when it began here: the root of the trace. Whoever tells of it tells of the same
   * span, by its id and all but the times.
   */
  whole(outcome: 'done' | 'failed' | 'superseded', atMs: number): void;
}

/** Unlike a number, a pair is never taken for a reading of the process's own clock. */
const hrTime = (ms: number): [number, number] => [Math.trunc(ms / 1000), Math.round((ms % 1000) * 1e6)];

function endSpan(span: Span, outcome: string, atMs: number): void {
  span.setAttribute('witan.outcome', outcome);
  if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(hrTime(atMs));
}

/**
 * The trace of a DKG session: one for all nodes. Each participant adds a span with a child for each phase, and each
 * coordinator a span. All are children of one root, whose id all know: where nobody tells of it, the trace has none.
 */
export function sessionTrace(options: SessionTraceOptions): SessionTrace {
  const { session, prefix, node, startedAtMs } = options;
  const shared: Attributes = { [SESSION_ATTRIBUTE]: session, 'witan.prefix': prefix };
  const common: Attributes = node === undefined ? shared : { ...shared, 'witan.node': node };
  const tracer = trace.getTracer(TRACER_NAME);
  const ids = sessionIds(session);
  const startTime = hrTime(startedAtMs);

  const root = trace.setSpanContext(ROOT_CONTEXT, { ...ids, traceFlags: TraceFlags.SAMPLED, isRemote: true });
  const name = node === undefined ? 'dkg coordinator' : 'dkg participant';
  const span = tracer.startSpan(name, { startTime, attributes: { ...common, ...options.attributes } }, root);
  const inside = trace.setSpan(ROOT_CONTEXT, span);

  return {
    traceId: span.isRecording() ? ids.traceId : undefined,
    phase: ({ phase, startedAtMs: phaseStart, endedAtMs, attributes: own }) =>
      tracer
        .startSpan(
          `dkg ${phase}`,
          { startTime: hrTime(phaseStart), attributes: { ...common, 'witan.phase': phase, ...own } },
          inside,
        )
        .end(hrTime(endedAtMs)),
    event: (name, atMs, own = {}) => void span.addEvent(name, own, hrTime(atMs)),
    run: (send) => context.with(inside, send),
    end: (outcome, atMs) => endSpan(span, outcome, atMs),
    whole: (outcome, atMs) => {
      const attributes = { ...shared, ...options.attributes };
      const start = () => tracer.startSpan('dkg session', { startTime, attributes }, ROOT_CONTEXT);
      endSpan(withIds(ids, start), outcome, atMs);
    },
  };
}
