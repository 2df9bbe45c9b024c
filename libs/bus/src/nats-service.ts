import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { ServiceError, Svcm } from '@nats-io/services';
import { CODES, errorCode } from '@witan/errors';
import type { AnnouncedService, BusEvent, ServiceDescription, ServiceEndpoint } from './bus.ts';
import { checkPattern, checkQueue } from './subject-rules.ts';

/** The services library has types of an earlier release of the same core; what it uses of a connection is the same. */
type TheirConnection = ConstructorParameters<typeof Svcm>[0];

/** Handles a message as a subscription does; the result is why it was not handled, if it was not. */
export type Serve = (message: Msg) => unknown;

export interface NatsAnnouncement extends AnnouncedService {
  /** Whether one of these is a subject that it listens to. */
  uses(subjects: ReadonlySet<string>): boolean;
}

/**
 * The NATS services protocol, by the maintainers' library: its statistics are those of the real endpoints. It ends a
 * service, all its endpoints included, when the server refuses the subscription of one; that is an event.
 */
export async function announceOverNats(
  connection: NatsConnection,
  service: ServiceDescription,
  server: (endpoint: ServiceEndpoint) => Serve,
  onEvent: (event: BusEvent) => void,
): Promise<NatsAnnouncement> {
  const { name, version, description = '', metadata = {}, endpoints = [] } = service;
  for (const { subject, queue } of endpoints) {
    checkPattern(subject);
    checkQueue(queue);
  }
  // No queue but those that an endpoint names: each node answers for itself.
  const added = await new Svcm(connection as unknown as TheirConnection).add({
    name,
    version,
    description,
    metadata: { ...metadata },
    queue: '',
  });
  for (const endpoint of endpoints) {
    const serve = server(endpoint);
    added.addEndpoint(endpoint.name, {
      subject: endpoint.subject,
      ...(endpoint.queue === undefined ? {} : { queue: endpoint.queue }),
      handler: (error, message) => {
        if (error === null) rethrow(serve(message as unknown as Msg));
      },
    });
  }
  void added.stopped.then((error) => {
    if (error !== null) onEvent({ type: 'subscription-lost', subject: `$SRV.*.${name}`, error });
  });
  const { id } = added.ping();
  const own = new Set(endpoints.map(({ subject }) => subject));
  const isProtocol = new RegExp(`^\\$SRV\\.(PING|INFO|STATS)(\\.${name}(\\.${id})?)?$`);
  return {
    id,
    uses: (subjects) => [...subjects].some((subject) => own.has(subject) || isProtocol.test(subject)),
    stop: async () => {
      await added.stop();
    },
  };
}

/** The library counts what a handler throws, and tells the requester. */
function rethrow(error: unknown): void {
  if (error === undefined) return;
  const code = errorCode(error);
  throw new ServiceError(CODES[code].status, code);
}
