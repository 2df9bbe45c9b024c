import { randomBytes } from 'node:crypto';

/**
 * All nodes put a session's spans into one trace, and nobody tells them its id: it is the start of the session id,
 * which is a hash. The span that stands for the whole session has the next 8 bytes as its id.
 */
export interface SpanIds {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

/** @param session the session id: at least 48 hex digits. */
export function sessionIds(session: string): SpanIds {
  return { traceId: session.slice(0, 32), spanId: session.slice(32, 48) };
}

let forced: SpanIds | undefined;

/** The span that `start` starts gets exactly these ids. */
export function withIds<T>(ids: SpanIds, start: () => T): T {
  forced = ids;
  try {
    return start();
  } finally {
    forced = undefined;
  }
}

/** For the SDK's provider: random ids, but for spans started in {@link withIds}. */
export const idGenerator = {
  generateTraceId: (): string => forced?.traceId ?? randomBytes(16).toString('hex'),
  generateSpanId: (): string => forced?.spanId ?? randomBytes(8).toString('hex'),
};
