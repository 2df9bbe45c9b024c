import type { Row } from '../support/metric-run.ts';

type Who = Row['who'][number];
type Expected = Row['expected'];
type Labels = NonNullable<Row['labels']>;

const always = (expected: Expected['healthy']): Expected => ({
  healthy: expected,
  stalled: expected,
  recovered: expected,
});

const row = (who: Who | readonly Who[], metric: string, expected: Expected, labels?: Labels): Row => ({
  metric,
  who: Array.isArray(who) ? who : [who as Who],
  expected,
  ...(labels && { labels }),
});

const EVERY: readonly Who[] = ['elder', 'adult', 'gateway', 'dkg-coordinator'];
const NODES: readonly Who[] = ['elder', 'adult'];
const SESSIONS: readonly Who[] = ['elder', 'dkg-coordinator'];

/** It goes up from one look at it to the next, whatever happens. */
const GROWS = always('grown');
const LATER_PHASES = ['contribution', 'complaining', 'commitment', 'finalisation'] as const;

/**
 * What each metric says. Eight nodes of which seven are elders. Before the stall one elder hears nothing of a session
 * that replaces a dead one; in the stall three are dead, a session waits for them in Contribution, and something of every
 * kind is sent that nobody takes.
 */
export const METRIC_TABLE: readonly Row[] = [
  // The DKG.
  row(
    'elder',
    'witan_dkg_phase_duration_seconds_count',
    { healthy: 'grown', stalled: 'grown', recovered: 'same' },
    { phase: 'initialisation' },
  ),
  row(
    'elder',
    'witan_dkg_messages_total',
    { healthy: 'grown', stalled: 'grown', recovered: 'same' },
    { phase: 'initialisation', result: 'accepted' },
  ),
  ...LATER_PHASES.flatMap((phase) => [
    row('elder', 'witan_dkg_phase_duration_seconds_count', GROWS, { phase }),
    row('elder', 'witan_dkg_messages_total', GROWS, { phase, result: 'accepted' }),
  ]),
  row('elder', 'witan_dkg_phase_duration_seconds_count', always(0), { phase: 'justification' }),
  row('elder', 'witan_dkg_messages_total', { healthy: 'any', stalled: 'grown', recovered: 'any' }, { result: 'late' }),
  row(
    'elder',
    'witan_dkg_messages_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { result: 'duplicate' },
  ),
  row(
    'elder',
    'witan_dkg_messages_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { result: 'rejected' },
  ),
  row(
    'late elder',
    'witan_dkg_messages_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { result: 'held' },
  ),
  // An answer of anti-entropy is sometimes there before what was said to all: at a coordinator, which listens in bundles,
  // or on a slow machine.
  row(SESSIONS, 'witan_dkg_sessions_total', GROWS),
  row('elder', 'witan_dkg_sessions_total', { healthy: 'grown', stalled: 'any', recovered: 'any' }, { outcome: 'done' }),
  row('returned elders', 'witan_dkg_sessions_total', { healthy: 'any', stalled: 'any', recovered: 'positive' }),
  row(SESSIONS, 'witan_dkg_sessions_total', always(0), { outcome: 'failed' }),
  // The elders do not take a key of which the one that heard nothing has no share, at first.
  row(
    SESSIONS,
    'witan_dkg_sessions_total',
    { healthy: 0, stalled: 'any', recovered: 'any' },
    { outcome: 'superseded' },
  ),
  row('elder', 'witan_dkg_session_duration_seconds_count', GROWS),
  row(SESSIONS, 'witan_dkg_blames_total', always(0)),
  row(SESSIONS, 'witan_dkg_share_repairs_total', { healthy: 0, stalled: 'any', recovered: 'any' }),
  row(SESSIONS, 'witan_dkg_phase', { healthy: 0, stalled: 2, recovered: 0 }),
  row(SESSIONS, 'witan_dkg_phase_age_seconds', { healthy: 0, stalled: 'positive', recovered: 0 }),
  row(SESSIONS, 'witan_dkg_phase_deadline_seconds', always(1)),
  row(SESSIONS, 'witan_dkg_waiting_on', { healthy: 0, stalled: 3, recovered: 0 }),
  row(
    SESSIONS,
    'witan_dkg_waiting_for',
    { healthy: 'absent', stalled: 'positive', recovered: 'absent' },
    { place: '3' },
  ),
  row(SESSIONS, 'witan_dkg_waiting_for', always('absent'), { place: '4' }),
  row('elder', 'witan_node_id', always('positive')),

  // Anti-entropy. Peers that are alive have nothing for a section that waits, and dead ones do not answer.
  row(EVERY, 'witan_anti_entropy_requests_total', always('positive'), { kind: 'section', reason: 'restart' }),
  row(
    'elder',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { kind: 'dkg', reason: 'no-progress', result: 'nothing' },
  ),
  row(
    'elder',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { kind: 'dkg', reason: 'no-progress', result: 'timeout' },
  ),
  row(
    'late elder',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { kind: 'dkg', reason: 'later-phase' },
  ),
  row(
    'late elder',
    'witan_anti_entropy_recovered_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { kind: 'dkg' },
  ),
  row(
    'returned elders',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'any', recovered: 'positive' },
    { kind: 'dkg', result: 'new' },
  ),
  row(
    'returned elders',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'any', recovered: 'positive' },
    { kind: 'dkg', reason: 'restart' },
  ),
  row(
    'returned elders',
    'witan_anti_entropy_recovered_total',
    { healthy: 'any', stalled: 'any', recovered: 'positive' },
    { kind: 'dkg' },
  ),
  row(
    'replaced elder',
    'witan_anti_entropy_requests_total',
    { healthy: 'any', stalled: 'positive', recovered: 'positive' },
    { kind: 'section', result: 'new' },
  ),
  row(
    'replaced elder',
    'witan_anti_entropy_recovered_total',
    { healthy: 'any', stalled: 'positive', recovered: 'positive' },
    { kind: 'section' },
  ),
  row(
    'elders',
    'witan_anti_entropy_served_total',
    { healthy: 'any', stalled: 'positive', recovered: 'positive' },
    { kind: 'dkg', result: 'answered' },
  ),
  row(
    'elders',
    'witan_anti_entropy_served_total',
    { healthy: 'any', stalled: 'positive', recovered: 'positive' },
    { kind: 'dkg', result: 'nothing' },
  ),
  row(
    'elders',
    'witan_anti_entropy_served_total',
    { healthy: 'any', stalled: 'positive', recovered: 'positive' },
    { kind: 'section', result: 'answered' },
  ),
  row(SESSIONS, 'witan_held_messages', always(0)),
  row('late elder', 'witan_held_messages', always(0)),
  row(SESSIONS, 'witan_held_messages_failed_total', always(0)),

  // Decisions and the section.
  row('elder', 'witan_decision_views_total', GROWS, { use: 'section' }),
  row(SESSIONS, 'witan_decision_views_total', GROWS, { use: 'dkg-close' }),
  row(EVERY, 'witan_decisions_total', always(1), { action: 'genesis' }),
  row(EVERY, 'witan_decisions_total', always('positive'), { action: 'join' }),
  row('elder', 'witan_decisions_total', { healthy: 'grown', stalled: 'grown', recovered: 'same' }, { action: 'dkg' }),
  row(EVERY, 'witan_decisions_total', GROWS, { action: 'handover' }),
  row('elder', 'witan_node_is_elder', always(1)),
  row('newcomer', 'witan_node_is_elder', { healthy: 0, stalled: 1, recovered: 0 }),
  row('replaced elder', 'witan_node_is_elder', { healthy: 1, stalled: 0, recovered: 1 }),
  row('elder', 'witan_elder_usable_share', always(1)),
  row('newcomer', 'witan_elder_usable_share', { healthy: 0, stalled: 1, recovered: 0 }),
  row('replaced elder', 'witan_elder_usable_share', { healthy: 1, stalled: 0, recovered: 1 }),
  row(EVERY, 'witan_section_elders', always(7)),
  row(EVERY, 'witan_section_live_elders', { healthy: 7, stalled: 4, recovered: 7 }),
  row(EVERY, 'witan_section_threshold', always(5)),
  row(EVERY, 'witan_section_quorum_margin', { healthy: 2, stalled: -1, recovered: 2 }),
  row(EVERY, 'witan_section_members', always(8)),
  row(EVERY, 'witan_section_generation', GROWS),
  row(EVERY, 'witan_section_chain_length', GROWS),

  // What is asked of a gateway.
  row('gateway', 'witan_attestations_total', GROWS, { result: 'signed' }),
  row(
    'gateway',
    'witan_attestations_total',
    { healthy: 0, stalled: 'positive', recovered: 'positive' },
    { result: 'no-quorum' },
  ),
  row('gateway', 'witan_attestations_total', always(0), { result: 'failed' }),
  row('gateway', 'witan_attestation_duration_seconds_count', GROWS),
  row('gateway', 'witan_http_request_duration_seconds_count', GROWS, {
    route: '/v1/sections/:prefix',
    method: 'GET',
    status: '200',
  }),
  row(
    'gateway',
    'witan_http_request_duration_seconds_count',
    { healthy: 'absent', stalled: 'positive', recovered: 'positive' },
    { route: '/v1/attestations', status: '503' },
  ),
  row('gateway', 'witan_http_requests_total', GROWS, { route: '/v1/sections/:prefix', result: 'answered' }),
  row(
    'gateway',
    'witan_http_requests_total',
    { healthy: 0, stalled: 'positive', recovered: 'positive' },
    { route: '/v1/attestations', result: 'failed' },
  ),
  row('gateway', 'witan_http_event_streams', { healthy: 1, stalled: 1, recovered: 1 }),
  row('gateway', 'witan_http_event_streams_closed_total', always(1), { reason: 'client-left' }),
  row('gateway', 'witan_http_event_streams_closed_total', always(0), { reason: 'too-slow' }),
  row('gateway', 'witan_http_event_streams_closed_total', always(0), { reason: 'shutdown' }),
  row('gateway', 'witan_http_event_streams_refused_total', always(0)),

  // Journals and actors.
  row(NODES, 'witan_journal_commits_total', GROWS),
  row(NODES, 'witan_journal_records_total', GROWS),
  row(NODES, 'witan_journal_written_bytes_total', GROWS),
  row(NODES, 'witan_journal_pending_records', always('any')),
  row(NODES, 'witan_journal_errors_total', always(0)),
  row(EVERY, 'witan_actor_events_total', GROWS, { actor: 'section' }),
  row(SESSIONS, 'witan_actor_events_total', GROWS, { actor: 'dkg' }),
  row(EVERY, 'witan_actor_step_duration_seconds_count', GROWS, { actor: 'section' }),
  row(SESSIONS, 'witan_actor_step_duration_seconds_count', GROWS, { actor: 'dkg' }),
  row(EVERY, 'witan_actor_persist_duration_seconds_count', GROWS, { actor: 'section' }),
  row(SESSIONS, 'witan_actor_persist_duration_seconds_count', GROWS, { actor: 'dkg' }),
  row(EVERY, 'witan_actor_mailbox_messages', always('any'), { actor: 'section' }),
  row(EVERY, 'witan_actor_mailbox_overflows_total', always(0)),
  row(EVERY, 'witan_actor_crashes_total', always(0)),
  row(EVERY, 'witan_actor_poison_messages_total', always(0)),
  row(EVERY, 'witan_actor_effect_failures_total', always(0)),

  // The bus. Who asks the dead gets no answer.
  row(EVERY, 'witan_messages_rejected_total', { healthy: 'any', stalled: 'grown', recovered: 'any' }),
  row(
    SESSIONS,
    'witan_messages_rejected_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { channel: 'dkg', reason: 'not-participant' },
  ),
  row(EVERY, 'witan_bus_connected', always(1)),
  row(EVERY, 'witan_bus_messages_total', GROWS, { direction: 'in' }),
  row(EVERY, 'witan_bus_messages_total', GROWS, { direction: 'out' }),
  row(EVERY, 'witan_bus_bytes_total', GROWS, { direction: 'in' }),
  row(EVERY, 'witan_bus_bytes_total', GROWS, { direction: 'out' }),
  row('gateway', 'witan_bus_request_duration_seconds_count', GROWS),
  row(
    'gateway',
    'witan_bus_request_errors_total',
    { healthy: 'any', stalled: 'grown', recovered: 'any' },
    { code: 'WITAN_ERR_UNAVAILABLE' },
  ),
  row('elder', 'witan_bus_request_duration_seconds_count', { healthy: 'any', stalled: 'grown', recovered: 'any' }),
  row('elder', 'witan_bus_request_errors_total', { healthy: 'any', stalled: 'grown', recovered: 'any' }),
  row(EVERY, 'witan_bus_disconnects_total', always(0)),
  row(EVERY, 'witan_bus_dropped_total', always(0)),
  row(EVERY, 'witan_bus_slow_consumers_total', always(0)),
  row(EVERY, 'witan_bus_handler_errors_total', always(0)),
  row(EVERY, 'witan_bus_forbidden_total', always(0)),

  // The process.
  row(EVERY, 'witan_build_info', always(1)),
  row(EVERY, 'process_start_time_seconds', always('positive')),
  row(EVERY, 'process_cpu_seconds_total', GROWS),
  row(EVERY, 'process_resident_memory_bytes', always('positive')),
  row(EVERY, 'process_open_fds', always('positive')),
  row(EVERY, 'process_max_fds', always('positive')),
  row(EVERY, 'nodejs_heap_size_used_bytes', always('positive')),
  row(EVERY, 'nodejs_heap_size_total_bytes', always('positive')),
  row(EVERY, 'nodejs_external_memory_bytes', always('positive')),
  row(EVERY, 'nodejs_gc_duration_seconds_count', always('positive'), { kind: 'minor' }),
  row(EVERY, 'witan_event_loop_lag_seconds_count', GROWS),
  row(EVERY, 'witan_event_loop_active_seconds_total', GROWS),
];
