import { type Bus, subjects } from '@witan/bus';
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

/** Nodes that answer questions to anyone share this queue. */
const ANYONE = 'section';

/** A transport over the bus. Requests go to elders: they are the ones who know. */
export function busTransport({ bus, network, prefix, name, service }: BusTransportOptions): Transport {
  const subject = subjects(network);
  const root = subject.topic('x').slice(0, -1);
  const section = prefix === '' ? 'root' : prefix;
  const anyone = (verb: string) => subject.topic(`section.${section}.ask.${verb}`);
  return {
    publish: (topic, bytes) => bus.publish(subject.topic(topic), bytes),
    subscribe: (pattern, handler) => {
      bus.subscribe(root + pattern, (message) => handler(message.payload, message.subject.slice(root.length)));
    },
    request: (to, verb, bytes, timeoutMs, done) =>
      bus.ask(to === '' ? anyone(verb) : subject.node(to, 'elder', verb), bytes, { timeoutMs }, done),
    serve: (verb, handler, forAnyone) => {
      const serve = (at: string, options?: { queue: string }) =>
        bus.subscribe(at, ({ payload, respond }) => respond && handler(payload, respond), options);
      serve(subject.node(name, service, verb));
      if (forAnyone) serve(anyone(verb), { queue: ANYONE });
    },
  };
}
