import { counter, gauge, histogram, type Instruments, instruments, type Meter } from '../meter.ts';

export const DKG_PHASES = [
  'initialisation',
  'contribution',
  'complaining',
  'justification',
  'commitment',
  'finalisation',
] as const;

/**
 * A phase among 7 participants on one machine takes 5 to 40 ms and among 31 some hundred; a silent participant costs
 * one deadline (seconds), and a stall lasts until people return (minutes). Steps of about 2 over that whole range.
 */
const PHASE_SECONDS = [0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10, 30, 60, 120];

/** So many of those that are waited for are named. */
const PLACES = ['1', '2', '3', '4', '5', '6', '7', '8'] as const;
/** What a float holds without loss. */
const ID_DIGITS = 12;

export const DKG_METRICS = {
  phaseDuration: histogram({
    name: 'witan_dkg_phase_duration_seconds',
    help: 'From the start of a DKG phase to its close, as this participant saw it; of Finalisation to the share on disk',
    labels: { phase: DKG_PHASES },
    buckets: PHASE_SECONDS,
  }),
  sessionDuration: histogram({
    name: 'witan_dkg_session_duration_seconds',
    help: 'From DkgStart to the share on disk, as this participant saw it',
    buckets: PHASE_SECONDS,
  }),
  sessions: counter({
    name: 'witan_dkg_sessions_total',
    help: 'Ends of DKG sessions that were news to this process: done by what was said to all, learned by an answer of anti-entropy, failed, or superseded by a further attempt',
    labels: { outcome: ['done', 'learned', 'failed', 'superseded'] },
  }),
  phase: gauge({
    name: 'witan_dkg_phase',
    help: 'Phase of the running DKG session: 1 initialisation to 6 finalisation; 0 if none runs',
  }),
  phaseAge: gauge({
    name: 'witan_dkg_phase_age_seconds',
    help: 'For how long this process has seen the running DKG session in its phase; 0 if none runs',
  }),
  phaseDeadline: gauge({
    name: 'witan_dkg_phase_deadline_seconds',
    help: 'How long a DKG phase waits for everyone before a supermajority may close it, as this process is configured',
  }),
  waitingOn: gauge({
    name: 'witan_dkg_waiting_on',
    help: 'Participants whose message the current phase still misses',
  }),
  // Values and not labels: a name as a label would let whoever comes and goes make time series.
  waitingFor: gauge({
    name: 'witan_dkg_waiting_for',
    help: 'Who these participants are, up to eight of them: the number that each has as witan_node_id',
    labels: { place: PLACES },
  }),
  nodeId: gauge({
    name: 'witan_node_id',
    help: 'Which node this elder process is of: the first twelve hex digits of the name of the node, as a number',
  }),
  messages: counter({
    name: 'witan_dkg_messages_total',
    help: 'DKG messages received, by the phase they are for and what became of them',
    labels: { phase: [...DKG_PHASES, 'unknown'], result: ['accepted', 'held', 'duplicate', 'late', 'rejected'] },
  }),
  shareRepairs: counter({
    name: 'witan_dkg_share_repairs_total',
    help: 'Shares of a key that was made without them: attempts to get one back from the other participants, and those that did',
    labels: { result: ['tried', 'repaired'] },
  }),
  blames: counter({
    name: 'witan_dkg_blames_total',
    help: 'Participants blamed with proof',
    labels: {
      reason: [
        'equivocation',
        'invalid-message',
        'too-many-complaints',
        'not-justified',
        'false-accusation',
        'false-commitment',
        'bad-signature-share',
      ],
    },
  }),
} as const;

export type DkgMetrics = Instruments<typeof DKG_METRICS>;

export const dkgMetrics = (meter: Meter): DkgMetrics => instruments(meter, DKG_METRICS);

/** Where the running session is now. */
export interface DkgView {
  readonly phase: (typeof DKG_PHASES)[number];
  readonly phaseAgeMs: number;
  /** Hex names. */
  readonly waitingOn: readonly string[];
}

/**
 * Keeps the gauges of "now" true, also while nothing moves: `read` is asked at each scrape.
 *
 * @param node hex name; a coordinator has none
 */
export function watchDkg(
  meter: Meter,
  { deadlineMs, node }: { readonly deadlineMs: number; readonly node: string | undefined },
  read: () => DkgView | undefined,
): void {
  const { phase, phaseAge, phaseDeadline, waitingOn, waitingFor, nodeId } = dkgMetrics(meter);
  if (node !== undefined) nodeId.set(idOf(node));
  phaseDeadline.set(deadlineMs / 1000);
  phase.collect((set) => {
    const view = read();
    set(view === undefined ? 0 : DKG_PHASES.indexOf(view.phase) + 1);
  });
  phaseAge.collect((set) => set((read()?.phaseAgeMs ?? 0) / 1000));
  waitingOn.collect((set) => set(read()?.waitingOn.length ?? 0));
  waitingFor.collect((set) => {
    const names = read()?.waitingOn ?? [];
    for (const [index, place] of PLACES.entries()) if (index < names.length) set({ place }, idOf(names[index]!));
  });
}

function idOf(name: string): number {
  return Number.parseInt(name.slice(0, ID_DIGITS), 16);
}
