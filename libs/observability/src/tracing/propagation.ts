import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { errorCode } from '@witan/errors';
import { TRACER_NAME } from './session-trace.ts';

type Headers = Readonly<Record<string, string>>;

/** The headers of a message with the running span's context added (W3C `traceparent`); unchanged if none is traced. */
export function injectTrace(headers: Headers | undefined): Headers | undefined {
  const active = context.active();
  if (trace.getSpanContext(active) === undefined) return headers;
  const carrier = { ...headers };
  propagation.inject(active, carrier);
  return carrier;
}

/**
 * The context that a message came with. It says where spans belong and nothing else: a peer that lies in it makes a
 * misleading trace, and changes no behaviour.
 */
export function extractTrace(headers: Headers): Context {
  return propagation.extract(ROOT_CONTEXT, headers);
}

/** Handles a message as a part of the trace that it came with. */
export function continueTrace<T>(headers: Headers | undefined, handle: () => T): T {
  return headers?.traceparent === undefined ? handle() : context.with(extractTrace(headers), handle);
}

export interface SpanOptions {
  readonly attributes?: Attributes;
  /** What the span belongs to; the running span unless given. */
  readonly parent?: Context;
  /** `client` asks over the network, `server` answers. */
  readonly kind?: 'internal' | 'client' | 'server';
}

const KINDS = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

/** Runs `work` in a span; if it throws, the span carries the code of the error. Costs next to nothing untraced. */
export async function withSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const { attributes = {}, parent = context.active(), kind = 'internal' } = options;
  const span = trace.getTracer(TRACER_NAME).startSpan(name, { attributes, kind: KINDS[kind] }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), work);
  } catch (error) {
    span.setAttribute('error.type', errorCode(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** The id of the running trace, for a log line or an exemplar; undefined untraced. */
export function traceId(): string | undefined {
  return trace.getSpanContext(context.active())?.traceId;
}
