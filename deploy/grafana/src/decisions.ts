import { type DashboardSpec, graph, states } from './model.ts';
import { growth, NETWORK_LABELS, of, PROCESS_LABELS } from './promql.ts';

export const decisions: DashboardSpec = {
  name: 'decisions',
  title: 'Witan: decisions and chain',
  description: 'What the elders decide, how many tries it takes them, and who follows.',
  rows: [
    {
      title: 'The chain',
      panels: [
        graph({
          title: 'Generation of each process',
          description:
            'Number of the last decision applied. Where one curve stays below, that process is behind; one without a curve knows no section.',
          unit: 'none',
          queries: { expr: of('witan_section_generation'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanNodeBehind', 'WitanSectionUnknown'],
        }),
        graph({
          title: 'Keys in the chain',
          description: 'It grows by one with each change of elders.',
          unit: 'none',
          queries: { expr: of('witan_section_chain_length'), legend: '{{job}} {{instance}}' },
        }),
        graph({
          title: 'Members, elders, and those that must sign',
          description: 'Members that are no elders are adults: they take the place of elders that are lost.',
          unit: 'none',
          queries: [
            { expr: `max by (${NETWORK_LABELS}) (${of('witan_section_members')})`, legend: 'members' },
            { expr: `max by (${NETWORK_LABELS}) (${of('witan_section_elders')})`, legend: 'elders' },
            { expr: `max by (${NETWORK_LABELS}) (${of('witan_section_threshold')})`, legend: 'must sign' },
          ],
          alerts: ['WitanQuorumMarginThin'],
        }),
      ],
    },
    {
      title: 'Deciding',
      panels: [
        graph({
          title: 'Decisions',
          description: 'Decisions that were applied, by what was decided, as the process that applied most saw it.',
          unit: 'short',
          queries: {
            expr: `max by (${NETWORK_LABELS}, action) (increase(${of('witan_decisions_total')}[$__rate_interval]))`,
            legend: '{{action}}',
          },
          madeFor: 'recovered',
        }),
        graph({
          title: 'Views without a decision',
          description: 'Tries that brought nothing, over ten minutes: leaders are silent, slow, or refused.',
          unit: 'short',
          queries: {
            expr: `sum by (${PROCESS_LABELS}) (increase(${of('witan_decision_views_total', 'use="section"')}[10m])) - sum by (${PROCESS_LABELS}) (increase(${of('witan_decisions_total')}[10m]))`,
            legend: '{{instance}}',
          },
          alerts: ['WitanDecisionsSlow'],
        }),
        graph({
          title: 'Quorum margin, as each process sees it',
          description: 'Live elders minus those that must sign. Decisions need it to be 0 or more.',
          unit: 'none',
          queries: { expr: of('witan_section_quorum_margin'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanQuorumLost', 'WitanQuorumMarginThin'],
          madeFor: 'stalled',
        }),
      ],
    },
    {
      title: 'Elders',
      panels: [
        states({
          title: 'Who is an elder, and can sign',
          description: 'An elder without a usable share follows all and signs nothing.',
          unit: 'none',
          queries: {
            expr: `${of('witan_node_is_elder')} + on (${PROCESS_LABELS}) ${of('witan_elder_usable_share')}`,
            legend: '{{instance}}',
          },
          alerts: ['WitanShareMissing', 'WitanTooFewShares'],
          words: { 0: 'no elder', 1: 'elder without a share', 2: 'elder' },
        }),
        graph({
          title: 'Rejected messages',
          description: 'Messages that were not taken and changed nothing. Duplicates and late ones are normal.',
          unit: 'short',
          queries: {
            expr: `${growth('channel, reason', of('witan_messages_rejected_total'))} > 0`,
            legend: '{{channel}}: {{reason}}',
          },
          alerts: ['WitanMessagesRejected', 'WitanClockSkew', 'WitanEquivocation'],
          madeFor: 'stalled',
          width: 12,
        }),
      ],
    },
  ],
};
