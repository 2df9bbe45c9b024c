import { CODES, type WitanErrorCode } from '@witan/errors';
import { counter, gauge, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

const DIRECTIONS = ['in', 'out'] as const;

export const BUS_METRICS = {
  messages: counter({
    name: 'witan_bus_messages_total',
    help: 'Messages that crossed the bus',
    labels: { direction: DIRECTIONS, kind: ['broadcast', 'request', 'reply'] },
  }),
  bytes: counter({
    name: 'witan_bus_bytes_total',
    help: 'Payload bytes that crossed the bus',
    labels: { direction: DIRECTIONS },
  }),
  connected: gauge({ name: 'witan_bus_connected', help: '1 while the bus is connected' }),
  reconnects: counter({ name: 'witan_bus_reconnects_total', help: 'Connections made again after a loss' }),
  requestDuration: histogram({
    name: 'witan_bus_request_duration_seconds',
    help: 'From a request to its answer; those without an answer count as errors',
    // A round trip is 70 us at the median and 250 us at p99 on one machine, milliseconds between zones; an answer
    // with a proof to compute takes tens of milliseconds.
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
  }),
  errors: counter({
    name: 'witan_bus_errors_total',
    help: 'Requests and messages that failed, by the code of the error',
    labels: { code: Object.keys(CODES) as WitanErrorCode[] },
  }),
} as const;

export type BusMetrics = Instruments<typeof BUS_METRICS>;

export const busMetrics = (meter: Meter): BusMetrics => instruments(meter, BUS_METRICS);
