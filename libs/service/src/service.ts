import type { Bus, ServiceEndpoint } from '@witan/bus';
import type { ConfigOf, commonSettings, Settings } from '@witan/config';
import type { Logger, Meter } from '@witan/observability';
import type { Check } from './probes.ts';

export type CommonSettings = typeof commonSettings;
export type ServiceSettings = Settings & CommonSettings;

/** A service: what is its own. Everything else is the same for all and done by `runService`. */
export interface ServiceDefinition<S extends ServiceSettings> {
  /** `elder`, `gateway`, … as in metrics, logs and on the bus. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly settings: S;
  /** Does all that must be done before the service is of use. An error that it throws ends the process with its code. */
  start(context: ServiceContext<S>): Promise<RunningService>;
  /** Makes the connection to the bus; to NATS unless given. */
  readonly connect?: (options: ConnectOptions) => Promise<Bus>;
}

export interface ConnectOptions {
  readonly config: ConfigOf<CommonSettings>;
  /** Of the connection, for people who look at the NATS server. */
  readonly name: string;
  readonly log: Logger;
  /** Aborted when the service is to stop. */
  readonly signal: AbortSignal;
  /** Told of each try that brought no connection. */
  readonly onFailedTry: (error: unknown) => void;
}

export interface ServiceContext<S extends ServiceSettings> {
  readonly config: ConfigOf<S>;
  readonly log: Logger;
  readonly meter: Meter;
  /** Aborted when the service is to stop, also while it starts. */
  readonly signal: AbortSignal;
  /**
   * The connection to the bus, measured, traced, part of the readiness, and closed after the service has stopped.
   * Waits until there is a server. @param node hex name of the node, if it has one.
   */
  connectBus(options?: { readonly node?: string }): Promise<Bus>;
  /** Something is wrong that the running service cannot live with: it is stopped in order and ends with the error's code. */
  fail(error: unknown): void;
}

export interface RunningService {
  /** What it needs to do its job, and whether it is there right now. Asked at every probe: cheap, and true. */
  ready(): readonly Check[];
  /** Ends in order: no new work, finish what runs, close what is open. The bus is still there. */
  stop(): Promise<void>;
  /** Facts for the ready line, the launcher and `$SRV.INFO`, such as its address or the node's name. */
  readonly info?: Readonly<Record<string, string>>;
  /** What it answers on the bus, from its announcement to the beginning of its stop. */
  readonly endpoints?: readonly ServiceEndpoint[];
}

/** Sent to the process that started the service over the IPC channel, if there is one. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly service: string;
  readonly pid: number;
  /** URL of the metrics port; undefined when it is off. */
  readonly metrics: string | undefined;
  readonly info: Readonly<Record<string, string>>;
}
