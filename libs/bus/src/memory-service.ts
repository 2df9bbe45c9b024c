import { errorCode } from '@witan/errors';
import type { AnnouncedService, Bus, BusMessage, ServiceDescription, ServiceEndpoint, Subscription } from './bus.ts';

interface EndpointStats {
  name: string;
  subject: string;
  queue_group: string;
  num_requests: number;
  num_errors: number;
  last_error: string;
  /** Nanoseconds, as the protocol has it. */
  processing_time: number;
  average_processing_time: number;
}

/**
 * The NATS services protocol for the bus in memory: PING, INFO and STATS, each for all services, for those of one
 * name, and for one instance. Over NATS, `@nats-io/services` does this.
 */
export function announceInMemory(bus: Bus, service: ServiceDescription, id: string): AnnouncedService {
  const { name, version, description = '', metadata = {}, endpoints = [] } = service;
  const identity = { name, id, version, metadata };
  const stats = endpoints.map((endpoint) => newStats(endpoint));
  const info = stats.map((one) => ({ name: one.name, subject: one.subject, queue_group: one.queue_group }));
  const started = new Date().toISOString();
  const answers: Record<string, () => object> = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({ type: 'io.nats.micro.v1.info_response', ...identity, description, endpoints: info }),
    STATS: () => ({ type: 'io.nats.micro.v1.stats_response', ...identity, started, endpoints: stats }),
  };
  const subscriptions: Subscription[] = endpoints.map((endpoint, i) =>
    bus.subscribe(endpoint.subject, (message) => counted(endpoint, stats[i]!, message), endpoint),
  );
  for (const [verb, answer] of Object.entries(answers)) {
    for (const target of ['', `.${name}`, `.${name}.${id}`]) {
      const respond = ({ respond: reply }: BusMessage): void =>
        reply?.(new TextEncoder().encode(JSON.stringify(answer())));
      subscriptions.push(bus.subscribe(`$SRV.${verb}${target}`, respond));
    }
  }
  return {
    id,
    stop: async () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}

function newStats({ name, subject, queue = '' }: ServiceEndpoint): EndpointStats {
  const times = { processing_time: 0, average_processing_time: 0 };
  return { name, subject, queue_group: queue, num_requests: 0, num_errors: 0, last_error: '', ...times };
}

function counted(endpoint: ServiceEndpoint, stats: EndpointStats, message: BusMessage): void | Promise<void> {
  stats.num_requests++;
  try {
    return endpoint.handler(message);
  } catch (error) {
    stats.num_errors++;
    stats.last_error = errorCode(error);
    throw error;
  }
}
