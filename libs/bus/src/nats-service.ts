import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { ServiceError, Svcm } from '@nats-io/services';
import { CODES, errorCode } from '@witan/errors';
import type { AnnouncedService, BusEvent, ServiceDescription, ServiceEndpoint } from './bus.ts';

/** Handles a message as a subscription does; returns what a synchronous handler threw. */
export type Serve = (message: Msg) => unknown;

export interface NatsService extends AnnouncedService {
  /** The service is there once this has resolved. */
  readonly ready: Promise<void>;
}

/** The NATS services protocol, by the maintainers' library: its statistics are those of the real endpoints. */
export function announceOverNats(
  connection: NatsConnection,
  service: ServiceDescription,
  server: (endpoint: ServiceEndpoint) => Serve,
  onEvent: (event: BusEvent) => void,
): NatsService {
  const { name, version, description = '', metadata = {}, endpoints = [] } = service;
  let stopping = false;
  // No queue but those that an endpoint names: each node answers for itself.
  const added = new Svcm(connection).add({ name, version, description, metadata: { ...metadata }, queue: '' });
  return added;
}
