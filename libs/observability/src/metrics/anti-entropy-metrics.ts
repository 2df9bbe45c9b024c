import { counter, gauge, type Instruments, instruments, type Meter } from '../meter.ts';

/** What is asked for: `ae.dkg` and `ae.section`. */
const KINDS = ['dkg', 'section'] as const;

export const ANTI_ENTROPY_METRICS = {
  requests: counter({
    name: 'witan_anti_entropy_requests_total',
    help: 'Requests made for what was lacking, by why, and by what the answer brought',
    labels: {
      kind: KINDS,
      reason: ['later-phase', 'missing-message', 'no-progress', 'restart', 'more', 'behind'],
      result: ['new', 'nothing', 'timeout', 'refused'],
    },
  }),
  recovered: counter({
    name: 'witan_anti_entropy_recovered_total',
    help: 'Messages, closes and decisions that came by an answer and were new',
    labels: { kind: KINDS },
  }),
  served: counter({
    name: 'witan_anti_entropy_served_total',
    help: 'Requests of others, by what they got; limited: over the rate of one peer',
    labels: { kind: KINDS, result: ['answered', 'nothing', 'limited'] },
  }),
  held: gauge({
    name: 'witan_held_messages',
    help: 'Messages that wait for exactly what they need',
  }),
  heldFailed: counter({
    name: 'witan_held_messages_failed_total',
    help: 'Held messages that failed when they were applied; it stays 0 unless their author is faulty',
  }),
} as const;

export type AntiEntropyMetrics = Instruments<typeof ANTI_ENTROPY_METRICS>;

export const antiEntropyMetrics = (meter: Meter): AntiEntropyMetrics => instruments(meter, ANTI_ENTROPY_METRICS);
