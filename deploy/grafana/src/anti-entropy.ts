import { type DashboardSpec, graph } from './model.ts';
import { growth, of, PROCESS_LABELS, perSecond } from './promql.ts';

export const antiEntropy: DashboardSpec = {
  name: 'anti-entropy',
  title: 'Witan: anti-entropy',
  description: 'What was lost, who asks for it, and whether it is found.',
  rows: [
    {
      title: 'Who asks',
      panels: [
        graph({
          title: 'Requests of each process',
          description: 'Questions a second. A few at a start or after a loss; many for long are a storm.',
          unit: 'reqps',
          queries: { expr: of('instance:witan_anti_entropy_requests:rate5m'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanAntiEntropyStorm'],
          madeFor: 'stalled',
        }),
        graph({
          title: 'Requests by reason',
          description: 'Why it was asked: a later phase was heard, a message is missing, nothing goes on, a restart.',
          unit: 'reqps',
          queries: {
            expr: perSecond('kind, reason', of('witan_anti_entropy_requests_total')),
            legend: '{{kind}}: {{reason}}',
          },
          madeFor: 'stalled',
          stacked: true,
        }),
        graph({
          title: 'Requests by result',
          description: 'What the answer brought. Timeouts: peers are dead or cut off. Refused: peers disagree with it.',
          unit: 'reqps',
          queries: {
            expr: perSecond('result', of('witan_anti_entropy_requests_total')),
            legend: '{{result}}',
          },
          alerts: ['WitanAntiEntropyUnanswered'],
          madeFor: 'stalled',
          stacked: true,
        }),
      ],
    },
    {
      title: 'What comes of it',
      panels: [
        graph({
          title: 'Unanswered',
          description: 'Part of the requests that got no answer, over ten minutes.',
          unit: 'percentunit',
          queries: { expr: of('namespace:witan_anti_entropy_unanswered:ratio_rate10m'), legend: 'unanswered' },
          alerts: ['WitanAntiEntropyUnanswered'],
          madeFor: 'stalled',
          max: 1,
        }),
        graph({
          title: 'Recovered',
          description: 'Messages, closes and decisions that came by an answer and were new.',
          unit: 'ops',
          queries: { expr: perSecond('kind', of('witan_anti_entropy_recovered_total')), legend: '{{kind}}' },
          madeFor: 'recovered',
        }),
        graph({
          title: 'Served',
          description: 'Questions of others, by what they got. Limited: a peer asked more often than it may.',
          unit: 'reqps',
          queries: {
            expr: perSecond('kind, result', of('witan_anti_entropy_served_total')),
            legend: '{{kind}}: {{result}}',
          },
          alerts: ['WitanAntiEntropyStorm'],
          madeFor: 'stalled',
        }),
      ],
    },
    {
      title: 'What waits',
      panels: [
        graph({
          title: 'Held messages',
          description: 'Messages that wait for exactly what they need. Above 0 for minutes: it does not come.',
          unit: 'short',
          queries: { expr: of('witan_held_messages'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanHeldMessagesGrowing'],
          width: 12,
        }),
        graph({
          title: 'Held messages that failed',
          description: 'They were invalid when their turn came. It stays 0 unless their author is faulty.',
          unit: 'short',
          queries: {
            expr: growth(PROCESS_LABELS, of('witan_held_messages_failed_total')),
            legend: '{{instance}}',
          },
          alerts: ['WitanHeldMessagesFailed'],
          width: 12,
        }),
      ],
    },
  ],
};
