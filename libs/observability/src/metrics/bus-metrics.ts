import { CODES, type WitanErrorCode } from '@witan/errors';
import { counter, gauge, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

const DIRECTIONS = ['in', 'out'] as const;

export const BUS_METRICS = {
  connected: gauge({ name: 'witan_bus_connected', help: '1 while the bus is connected, else 0' }),
  disconnects: counter({ name: 'witan_bus_disconnects_total', help: 'Connections that were lost' }),
  messages: counter({
    name: 'witan_bus_messages_total',
    help: 'Messages that crossed the bus, requests and replies among them',
    labels: { direction: DIRECTIONS },
  }),
  bytes: counter({
    name: 'witan_bus_bytes_total',
    help: 'Payload bytes that crossed the bus',
    labels: { direction: DIRECTIONS },
  }),
  dropped: counter({
    name: 'witan_bus_dropped_total',
    help: 'Messages not sent (not connected, too much unsent) or not handled (too many unfinished)',
  }),
  slowConsumers: counter({ name: 'witan_bus_slow_consumers_total', help: 'Times that this client fell behind' }),
  forbidden: counter({
    name: 'witan_bus_forbidden_total',
    help: 'What the NATS server did not permit this user: messages to a subject, subscriptions to it',
    labels: { operation: ['publish', 'subscribe'] },
  }),
  handlerErrors: counter({ name: 'witan_bus_handler_errors_total', help: 'Messages whose handler failed' }),
  requestDuration: histogram({
    name: 'witan_bus_request_duration_seconds',
    help: 'From a request to its answer; requests without an answer count as errors instead',
    // A round trip is 70 us at the median and 250 us at p99 on one machine, milliseconds between zones; an answer
    // with a proof to compute takes tens of milliseconds.
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
  }),
  errors: counter({
    name: 'witan_bus_request_errors_total',
    help: 'Requests that failed, by the code of the error',
    labels: { code: Object.keys(CODES) as WitanErrorCode[] },
  }),
} as const;

/** Fits the `stats` and the `status` of a bus. */
export interface BusView {
  readonly status: string;
  readonly stats: {
    readonly published: number;
    readonly publishedBytes: number;
    readonly received: number;
    readonly receivedBytes: number;
    readonly handlerErrors: number;
    readonly dropped: number;
    readonly slowConsumers: number;
    readonly disconnects: number;
    readonly forbiddenPublishes: number;
    readonly forbiddenSubscriptions: number;
  };
}

/** A process that waits for its first connection says so: of one without this series no alert could tell. */
export function watchNoBus(meter: Meter): void {
  meter.gauge(BUS_METRICS.connected).collect((set) => set(0));
}

/** The bus's own counts, read at each scrape. @returns what is measured at each request. */
export function watchBus(
  meter: Meter,
  bus: BusView,
): Pick<Instruments<typeof BUS_METRICS>, 'requestDuration' | 'errors'> {
  const metrics = instruments(meter, BUS_METRICS);
  metrics.connected.collect((set) => set(bus.status === 'connected' ? 1 : 0));
  metrics.disconnects.collect((set) => set(bus.stats.disconnects));
  metrics.messages.collect((set) => {
    set({ direction: 'in' }, bus.stats.received);
    set({ direction: 'out' }, bus.stats.published);
  });
  metrics.bytes.collect((set) => {
    set({ direction: 'in' }, bus.stats.receivedBytes);
    set({ direction: 'out' }, bus.stats.publishedBytes);
  });
  metrics.dropped.collect((set) => set(bus.stats.dropped));
  metrics.slowConsumers.collect((set) => set(bus.stats.slowConsumers));
  metrics.forbidden.collect((set) => {
    set({ operation: 'publish' }, bus.stats.forbiddenPublishes);
    set({ operation: 'subscribe' }, bus.stats.forbiddenSubscriptions);
  });
  metrics.handlerErrors.collect((set) => set(bus.stats.handlerErrors));
  return metrics;
}
