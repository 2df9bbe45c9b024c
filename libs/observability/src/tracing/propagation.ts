import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';

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
 * Handles a message as a part of the trace that it came with. That says where spans belong and nothing else: a peer that
 * lies in it makes a misleading trace, and changes no behaviour.
 */
export function continueTrace<T>(headers: Headers | undefined, handle: () => T): T {
  if (headers?.traceparent === undefined) return handle();
  return context.with(propagation.extract(ROOT_CONTEXT, headers), handle);
}
