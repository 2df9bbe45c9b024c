export { Connections } from './connections.ts';
export { collectWhileIdle } from './idle-collection.ts';
export { listenError } from './listen.ts';
export { giveWay } from './priority.ts';
export type { Check } from './probes.ts';
export { runService } from './run.ts';
export { ServerTls, tlsPaths } from './server-tls.ts';
export type {
  ConnectOptions,
  ReadyMessage,
  RunningService,
  ServiceContext,
  ServiceDefinition,
  ServiceSettings,
} from './service.ts';
