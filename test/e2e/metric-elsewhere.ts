/** What the runs of the metric table cannot move, with the reason, and the test that moves it. */
export interface Elsewhere {
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly why: string;
  /** Path of a test that asserts it. */
  readonly test: string;
}

const SESSIONS = 'libs/watch/test/watch-sessions.test.ts';
const FOLLOWER = 'libs/watch/test/watch-section.test.ts';
const METRICS = 'libs/observability/test/metrics.test.ts';

const each = (metric: string, label: string, values: readonly string[], why: string, test: string): Elsewhere[] =>
  values.map((value) => ({ metric, labels: { [label]: value }, why, test }));

export const ELSEWHERE: readonly Elsewhere[] = [
  ...each('witan_dkg_phase_duration_seconds', 'phase', ['justification'], 'nobody is accused', SESSIONS),
  ...each('witan_dkg_messages_total', 'phase', ['justification'], 'nobody is accused', SESSIONS),
  ...each('witan_dkg_messages_total', 'phase', ['unknown'], 'nobody speaks of a session that there is not', SESSIONS),
  ...each(
    'witan_dkg_sessions_total',
    'outcome',
    ['learned'],
    'all wait for who returns',
    'test/e2e/kill-in-phase.test.ts',
  ),
  ...each('witan_dkg_sessions_total', 'outcome', ['failed'], 'a session fails when too few have dealt well', SESSIONS),
  ...each('witan_dkg_sessions_total', 'outcome', ['superseded'], 'the elders wait', 'test/e2e/retry.test.ts'),
  ...each('witan_dkg_share_repairs_total', 'result', ['tried', 'repaired'], 'nobody deals a bad share', SESSIONS),
  ...each(
    'witan_dkg_blames_total',
    'reason',
    [
      'equivocation',
      'invalid-message',
      'too-many-complaints',
      'not-justified',
      'false-accusation',
      'false-commitment',
      'bad-signature-share',
    ],
    'nobody lies',
    SESSIONS,
  ),
  ...each(
    'witan_anti_entropy_requests_total',
    'reason',
    ['missing-message', 'more'],
    'nobody says two things, and there is less than a page',
    SESSIONS,
  ),
  ...each('witan_anti_entropy_requests_total', 'reason', ['behind'], 'who is behind is often helped first', FOLLOWER),
  ...each('witan_anti_entropy_requests_total', 'result', ['refused'], 'no answer is a lie', SESSIONS),
  ...each(
    'witan_anti_entropy_served_total',
    'result',
    ['limited'],
    'nobody asks often',
    'test/e2e/bad-requests.test.ts',
  ),
  { metric: 'witan_held_messages', why: 'while it is not 0 the elder is late', test: 'test/e2e/stall.test.ts' },
  { metric: 'witan_held_messages_failed_total', why: 'it would be a defect', test: SESSIONS },
  ...each(
    'witan_attestations_total',
    'result',
    ['failed'],
    'an elder that has a share gives it',
    'services/gateway/test/live-backend.test.ts',
  ),
  ...each('witan_http_event_streams_closed_total', 'reason', ['too-slow'], 'the reader reads', METRICS),
  ...each('witan_http_event_streams_closed_total', 'reason', ['shutdown'], 'what is shut down tells nothing', METRICS),
  { metric: 'witan_http_event_streams_refused_total', why: 'there are few readers', test: METRICS },
  { metric: 'witan_journal_pending_records', why: 'they are flushed within moments', test: METRICS },
  ...each('witan_journal_errors_total', 'reason', ['full'], 'the disk has room', 'test/e2e/bad-home.test.ts'),
  ...each('witan_journal_errors_total', 'reason', ['failed', 'corrupt'], 'the disk is sound', METRICS),
  { metric: 'witan_actor_mailbox_messages', why: 'they are empty within moments', test: METRICS },
  { metric: 'witan_actor_mailbox_overflows_total', why: 'nobody floods', test: METRICS },
  { metric: 'witan_actor_crashes_total', why: 'it would be a defect', test: METRICS },
  { metric: 'witan_actor_poison_messages_total', why: 'it would be a defect', test: METRICS },
  { metric: 'witan_actor_effect_failures_total', why: 'it would be a defect', test: METRICS },
  { metric: 'witan_bus_disconnects_total', why: 'NATS is there', test: 'test/e2e/restart.test.ts' },
  { metric: 'witan_bus_dropped_total', why: 'NATS is there', test: 'test/e2e/restart.test.ts' },
  ...each(
    'witan_bus_forbidden_total',
    'operation',
    ['publish', 'subscribe'],
    'each does what its role may',
    'test/e2e/permissions.test.ts',
  ),
  ...each(
    'witan_tls_certificate_expiry_timestamp_seconds',
    'use',
    ['nats', 'metrics', 'api'],
    'nothing has a certificate',
    'test/e2e/tls.test.ts',
  ),
  {
    metric: 'witan_backup_last_success_timestamp_seconds',
    why: 'no backups are taken',
    test: 'test/e2e/backup.test.ts',
  },
  { metric: 'witan_backup_interval_seconds', why: 'no backups are taken', test: 'test/e2e/backup.test.ts' },
  { metric: 'witan_bus_slow_consumers_total', why: 'all are quick enough', test: METRICS },
  { metric: 'witan_bus_handler_errors_total', why: 'it would be a defect', test: METRICS },
];

/** Labels whose values are many or not ours: that one of them moves is enough. */
export const OPEN_LABELS: readonly string[] = [
  'witan_dkg_waiting_for.place',
  'witan_messages_rejected_total.channel',
  'witan_messages_rejected_total.reason',
  'witan_actor_events_total.actor',
  'witan_actor_step_duration_seconds.actor',
  'witan_actor_persist_duration_seconds.actor',
  'witan_actor_mailbox_messages.actor',
  'witan_actor_mailbox_overflows_total.actor',
  'witan_actor_crashes_total.actor',
  'witan_actor_poison_messages_total.actor',
  'witan_actor_effect_failures_total.actor',
  'witan_bus_request_errors_total.code',
  'witan_http_request_duration_seconds.route',
  'witan_http_request_duration_seconds.method',
  'witan_http_request_duration_seconds.status',
  'witan_http_requests_total.route',
  'nodejs_gc_duration_seconds.kind',
];
