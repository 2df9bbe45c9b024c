import { counter, gauge, histogram, instruments, type Meter } from '../meter.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;

const STATUSES = [
  ...(['200', '201', '202', '204', '206', '301', '302', '304'] as const),
  ...(['400', '401', '403', '404', '405', '406', '408', '409', '413', '415', '422', '429', '431'] as const),
  ...(['500', '503', '504', '507', 'other'] as const),
];

const STREAM_ENDS = ['client-left', 'too-slow', 'shutdown'] as const;

/** The metrics of an HTTP server with these route templates (`/v1/nodes/:name`, never a path that a client made up). */
export const httpDefinitions = <const R extends string>(routes: readonly R[]) => ({
  requestDuration: histogram({
    name: 'witan_http_request_duration_seconds',
    help: 'From the request to the last byte of the answer; event streams are not counted',
    labels: { route: [...routes, 'unmatched'], method: METHODS, status: STATUSES },
    // Answers from memory take 1 ms, an attestation some tens; the objective for clients is 5 s at p99 during faults.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  // Of the durations there are too many series for all to be there from the start: a first failure would be no growth.
  requests: counter({
    name: 'witan_http_requests_total',
    help: 'Requests by how they ended: an answer from 500 on is one that failed; event streams are not counted',
    labels: { route: [...routes, 'unmatched'], result: ['answered', 'failed'] },
  }),
  streams: gauge({ name: 'witan_http_event_streams', help: 'Open server-sent event streams' }),
  streamsClosed: counter({
    name: 'witan_http_event_streams_closed_total',
    help: 'Event streams that ended, by why',
    labels: { reason: STREAM_ENDS },
  }),
  streamsRefused: counter({
    name: 'witan_http_event_streams_refused_total',
    help: 'Event streams refused because too many were open, or as many of one client as one may have',
  }),
});

/** Fits the observer of the gateway. What is in no closed set counts as `other`, a route as `unmatched`. */
export interface HttpObserverMetrics {
  requestDone(request: { route: string; method: string; status: number; seconds: number }): void;
  streamOpened(): void;
  streamClosed(reason: (typeof STREAM_ENDS)[number]): void;
  streamRefused(): void;
}

/** An observer that counts what an HTTP server with these routes does. Once a process. */
export function httpObserver(meter: Meter, routes: readonly string[]): HttpObserverMetrics {
  const metrics = instruments(meter, httpDefinitions(routes));
  const known = new Set<string>(routes);
  const within = <V extends string>(values: readonly V[], value: string): V | 'other' =>
    values.find((each) => each === value) ?? 'other';
  let open = 0;
  metrics.streams.collect((set) => set(open));
  return {
    requestDone: ({ route: given, method, status, seconds }) => {
      const route = known.has(given) ? given : 'unmatched';
      metrics.requests.inc({ route, result: status >= 500 ? 'failed' : 'answered' });
      metrics.requestDuration.observe(
        { route, method: within(METHODS, method), status: within(STATUSES, String(status)) },
        seconds,
      );
    },
    streamOpened: () => {
      open++;
    },
    streamClosed: (reason) => {
      open--;
      metrics.streamsClosed.inc({ reason });
    },
    streamRefused: () => metrics.streamsRefused.inc(),
  };
}
