import type { AnnouncedService, Bus } from '@witan/bus';
import { type ConfigOf, describeUsage, loadConfig } from '@witan/config';
import { asWitanError, CODES, errorCode } from '@witan/errors';
import {
  buildInfo,
  createLogger,
  type Logger,
  PromMeter,
  processMetrics,
  startTracing,
  tracingWarnings,
  watchCertificates,
  watchNoBus,
} from '@witan/observability';
import { instrumentBus } from './instrumented-bus.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';
import { connectToNats } from './nats.ts';
import { watchParent } from './parent.ts';
import { type Check, type Phase, readiness } from './probes.ts';
import { certificateExpiries, ServerTls, tlsPaths } from './server-tls.ts';
import type { CommonSettings, RunningService, ServiceDefinition, ServiceSettings } from './service.ts';
import { startErrorText } from './start-error.ts';
import { runSteps, type StopStep } from './stopping.ts';

const TRACES_TIMEOUT_MS = 2_000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a service as this process, from its configuration to its exit code: 0 after a graceful stop, otherwise that of
 * the error (`CODES[code].exit`), or 128 and the signal's number when a second signal cut the stop short.
 *
 * Started with `WITAN_EXIT_WITH_PARENT=1`, it stops when the process that started it is gone, and leaves SIGINT and SIGHUP
 * to that process: Ctrl-C in a terminal and its end reach all of them, and the launcher has an order for stopping.
 */
export async function runService<const S extends ServiceSettings>(definition: ServiceDefinition<S>): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.includes('--help')) return void process.stdout.write(describeUsage(definition.name, definition.settings));
  if (argv.includes('--version')) return void process.stdout.write(`${definition.version}\n`);

  const { env } = process;
  const loaded = (() => {
    try {
      return loadConfig(definition.settings, { env, argv });
    } catch (error) {
      return refuseToStart(definition.name, error, Boolean(env.WITAN_DEBUG));
    }
  })();
  await new Host(definition, loaded.config).run(loaded.warnings);
}

function refuseToStart(service: string, error: unknown, stack: boolean): never {
  process.stderr.write(startErrorText(service, error, { stack }));
  process.exit(asWitanError(error).entry.exit);
}

class Host<S extends ServiceSettings> {
  readonly #definition: ServiceDefinition<S>;
  readonly #config: ConfigOf<S>;
  readonly #common: ConfigOf<CommonSettings>;
  readonly #pretty: boolean;
  readonly #log: Logger;
  readonly #meter: PromMeter;
  readonly #stopping = new AbortController();
  #phase: Phase = 'starting';
  #server: MetricsServer | undefined;
  #bus: Bus | undefined;
  #busCheck: () => readonly Check[] = () => [];
  #announced: AnnouncedService | undefined;
  #running: RunningService | undefined;
  #started: Promise<void> = Promise.resolve();
  #endTracing: (() => Promise<void>) | undefined;

  constructor(definition: ServiceDefinition<S>, config: ConfigOf<S>) {
    this.#definition = definition;
    this.#config = config;
    this.#common = config as unknown as ConfigOf<CommonSettings>;
    const { logFormat, logLevel } = this.#common;
    const isTerminal = process.stdout.isTTY === true;
    this.#pretty = logFormat === 'pretty' || (logFormat === 'auto' && isTerminal);
    this.#log = createLogger({
      service: definition.name,
      level: logLevel,
      format: this.#pretty ? 'pretty' : 'json',
      colour: isTerminal && process.stdout.hasColors(),
    });
    this.#meter = new PromMeter((metric, error) => this.#log.warn({ err: error, metric }, 'a metric cannot be read'));
  }

  async run(warnings: readonly string[]): Promise<void> {
    this.#watchProcess();
    for (const warning of [...warnings, ...tracingWarnings(process.env)]) this.#log.warn(warning);
    this.#started = this.#start();
    try {
      await this.#started;
    } catch (error) {
      if (this.#phase === 'stopping') return; // It was stopped while it started, and the stop is under way.
      this.#reportStartError(error);
      await this.#stop('it could not start', asWitanError(error).entry.exit);
    }
  }

  async #start(): Promise<void> {
    const { name, version } = this.#definition;
    buildInfo(this.#meter, { service: name, version });
    processMetrics(this.#meter);
    watchCertificates(this.#meter, () => certificateExpiries(this.#config));
    this.#endTracing = await startTracing({ service: name, version, env: process.env });
    const { metricsHost: host, metricsPort: port, metricsTlsCertFile, metricsTlsKeyFile, tlsCheckMs } = this.#common;
    const paths = tlsPaths({ certFile: metricsTlsCertFile, keyFile: metricsTlsKeyFile });
    if (port !== 'off') {
      this.#server = await startMetricsServer({
        host,
        port,
        settings: 'WITAN_METRICS',
        tls: paths && new ServerTls({ paths, everyMs: tlsCheckMs, log: this.#log, port: 'metrics' }),
        expose: (accept) => this.#meter.expose(accept),
        readiness: () => this.#readiness(),
        log: this.#log,
      });
      this.#log.debug({ metrics: this.#server.url }, 'metrics and probes are served');
    }
    this.#running = await this.#definition.start({
      config: this.#config,
      log: this.#log,
      meter: this.#meter,
      signal: this.#stopping.signal,
      connectBus: ({ node } = {}) => this.#connectBus(node),
      fail: (error) => this.#fail(error),
    });
    if (this.#isStopping()) return;
    await this.#announce(this.#running);
    if (this.#isStopping()) return;
    this.#phase = 'running';
    this.#sayReady(this.#running.info ?? {});
  }

  /** A function, since the compiler takes a field that it has compared to stay as it was. */
  #isStopping(): boolean {
    return this.#phase === 'stopping';
  }

  async #announce({ info: metadata = {}, endpoints = [] }: RunningService): Promise<void> {
    const { name, version, description } = this.#definition;
    this.#announced = await this.#bus?.announce({ name: `witan-${name}`, version, description, metadata, endpoints });
  }

  #sayReady(info: Readonly<Record<string, string>>): void {
    const { name: service, version } = this.#definition;
    const metrics = this.#server?.url;
    const startMs = Math.round(performance.now());
    this.#log.info({ event: 'ready', version, metrics, startMs, ...info }, 'ready');
    if (process.connected) process.send?.({ type: 'ready', service, pid: process.pid, metrics, info }, () => {});
  }

  async #connectBus(node: string | undefined): Promise<Bus> {
    const name = ['witan', this.#definition.name, ...(node === undefined ? [] : [node.slice(0, 8)])].join('-');
    const connect = this.#definition.connect ?? connectToNats;
    const { signal } = this.#stopping;
    let detail = 'no connection yet';
    this.#busCheck = () => [{ name: 'bus', ok: false, detail }];
    watchNoBus(this.#meter);
    const onFailedTry = (error: unknown): void => {
      // The code alone: what the error says may have the server's address in it.
      detail = `no connection yet: ${errorCode(error)}`;
    };
    const connected = await connect({ config: this.#common, name, log: this.#log, signal, onFailedTry });
    const bus = instrumentBus(connected, this.#meter);
    this.#bus = bus;
    this.#busCheck = () => [checkBus(bus)];
    return bus;
  }

  #readiness() {
    const ofService = () => this.#running?.ready() ?? [];
    return readiness(this.#definition.name, this.#phase, [() => this.#busCheck(), ofService]);
  }

  #fail(error: unknown): void {
    this.#log.fatal({ err: error }, 'the service cannot go on');
    void this.#stop('it cannot go on', asWitanError(error).entry.exit);
  }

  /** In JSON the line is for programs as well; in a terminal once is enough. */
  #reportStartError(error: unknown): void {
    if (!this.#pretty)
      this.#log.fatal({ err: error, help: asWitanError(error).entry.help }, 'the service cannot start');
    const stack = Boolean(process.env.WITAN_DEBUG) || this.#log.isEnabled('debug');
    process.stderr.write(startErrorText(this.#definition.name, error, { stack }));
  }

  #watchProcess(): void {
    const exitsWithParent = Boolean(process.env.WITAN_EXIT_WITH_PARENT);
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (signal !== 'SIGTERM' && exitsWithParent) return;
        if (this.#phase === 'stopping') process.exit(SIGNAL_EXIT[signal]);
        void this.#stop(signal, 0);
      });
    }
    if (exitsWithParent) watchParent(() => void this.#stop('its parent is gone', 0));
    // What finds no room there, as on a full disk, ends nothing, and changes no exit code.
    process.stderr.on('error', () => {});
    // State of unknown soundness is not worth saving: what matters is on disk already.
    const crash = (error: unknown): void => {
      this.#log.fatal({ err: error }, 'unexpected error');
      process.exit(asWitanError(error).entry.exit);
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
  }

  async #stop(reason: string, exitCode: number): Promise<void> {
    if (this.#phase === 'stopping') return;
    this.#phase = 'stopping';
    this.#log.info({ reason }, 'stopping');
    this.#stopping.abort(new Error(reason));
    const steps: StopStep[] = [
      { name: 'announcement', run: () => this.#announced?.stop() },
      { name: 'start', run: () => this.#started.catch(() => {}) },
      { name: 'service', run: () => this.#running?.stop() },
      { name: 'bus', run: () => this.#bus?.drain() },
      { name: 'traces', run: () => this.#endTracing?.(), timeoutMs: TRACES_TIMEOUT_MS },
      { name: 'metrics', run: () => this.#server?.close() },
    ];
    const { failed, timeout } = await runSteps(steps, this.#common.stopTimeoutMs, this.#log);
    if (timeout !== undefined) {
      this.#log.error(
        { step: timeout, stopTimeoutMs: this.#common.stopTimeoutMs },
        'stopped in the middle: time is up',
      );
      process.exit(exitCode || CODES.WITAN_ERR_TIMEOUT.exit);
    }
    this.#log.info('stopped');
    process.exit(exitCode || (failed.length > 0 ? CODES.WITAN_ERR_INTERNAL.exit : 0));
  }
}

/** Connected, and hears all that it listens to. */
function checkBus({ status, refused }: Bus): Check {
  if (status !== 'connected' || refused.length === 0)
    return { name: 'bus', ok: status === 'connected', detail: status };
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : '';
  return { name: 'bus', ok: false, detail: `WITAN_ERR_FORBIDDEN: may not listen to ${refused[0]}${more}` };
}
