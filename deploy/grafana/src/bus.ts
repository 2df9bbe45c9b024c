import { type DashboardSpec, graph, states } from './model.ts';
import { growth, of, PROCESS_LABELS, perSecond, quantiles } from './promql.ts';

export const bus: DashboardSpec = {
  name: 'bus',
  title: 'Witan: NATS',
  description: 'The bus, as the services see it: who is connected, what crosses it, what is lost.',
  rows: [
    {
      title: 'Connections',
      panels: [
        states({
          title: 'Connected',
          description: 'One that is not is no live elder for the others. All that are not: NATS is down.',
          unit: 'none',
          queries: { expr: of('witan_bus_connected'), legend: '{{job}} {{instance}}' },
          alerts: ['WitanBusDown', 'WitanBusDisconnected'],
          words: { 0: 'cut off', 1: 'connected' },
        }),
        graph({
          title: 'Connections lost',
          description: 'Each is made again by itself.',
          unit: 'short',
          queries: { expr: growth(PROCESS_LABELS, of('witan_bus_disconnects_total')), legend: '{{job}} {{instance}}' },
          alerts: ['WitanBusDisconnected'],
          width: 12,
        }),
      ],
    },
    {
      title: 'Traffic',
      panels: [
        graph({
          title: 'Messages',
          description: 'Messages that crossed the bus, requests and replies among them, of all processes.',
          unit: 'ops',
          queries: {
            expr: perSecond('job, direction', of('witan_bus_messages_total')),
            legend: '{{job}} {{direction}}',
          },
        }),
        graph({
          title: 'Bytes',
          description: 'Payload that crossed the bus, of all processes.',
          unit: 'Bps',
          queries: {
            expr: perSecond('job, direction', of('witan_bus_bytes_total')),
            legend: '{{job}} {{direction}}',
          },
        }),
        graph({
          title: 'Messages lost',
          description:
            'Dropped: not sent or not handled. Slow consumer: a process fell behind. Failed: its handler threw, a defect.',
          unit: 'ops',
          queries: [
            { expr: perSecond(PROCESS_LABELS, of('witan_bus_dropped_total')), legend: 'dropped {{instance}}' },
            { expr: perSecond(PROCESS_LABELS, of('witan_bus_slow_consumers_total')), legend: 'slow {{instance}}' },
            { expr: perSecond(PROCESS_LABELS, of('witan_bus_handler_errors_total')), legend: 'failed {{instance}}' },
          ],
          alerts: ['WitanBusDropping'],
        }),
        graph({
          title: 'Latency',
          description: 'From a request to its answer. A round trip is under a millisecond; proofs take tens.',
          unit: 's',
          queries: quantiles([0.5, 0.99], 'job', of('witan_bus_request_duration_seconds_bucket')),
          madeFor: 'recovered',
        }),
        graph({
          title: 'Not permitted',
          description:
            'What the server refused a user that has no right to it. It stays 0 unless the permissions are wrong.',
          unit: 'ops',
          queries: { expr: perSecond(PROCESS_LABELS, of('witan_bus_forbidden_total')), legend: '{{instance}}' },
          alerts: ['WitanBusForbidden'],
        }),
        graph({
          title: 'Errors',
          description: 'Requests that failed, by the code of the error. Dead elders are WITAN_ERR_UNAVAILABLE.',
          unit: 'reqps',
          queries: {
            expr: `${perSecond('code', of('witan_bus_request_errors_total'))} > 0`,
            legend: '{{code}}',
          },
          madeFor: 'stalled',
        }),
      ],
    },
  ],
};
