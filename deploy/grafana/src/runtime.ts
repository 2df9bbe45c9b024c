import { type DashboardSpec, graph, states, table } from './model.ts';
import { at, growth, NETWORK_LABELS, PROCESS_LABELS, perSecond, quantile } from './promql.ts';

const PROCESS = '{{job}} {{instance}}';
const OURS = 'job=~"witan.*"';

export const runtime: DashboardSpec = {
  name: 'runtime',
  title: 'Witan: runtime',
  description: 'Processes: versions, restarts, CPU, memory, event loop, actors, journals.',
  byInstance: true,
  rows: [
    {
      title: 'Processes',
      panels: [
        states({
          title: 'Scraped',
          description: 'Whether Prometheus reaches the metrics port.',
          unit: 'none',
          queries: { expr: at('up', OURS), legend: PROCESS },
          alerts: ['WitanTargetDown', 'WitanNoMetrics'],
          words: { 0: 'down', 1: 'up' },
        }),
        table({
          title: 'Versions',
          description: 'Which code runs, and on which Node. Of a service that is not listed nothing is scraped.',
          unit: 'none',
          queries: {
            expr: `count by (${NETWORK_LABELS}, service, version, runtime) (${at('witan_build_info')})`,
            legend: '{{service}} {{version}}',
          },
          alerts: ['WitanVersionsDiffer', 'WitanServiceGone'],
        }),
        graph({
          title: 'Age of the process',
          description: 'It falls to 0 with each start.',
          unit: 's',
          queries: { expr: `time() - ${at('process_start_time_seconds', OURS)}`, legend: PROCESS },
          alerts: ['WitanRestartLoop'],
        }),
        graph({
          title: 'Certificates',
          description:
            'How long the own certificates are good for, by what they are shown for. Nothing, where there is no TLS.',
          unit: 's',
          queries: {
            expr: `${at('witan_tls_certificate_expiry_timestamp_seconds')} - time()`,
            legend: `${PROCESS} {{use}}`,
          },
          alerts: ['WitanCertificateExpires'],
        }),
        graph({
          title: 'CPU',
          description: 'Cores in use, user and system.',
          unit: 'none',
          queries: { expr: perSecond(PROCESS_LABELS, at('process_cpu_seconds_total', OURS)), legend: PROCESS },
          alerts: ['WitanEventLoopBlocked'],
        }),
        graph({
          title: 'File descriptors in use',
          description: 'Part of those that the process may have.',
          unit: 'percentunit',
          queries: {
            expr: `${at('process_open_fds', OURS)} / ${at('process_max_fds', OURS)}`,
            legend: PROCESS,
          },
          alerts: ['WitanFileDescriptorsLow'],
        }),
      ],
    },
    {
      title: 'Memory',
      panels: [
        graph({
          title: 'Resident memory',
          description: 'What the limit of a container is compared with.',
          unit: 'bytes',
          queries: { expr: at('process_resident_memory_bytes', OURS), legend: PROCESS },
        }),
        graph({
          title: 'JavaScript heap',
          description: 'In use, reserved, and outside of it.',
          unit: 'bytes',
          queries: [
            {
              expr: `sum by (${NETWORK_LABELS}, job) (${at('nodejs_heap_size_used_bytes', OURS)})`,
              legend: '{{job}} used',
            },
            {
              expr: `sum by (${NETWORK_LABELS}, job) (${at('nodejs_heap_size_total_bytes', OURS)})`,
              legend: '{{job}} reserved',
            },
            {
              expr: `sum by (${NETWORK_LABELS}, job) (${at('nodejs_external_memory_bytes', OURS)})`,
              legend: '{{job}} outside',
            },
          ],
        }),
        graph({
          title: 'Garbage collection',
          description: 'Part of the time that is spent on it, by kind.',
          unit: 'percentunit',
          queries: {
            expr: `sum by (${NETWORK_LABELS}, job, kind) (rate(${at('nodejs_gc_duration_seconds_sum', OURS)}[$__rate_interval]))`,
            legend: '{{job}} {{kind}}',
          },
        }),
      ],
    },
    {
      title: 'Event loop and actors',
      panels: [
        graph({
          title: 'Event loop lag, p99',
          description: 'How long work waits for its turn. Above 0.25 s the process is overloaded.',
          unit: 's',
          queries: { expr: at('instance:witan_event_loop_lag_seconds:p99_rate5m'), legend: PROCESS },
          alerts: ['WitanEventLoopBlocked'],
        }),
        graph({
          title: 'Event loop utilisation',
          description: 'Part of the time that it is busy; at 1 it is saturated.',
          unit: 'percentunit',
          queries: {
            expr: perSecond(PROCESS_LABELS, at('witan_event_loop_active_seconds_total')),
            legend: PROCESS,
          },
          alerts: ['WitanEventLoopBlocked'],
          max: 1,
        }),
        graph({
          title: 'Time of a step, p99',
          description: 'An actor computes on all events that waited; meanwhile the process does nothing else.',
          unit: 's',
          queries: {
            expr: quantile(0.99, 'job, actor', at('witan_actor_step_duration_seconds_bucket')),
            legend: '{{job}} {{actor}}',
          },
          madeFor: 'recovered',
        }),
        graph({
          title: 'Events',
          description: 'Events that actors stepped.',
          unit: 'ops',
          queries: { expr: perSecond('job, actor', at('witan_actor_events_total')), legend: '{{job}} {{actor}}' },
        }),
        graph({
          title: 'Mailboxes',
          description: 'Events that wait. Full ones refuse more.',
          unit: 'short',
          queries: {
            expr: `max by (${PROCESS_LABELS}, actor) (${at('witan_actor_mailbox_messages')})`,
            legend: '{{instance}} {{actor}}',
          },
          alerts: ['WitanMailboxOverflow'],
        }),
        graph({
          title: 'Defects and losses',
          description:
            'Crashed actors, events set aside for it, events that a full mailbox refused, effects that could not be carried out.',
          unit: 'short',
          queries: [
            { expr: growth('job, actor', at('witan_actor_crashes_total')), legend: 'crash {{job}} {{actor}}' },
            { expr: growth('job, actor', at('witan_actor_poison_messages_total')), legend: 'poison {{job}} {{actor}}' },
            {
              expr: growth('job, actor', at('witan_actor_mailbox_overflows_total')),
              legend: 'overflow {{job}} {{actor}}',
            },
            {
              expr: growth('job, actor', at('witan_actor_effect_failures_total')),
              legend: 'effect {{job}} {{actor}}',
            },
          ],
          alerts: ['WitanActorCrashed', 'WitanMailboxOverflow'],
        }),
      ],
    },
    {
      title: 'Journals',
      panels: [
        graph({
          title: 'Time of a write, p99',
          description: 'Nothing is sent before it is done. Above 0.1 s the disk is slow.',
          unit: 's',
          queries: { expr: at('instance:witan_actor_persist_duration_seconds:p99_rate5m'), legend: PROCESS },
          alerts: ['WitanJournalSlow'],
          madeFor: 'recovered',
        }),
        graph({
          title: 'Commits and records',
          description: 'A burst of events costs one commit.',
          unit: 'ops',
          queries: [
            { expr: perSecond('job', at('witan_journal_commits_total')), legend: '{{job}} commits' },
            { expr: perSecond('job', at('witan_journal_records_total')), legend: '{{job}} records' },
          ],
        }),
        graph({
          title: 'Written',
          description: 'Bytes of the records that were committed.',
          unit: 'Bps',
          queries: { expr: perSecond('job', at('witan_journal_written_bytes_total')), legend: '{{job}}' },
        }),
        graph({
          title: 'Not synced yet',
          description: 'Records that a crash right now would lose, harmlessly.',
          unit: 'short',
          queries: { expr: at('witan_journal_pending_records'), legend: PROCESS },
          width: 12,
        }),
        graph({
          title: 'Errors',
          description: 'Writes and reads that failed: disk full, refused by the disk, or corrupt.',
          unit: 'short',
          queries: {
            expr: growth(`${PROCESS_LABELS}, reason`, at('witan_journal_errors_total')),
            legend: '{{instance}} {{reason}}',
          },
          alerts: ['WitanJournalErrors'],
          width: 12,
        }),
        graph({
          title: 'Age of the newest backup',
          description: 'And how often one is taken. Nothing, where none are.',
          unit: 's',
          queries: [
            { expr: `time() - ${at('witan_backup_last_success_timestamp_seconds')}`, legend: PROCESS },
            { expr: `max by (${NETWORK_LABELS}) (${at('witan_backup_interval_seconds')})`, legend: 'interval' },
          ],
          alerts: ['WitanBackupOld'],
          width: 12,
        }),
      ],
    },
  ],
};
