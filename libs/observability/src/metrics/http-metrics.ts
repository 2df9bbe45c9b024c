import { gauge, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const;

const STATUSES = [
  ...(['200', '201', '202', '204', '206', '301', '302', '304'] as const),
  ...(['400', '401', '403', '404', '405', '406', '408', '409', '413', '415', '422', '429'] as const),
  ...(['500', '503', '504', '507', 'other'] as const),
];

/** The metrics of an HTTP server with these route templates (`/v1/nodes/:name`, never a path that a client made up). */
export const httpDefinitions = <const R extends string>(routes: readonly R[]) => ({
  requestDuration: histogram({
    name: 'witan_http_request_duration_seconds',
    help: 'From the request to the last byte of the answer',
    labels: { route: [...routes, 'other'], method: METHODS, status: STATUSES },
    // Answers from memory take 1 ms, an attestation some tens; the objective for clients is 5 s at p99 during faults.
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  inFlight: gauge({
    name: 'witan_http_requests_in_flight',
    help: 'Requests being answered, event streams not counted',
  }),
  eventStreams: gauge({ name: 'witan_http_event_streams', help: 'Open server-sent event streams' }),
});

export interface HttpMetrics {
  /** Values outside the closed sets count as `other`. */
  observe(request: { route: string; method: string; status: number; seconds: number }): void;
  readonly inFlight: Instruments<ReturnType<typeof httpDefinitions>>['inFlight'];
  readonly eventStreams: Instruments<ReturnType<typeof httpDefinitions>>['eventStreams'];
}

/** Once a process. */
export function httpMetrics(meter: Meter, routes: readonly string[]): HttpMetrics {
  const { requestDuration, inFlight, eventStreams } = instruments(meter, httpDefinitions(routes));
  const known = new Set<string>(routes);
  const within = <V extends string>(values: readonly V[], value: string): V | 'other' =>
    values.find((each) => each === value) ?? 'other';
  return {
    observe: ({ route, method, status, seconds }) =>
      requestDuration.observe(
        {
          route: known.has(route) ? route : 'other',
          method: within(METHODS, method),
          status: within(STATUSES, String(status)),
        },
        seconds,
      ),
    inFlight,
    eventStreams,
  };
}
