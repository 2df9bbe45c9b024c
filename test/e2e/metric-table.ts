import { ALL_METRICS } from '@witan/observability';
import type { Cluster } from '../support/cluster.ts';
import type { Scrape } from '../support/exposition.ts';
import type { ServiceProcess } from '../support/service-process.ts';

/** How the section is when the metrics are looked at. */
export type Condition = 'healthy' | 'stalled' | 'recovered';

type Who = 'elder' | 'adult' | 'gateway' | 'dkg-coordinator' | 'every service';
type Labels = Readonly<Record<string, string>>;
type Expectation = number | 'positive' | 'negative' | 'there';

/** What one metric says of an elder that was there all the time, or of another service. */
export interface Row {
  readonly metric: string;
  readonly labels?: Labels;
  readonly who: Who;
  readonly expected: Readonly<Record<Condition, Expectation>>;
}

const always = (expected: Expectation): Row['expected'] => ({
  healthy: expected,
  stalled: expected,
  recovered: expected,
});

const row = (who: Who, metric: string, expected: Row['expected'], labels?: Labels): Row => ({
  metric,
  who,
  expected,
  ...(labels && { labels }),
});

const SPOKEN = ['initialisation', 'contribution', 'complaining', 'commitment', 'finalisation'] as const;

/** Eight nodes of which seven are elders; in a stall three of these are dead, and Contribution waits for them. */
export const METRIC_TABLE: readonly Row[] = [
  ...SPOKEN.flatMap((phase) => [
    row('elder', 'witan_dkg_phase_duration_seconds_count', always('positive'), { phase }),
    row('elder', 'witan_dkg_messages_total', always('positive'), { phase, result: 'accepted' }),
  ]),
  row('elder', 'witan_dkg_phase_duration_seconds_count', always(0), { phase: 'justification' }),
  ...['late', 'duplicate', 'held', 'rejected'].map((result) =>
    row('elder', 'witan_dkg_messages_total', always('there'), { result }),
  ),
  row('elder', 'witan_dkg_sessions_total', always('positive'), { outcome: 'done' }),
  row('elder', 'witan_dkg_sessions_total', always(0), { outcome: 'failed' }),
  row('elder', 'witan_dkg_session_duration_seconds_count', always('positive')),
  row('elder', 'witan_dkg_blames_total', always(0)),
  ...(['elder', 'dkg-coordinator'] as const).flatMap((who) => [
    row(who, 'witan_dkg_phase', { healthy: 0, stalled: 2, recovered: 0 }),
    row(who, 'witan_dkg_phase_age_seconds', { healthy: 0, stalled: 'positive', recovered: 0 }),
    row(who, 'witan_dkg_waiting_on', { healthy: 0, stalled: 3, recovered: 0 }),
  ]),
  row('elder', 'witan_anti_entropy_requests_total', always('positive'), { kind: 'section', reason: 'restart' }),
  row(
    'elder',
    'witan_anti_entropy_requests_total',
    { healthy: 'there', stalled: 'positive', recovered: 'positive' },
    {
      kind: 'dkg',
      reason: 'no-progress',
    },
  ),
  row('elder', 'witan_anti_entropy_recovered_total', always('there'), { kind: 'dkg' }),
  row('elder', 'witan_anti_entropy_recovered_total', always('there'), { kind: 'section' }),
  row('elder', 'witan_anti_entropy_served_total', { healthy: 'there', stalled: 'positive', recovered: 'positive' }),
  row('elder', 'witan_held_messages', { healthy: 0, stalled: 'there', recovered: 0 }),
  row('elder', 'witan_held_messages_failed_total', always(0)),
  row('elder', 'witan_decision_views_total', always('positive'), { use: 'section' }),
  row('elder', 'witan_decision_views_total', always('positive'), { use: 'dkg-close' }),
  row('elder', 'witan_decisions_total', always('positive'), { action: 'handover' }),
  row('elder', 'witan_elder_usable_share', always(1)),
  ...(['elder', 'adult', 'gateway', 'dkg-coordinator'] as const).flatMap((who) => [
    row(who, 'witan_section_elders', always(7)),
    row(who, 'witan_section_live_elders', { healthy: 7, stalled: 4, recovered: 7 }),
    row(who, 'witan_section_threshold', always(5)),
    row(who, 'witan_section_quorum_margin', { healthy: 2, stalled: -1, recovered: 2 }),
    row(who, 'witan_section_members', always(8)),
    row(who, 'witan_section_generation', always('positive')),
    row(who, 'witan_section_chain_length', always('positive')),
  ]),
  row('gateway', 'witan_http_request_duration_seconds_count', always('positive'), { route: '/v1/sections/:prefix' }),
  row('gateway', 'witan_http_event_streams', always('there')),
  row('gateway', 'witan_attestations_total', always('positive'), { result: 'signed' }),
  row(
    'gateway',
    'witan_attestations_total',
    { healthy: 0, stalled: 'positive', recovered: 'positive' },
    {
      result: 'no-quorum',
    },
  ),
  row('gateway', 'witan_attestation_duration_seconds_count', always('positive')),
  row('elder', 'witan_journal_commits_total', always('positive')),
  row('elder', 'witan_journal_errors_total', always(0)),
  row('elder', 'witan_actor_events_total', always('positive'), { actor: 'section' }),
  row('elder', 'witan_actor_events_total', always('positive'), { actor: 'dkg' }),
  row('elder', 'witan_actor_persist_duration_seconds_count', always('positive')),
  row('every service', 'witan_actor_crashes_total', always(0)),
  row('every service', 'witan_messages_rejected_total', always('there')),
  row('every service', 'witan_bus_connected', always(1)),
  row('every service', 'witan_bus_messages_total', always('positive'), { direction: 'in' }),
  row('every service', 'witan_bus_bytes_total', always('positive'), { direction: 'in' }),
  row('elder', 'witan_bus_messages_total', always('positive'), { direction: 'out' }),
  row('every service', 'witan_bus_request_duration_seconds_count', always('there')),
  row('every service', 'witan_event_loop_lag_seconds_count', always('positive')),
  row('every service', 'witan_event_loop_active_seconds_total', always('positive')),
  row('every service', 'witan_build_info', always(1)),
  row('every service', 'process_resident_memory_bytes', always('positive')),
  row('every service', 'process_cpu_seconds_total', always('positive')),
];

/** Whatever of the table does not hold, a line each; empty when all does. @param elder one that was there all the time */
export async function deviations(cluster: Cluster, elder: ServiceProcess, condition: Condition): Promise<string[]> {
  const adult = cluster.nodes.find((node) => node.adult.isRunning)!.adult;
  const asked = new Map<Exclude<Who, 'every service'>, Scrape>([
    ['elder', await elder.metrics()],
    ['adult', await adult.metrics()],
    ['gateway', await cluster.gateway.metrics()],
    ['dkg-coordinator', await cluster.coordinators[0]!.metrics()],
  ]);
  return METRIC_TABLE.flatMap(({ metric, labels, who, expected }) => {
    const scrapes = [...asked].filter(([kind]) => who === 'every service' || who === kind);
    return scrapes.flatMap(([kind, scrape]) => {
      const value = scrape.value(metric, labels);
      if (holds(value, expected[condition])) return [];
      return [`${kind}: ${metric}${JSON.stringify(labels ?? {})} is ${value}, not ${expected[condition]}`];
    });
  });
}

/** Metrics that are defined, and that no service has. */
export async function dead(cluster: Cluster): Promise<string[]> {
  const node = cluster.nodes.find(({ elder }) => elder.isRunning)!;
  const services = [node.elder, node.adult, cluster.gateway, cluster.coordinators[0]!];
  const scrapes = await Promise.all(services.map((service) => service.metrics()));
  const names = new Set(scrapes.flatMap((scrape) => [...scrape.names]));
  const defined = Object.values(ALL_METRICS).flat();
  return defined.map(({ name }) => name).filter((name) => !names.has(name) && !names.has(`${name}_count`));
}

function holds(value: number | undefined, expected: Expectation): boolean {
  if (value === undefined) return false;
  if (expected === 'there') return true;
  if (expected === 'positive') return value > 0;
  if (expected === 'negative') return value < 0;
  return value === expected;
}
