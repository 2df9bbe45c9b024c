import { ANYONE_QUEUE, type Bus, type BusMessage, type ServiceEndpoint, subjects } from '@witan/bus';
import type { Transport } from './transport.ts';

export interface BusTransportOptions {
  readonly bus: Bus;
  readonly network: string;
  readonly prefix: string;
  /** Own name, for requests to this node. */
  readonly name: string;
  /** The service whose requests are served here. */
  readonly service: 'adult' | 'elder' | 'gateway' | 'coordinator';
}

export interface BusTransport extends Transport {
  /** All that is served, for the announcement of the service: with it, requests begin to be answered. */
  readonly endpoints: readonly ServiceEndpoint[];
}

/** A transport over the bus. Requests go to elders: they are the ones who know. */
export function busTransport({ bus, network, prefix, name, service }: BusTransportOptions): BusTransport {
  const subject = subjects(network);
  const root = subject.topic('x').slice(0, -1);
  const anyone = (verb: string) => `${subject.section(prefix)}.ask.${verb}`;
  const endpoints: ServiceEndpoint[] = [];
  return {
    endpoints,
    publish: (topic, bytes) => bus.publish(subject.topic(topic), bytes),
    subscribe: (pattern, handler) => {
      bus.subscribe(root + pattern, (message) => handler(message.payload, message.subject.slice(root.length)));
    },
    request: (to, verb, bytes, timeoutMs, done) =>
      bus.ask(to === '' ? anyone(verb) : subject.node(to, 'elder', verb), bytes, { timeoutMs }, done),
    serve: (verb, handler, forAnyone) => {
      const answer = ({ payload, respond }: BusMessage): void => {
        const refusal = respond && handler(payload, respond);
        if (refusal) throw refusal;
      };
      // Names of endpoints have no dots.
      const as = verb.replaceAll('.', '-');
      endpoints.push({ name: as, subject: subject.node(name, service, verb), handler: answer });
      if (forAnyone)
        endpoints.push({ name: `${as}-anyone`, subject: anyone(verb), queue: ANYONE_QUEUE, handler: answer });
    },
  };
}
