import { counter, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

/** Who decides: participants close DKG phases, elders decide the generations of their section. */
const USES = ['dkg-close', 'section'] as const;

export const DECISION_METRICS = {
  views: counter({
    name: 'witan_decision_views_total',
    help: 'Views entered; more than one for a decision means that a leader was slow, silent or refused',
    labels: { use: USES },
  }),
  decisions: counter({
    name: 'witan_decisions_total',
    help: "The elders' decisions that were applied, by what was decided",
    labels: { action: ['genesis', 'join', 'leave', 'relocate', 'dkg', 'handover', 'split'] },
  }),
  duration: histogram({
    name: 'witan_decision_duration_seconds',
    help: 'From the first proposal seen to the certificate',
    labels: { use: USES },
    // Two rounds of votes take 2 to 20 ms in one place; each leader that is passed over costs a view timeout of seconds.
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  }),
} as const;

export type DecisionMetrics = Instruments<typeof DECISION_METRICS>;

export const decisionMetrics = (meter: Meter): DecisionMetrics => instruments(meter, DECISION_METRICS);
