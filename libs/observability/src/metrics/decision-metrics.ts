import { counter, type Instruments, instruments, type Meter } from '../meter.ts';

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
    labels: { action: ['genesis', 'join', 'dkg', 'handover'] },
  }),
} as const;

export type DecisionMetrics = Instruments<typeof DECISION_METRICS>;

export const decisionMetrics = (meter: Meter): DecisionMetrics => instruments(meter, DECISION_METRICS);
