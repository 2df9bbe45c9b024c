export type {
  AnnouncedService,
  AskOptions,
  AskResult,
  Bus,
  BusEvent,
  BusMessage,
  BusStats,
  BusStatus,
  Handler,
  Headers,
  RequestOptions,
  ServiceDescription,
  ServiceEndpoint,
  SubscribeOptions,
  Subscription,
} from './bus.ts';
export {
  type Delivery,
  type FaultHook,
  type LinkMessage,
  MemoryHub,
  type MemoryHubOptions,
  type Scheduler,
} from './memory-hub.ts';
export { connectNats } from './nats-connect.ts';
export type { NatsOptions } from './nats-options.ts';
export { createNkey, inboxOf, type Nkey, nkeyOf } from './nkeys.ts';
export { ANYONE_QUEUE, type Permissions, permissionsOf, ROLES, type Role } from './permissions.ts';
export { type Subjects, subjects } from './subjects.ts';
export { findNatsServer, type NatsServer, type NatsServerOptions, startNatsServer } from './testing.ts';
