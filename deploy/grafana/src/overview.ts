import { type DashboardSpec, graph, number, table } from './model.ts';
import { NETWORK_LABELS, of, perSecond, quantiles } from './promql.ts';

export const overview: DashboardSpec = {
  name: 'overview',
  title: 'Witan: overview',
  description: 'Can the section sign, does it lose what it needs for that, and are clients served?',
  rows: [
    {
      title: 'The section',
      panels: [
        number({
          title: 'Quorum margin',
          description:
            'Live elders minus those that must sign, as the median process sees it. At 0 the next loss stops the section, below 0 it signs nothing; where there is no number, no process knows a section.',
          unit: 'none',
          queries: { expr: of('namespace:witan_section_quorum_margin:median'), legend: 'margin' },
          alerts: ['WitanQuorumLost', 'WitanQuorumMarginThin', 'WitanSectionUnknown'],
          madeFor: 'stalled',
          colours: [
            { from: 0, colour: 'yellow' },
            { from: 1, colour: 'green' },
          ],
        }),
        number({
          title: 'Live elders',
          description: 'Elders that are heard from, as the median process sees it; and how many must sign.',
          unit: 'none',
          queries: [
            { expr: `quantile by (${NETWORK_LABELS}) (0.5, ${of('witan_section_live_elders')})`, legend: 'live' },
            { expr: of('namespace:witan_section_threshold:max'), legend: 'must sign' },
          ],
          alerts: ['WitanQuorumLost'],
        }),
        number({
          title: 'Usable key shares',
          description: 'Elders that can sign with the present section key. Fewer than must sign: nothing is signed.',
          unit: 'none',
          queries: { expr: of('namespace:witan_elder_usable_share:sum'), legend: 'shares' },
          alerts: ['WitanTooFewShares', 'WitanShareMissing'],
        }),
        number({
          title: 'Generation',
          description: 'Number of the last decision of the section that any process has applied.',
          unit: 'none',
          queries: { expr: of('namespace:witan_section_generation:max'), legend: 'generation' },
          alerts: ['WitanNodeBehind'],
        }),
        number({
          title: 'Keys in the chain',
          description: 'Section keys since genesis. Each was signed by the one before.',
          unit: 'none',
          queries: { expr: `max by (${NETWORK_LABELS}) (${of('witan_section_chain_length')})`, legend: 'keys' },
        }),
        number({
          title: 'Processes down',
          description: 'Scrape targets that do not answer. A pod that waits for a host is none.',
          unit: 'none',
          queries: { expr: `sum by (${NETWORK_LABELS}) (1 - ${of('up', 'job=~"witan.*"')})`, legend: 'down' },
          alerts: ['WitanTargetDown', 'WitanNoMetrics', 'WitanServiceGone'],
          madeFor: 'stalled',
          colours: [{ from: 1, colour: 'red' }],
        }),
      ],
    },
    {
      title: 'What is the matter',
      panels: [
        table({
          title: 'Alerts',
          description: 'Alerts that are pending or fire. Each has a page in docs/runbooks.',
          unit: 'none',
          queries: {
            expr: `sum by (${NETWORK_LABELS}, alertname, alertstate, severity) (${of('ALERTS', 'alertname=~"Witan.*"')})`,
            legend: '{{alertname}}',
          },
          madeFor: 'stalled',
        }),
        graph({
          title: 'Live elders, as each process sees them',
          description: 'Where one curve is below the others, that process is cut off; where all are, elders are lost.',
          unit: 'none',
          queries: [
            { expr: of('witan_section_live_elders'), legend: '{{job}} {{instance}}' },
            { expr: `max by (${NETWORK_LABELS}) (${of('witan_section_elders')})`, legend: 'elders' },
          ],
          alerts: ['WitanQuorumLost', 'WitanQuorumMarginThin'],
          width: 12,
        }),
      ],
    },
    {
      title: 'Clients',
      panels: [
        graph({
          title: 'Attestations',
          description: 'Requests for the signature of the section, by how they ended.',
          unit: 'reqps',
          queries: { expr: perSecond('result', of('witan_attestations_total')), legend: '{{result}}' },
          alerts: ['WitanAttestationErrorBudgetBurn'],
          stacked: true,
        }),
        graph({
          title: 'Attestation latency',
          description: 'From the request to a verified signature. A dead elder costs one request timeout.',
          unit: 's',
          queries: quantiles([0.5, 0.99], '', of('witan_attestation_duration_seconds_bucket')),
          alerts: ['WitanAttestationLatencyBudgetBurn'],
          madeFor: 'recovered',
        }),
        graph({
          title: 'DKG phase',
          description:
            '1 initialisation, 2 contribution, 3 complaining, 4 justification, 5 commitment, 6 finalisation; 0: no session runs. A plateau is a stall.',
          unit: 'none',
          queries: { expr: `max by (${NETWORK_LABELS}) (${of('witan_dkg_phase')})`, legend: 'phase' },
          alerts: ['WitanDkgPhaseStalled'],
          madeFor: 'stalled',
          max: 6,
        }),
      ],
    },
  ],
};
