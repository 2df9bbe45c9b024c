import { type DashboardSpec, graph, number, states, table } from './model.ts';
import { growth, NETWORK_LABELS, of, PROCESS_LABELS, perSecond, quantile, quantiles } from './promql.ts';

const PHASES = {
  0: 'none',
  1: 'initialisation',
  2: 'contribution',
  3: 'complaining',
  4: 'justification',
  5: 'commitment',
  6: 'finalisation',
};

/** Names of nodes are values, which this makes labels of; that of a process that is dead is the last one that was seen. */
const waited = `count_values by (${NETWORK_LABELS}) ("node", ${of('witan_dkg_waiting_for')})`;
const processes = `count_values by (${PROCESS_LABELS}) ("node", last_over_time(${of('witan_node_id')}[1h]))`;

export const dkg: DashboardSpec = {
  name: 'dkg',
  title: 'Witan: DKG',
  description: 'The session that runs, whom it waits for, how long phases take, and who was blamed.',
  rows: [
    {
      title: 'Now',
      panels: [
        states({
          title: 'Phase of each participant',
          description:
            'Who is behind the others, or has no strip at all, is waited for. `npx witan dkg show` has the names.',
          unit: 'none',
          queries: { expr: of('witan_dkg_phase'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
          words: PHASES,
        }),
        graph({
          title: 'Participants waited for',
          description: 'Whose message the running phase misses, as each process sees it.',
          unit: 'none',
          queries: { expr: of('witan_dkg_waiting_on'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
        }),
        number({
          title: 'Age of the phase',
          description:
            'For how long the running phase has lasted, as two processes at least see it. Above two deadlines the session is stalled.',
          unit: 's',
          queries: {
            expr: `min by (${NETWORK_LABELS}) (topk by (${NETWORK_LABELS}) (2, ${of('witan_dkg_phase_age_seconds')}))`,
            legend: 'age',
          },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
        }),
        graph({
          title: 'Age of the phase, in deadlines',
          description: 'Above 1 somebody is silent; above 2 a supermajority is.',
          unit: 'none',
          queries: { expr: of('instance:witan_dkg_phase_age:deadlines'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
        }),
        table({
          title: 'Who is waited for',
          description:
            'The elder processes whose message the running phase misses, and how many processes say so. One that was not scraped for an hour is not named; one that came back at another address is named with both.',
          unit: 'none',
          width: 16,
          queries: {
            expr: `${waited} * on (cluster, namespace, node) group_right () ${processes}`,
            legend: '{{instance}}',
          },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
        }),
        graph({
          title: 'Deadline of a phase, as configured',
          description: 'Elders vote by it: one that differs is a mistake.',
          unit: 's',
          queries: { expr: of('witan_dkg_phase_deadline_seconds'), legend: '{{job}} {{instance}}' },
          width: 12,
          alerts: ['WitanSettingsDiffer'],
        }),
        graph({
          title: 'Processes that are down',
          description: 'Participants among them are waited for.',
          unit: 'none',
          queries: { expr: `1 - ${of('up', 'job=~"witan.*"')} > 0`, legend: '{{job}} {{instance}}' },
          width: 12,
          alerts: ['WitanTargetDown'],
          madeFor: 'stalled',
        }),
      ],
    },
    {
      title: 'How long it takes',
      panels: [
        graph({
          title: 'Phase latency, p95',
          description: 'From the start of a phase to its close, as participants saw it, over ten minutes.',
          unit: 's',
          queries: { expr: of('namespace:witan_dkg_phase_duration_seconds:p95_rate10m'), legend: '{{phase}}' },
          width: 12,
          madeFor: 'recovered',
        }),
        graph({
          title: 'Phase latency, median',
          description: 'With exemplars: a dot leads to the trace of its session.',
          unit: 's',
          queries: {
            expr: quantile(0.5, 'phase', of('witan_dkg_phase_duration_seconds_bucket')),
            legend: '{{phase}}',
            exemplars: true,
          },
          width: 12,
          madeFor: 'recovered',
        }),
        graph({
          title: 'Session latency',
          description: 'From the start of a session to its key, as participants saw it.',
          unit: 's',
          queries: quantiles([0.5, 0.95], '', of('witan_dkg_session_duration_seconds_bucket')).map((query) => ({
            ...query,
            exemplars: true,
          })),
          madeFor: 'recovered',
        }),
        graph({
          title: 'Ends of sessions',
          description:
            'As processes saw them: done, learned by an answer, failed, or superseded by another attempt. The last two make no key.',
          unit: 'short',
          queries: { expr: growth('outcome', of('witan_dkg_sessions_total')), legend: '{{outcome}}' },
          alerts: ['WitanDkgSessionsFail'],
          madeFor: 'recovered',
        }),
        graph({
          title: 'Shares given back',
          description:
            'A key was made without a share for a node, which asks the other participants for it. Tried and not repaired: too few of them are there.',
          unit: 'short',
          queries: { expr: growth('result', of('witan_dkg_share_repairs_total')), legend: '{{result}}' },
        }),
        graph({
          title: 'Views until a close',
          description: 'Tries of leaders to close a phase, a second. More than one for each close: leaders are slow.',
          unit: 'ops',
          queries: {
            expr: perSecond('job', of('witan_decision_views_total', 'use="dkg-close"')),
            legend: '{{job}}',
          },
          madeFor: 'recovered',
        }),
      ],
    },
    {
      title: 'What is said, and who lies',
      panels: [
        graph({
          title: 'Messages',
          description:
            'DKG messages by what became of them. Held ones are for a later phase; duplicates and late ones are normal.',
          unit: 'ops',
          queries: { expr: perSecond('result', of('witan_dkg_messages_total')), legend: '{{result}}' },
          stacked: true,
        }),
        graph({
          title: 'Blame',
          description:
            'Participants that were proven faulty, by why. It stays 0 unless a node is broken or lies. Who it was: `blame` in the log, or `npx witan dkg show`.',
          unit: 'short',
          queries: { expr: growth('reason', of('witan_dkg_blames_total')), legend: '{{reason}}' },
          alerts: ['WitanNodeBlamed'],
        }),
        graph({
          title: 'Equivocation',
          description: 'Times that somebody said two different things, by channel.',
          unit: 'short',
          queries: {
            expr: growth('channel', of('witan_messages_rejected_total', 'reason="equivocation"')),
            legend: '{{channel}}',
          },
          alerts: ['WitanEquivocation'],
        }),
      ],
    },
  ],
};
