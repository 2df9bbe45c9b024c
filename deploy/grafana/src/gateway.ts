import { type DashboardSpec, graph, number } from './model.ts';
import { growth, of, perSecond, quantiles } from './promql.ts';

const QUANTILES = [0.5, 0.95, 0.99];
const burn = (level: string, objective: number) =>
  ['5m', '1h', '6h', '3d'].map((window) => ({
    expr: `${of(`namespace:${level}:ratio_rate${window}`)} / ${objective}`,
    legend: window,
  }));

export const gateway: DashboardSpec = {
  name: 'gateway',
  title: 'Witan: gateway',
  description: 'What clients ask, how fast they are answered, and what of the error budget is left.',
  rows: [
    {
      title: 'Attestations',
      panels: [
        number({
          title: 'Refused, last hour',
          description:
            'Part of the attestations that were asked for and not given. The objective is 0.1 % over a month.',
          unit: 'percentunit',
          queries: { expr: of('namespace:witan_attestation_errors:ratio_rate1h'), legend: 'refused' },
          alerts: ['WitanAttestationErrorBudgetBurn'],
          madeFor: 'stalled',
          colours: [
            { from: 0.001, colour: 'yellow' },
            { from: 0.0144, colour: 'red' },
          ],
        }),
        number({
          title: 'Slow, last hour',
          description: 'Part of the attestations that took over 1.2 s. The objective is 1 % over a month.',
          unit: 'percentunit',
          queries: { expr: of('namespace:witan_attestation_slow:ratio_rate1h'), legend: 'slow' },
          alerts: ['WitanAttestationLatencyBudgetBurn'],
          colours: [
            { from: 0.01, colour: 'yellow' },
            { from: 0.144, colour: 'red' },
          ],
        }),
        graph({
          title: 'Attestations',
          description: 'By how they ended. no-quorum: too few elders signed in time.',
          unit: 'reqps',
          queries: { expr: perSecond('result', of('witan_attestations_total')), legend: '{{result}}' },
          alerts: ['WitanAttestationErrorBudgetBurn'],
          stacked: true,
        }),
        graph({
          title: 'Attestation latency',
          description: 'From the request to a verified signature.',
          unit: 's',
          queries: quantiles(QUANTILES, '', of('witan_attestation_duration_seconds_bucket')),
          alerts: ['WitanAttestationLatencyBudgetBurn'],
          madeFor: 'recovered',
        }),
      ],
    },
    {
      title: 'Error budgets: how many times too fast they are spent',
      panels: [
        graph({
          title: 'Attestations refused',
          description: 'At 1 the budget of a month lasts a month; at 14.4 two days.',
          unit: 'none',
          queries: burn('witan_attestation_errors', 0.001),
          alerts: ['WitanAttestationErrorBudgetBurn'],
          madeFor: 'stalled',
        }),
        graph({
          title: 'Attestations slow',
          description: 'At 1 the budget of a month lasts a month; at 14.4 two days.',
          unit: 'none',
          queries: burn('witan_attestation_slow', 0.01),
          alerts: ['WitanAttestationLatencyBudgetBurn'],
        }),
        graph({
          title: 'Other requests failed',
          description: 'At 1 the budget of a month lasts a month; at 14.4 two days. Probes are not counted.',
          unit: 'none',
          queries: burn('witan_http_errors', 0.001),
          alerts: ['WitanHttpErrorBudgetBurn'],
        }),
      ],
    },
    {
      title: 'HTTP',
      panels: [
        graph({
          title: 'Requests by status',
          description: 'Event streams are not counted.',
          unit: 'reqps',
          queries: {
            expr: perSecond('status', of('witan_http_request_duration_seconds_count')),
            legend: '{{status}}',
          },
          alerts: ['WitanHttpErrorBudgetBurn'],
          stacked: true,
        }),
        graph({
          title: 'Requests by route',
          description: 'What is asked for; unmatched is no route of the API.',
          unit: 'reqps',
          queries: {
            expr: perSecond('method, route', of('witan_http_request_duration_seconds_count')),
            legend: '{{method}} {{route}}',
          },
          stacked: true,
        }),
        graph({
          title: 'Latency',
          description: 'From the request to the last byte of the answer, attestations included.',
          unit: 's',
          queries: quantiles(QUANTILES, '', of('witan_http_request_duration_seconds_bucket')),
        }),
        graph({
          title: 'Event streams',
          description: 'Open server-sent event streams.',
          unit: 'short',
          queries: { expr: of('witan_http_event_streams'), legend: '{{instance}}' },
          alerts: ['WitanEventStreamsRefused'],
          width: 12,
        }),
        graph({
          title: 'Event streams that ended, or were refused',
          description:
            'Too slow: the client did not read. Refused: too many were open, or as many of one client as one may have.',
          unit: 'short',
          queries: [
            { expr: growth('reason', of('witan_http_event_streams_closed_total')), legend: '{{reason}}' },
            { expr: growth('job', of('witan_http_event_streams_refused_total')), legend: 'refused' },
          ],
          alerts: ['WitanEventStreamsRefused'],
          width: 12,
        }),
      ],
    },
  ],
};
