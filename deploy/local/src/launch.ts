import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { WitanEvent } from '@witan/api';
import { styleFor } from '@witan/cli';
import { asWitanError, WitanError } from '@witan/errors';
import { Cluster } from './cluster.ts';
import { DataDir, type Facts } from './data-dir.ts';
import { follow, type Picture } from './feed.ts';
import { memoryOf } from './memory.ts';
import type { Options } from './options.ts';
import { freePort } from './ports.ts';
import { NETWORK } from './services.ts';
import { type ClusterState, isComplete, missing, type Note, type Summary } from './state.ts';
import { stopReason } from './stop-reason.ts';
import type { ProcessStatus } from './supervisor.ts';
import { type Display, JsonDisplay, PlainDisplay, TerminalDisplay } from './view/display.ts';

const DRAW_EVERY_MS = 100;
/** After so long without the key one wants to know what it waits for. */
const PATIENCE_MS = 10_000;

/**
 * Starts a cluster, shows it, and stops it in order when asked to. Resolves with the exit code.
 * @throws WitanError when it cannot start; nothing is left running then
 */
export async function launch(options: Options, env: NodeJS.ProcessEnv): Promise<number> {
  const natsServer = env.WITAN_NATS_SERVER;
  if (!natsServer)
    throw new WitanError('WITAN_ERR_DEPENDENCY', 'start with npm start, which finds or installs nats-server');
  const data = DataDir.open(options.dataDir, { fresh: options.fresh });
  try {
    return await new Launch(options, env, natsServer, data).run();
  } finally {
    data.close();
  }
}

class Launch {
  readonly #options: Options;
  readonly #env: NodeJS.ProcessEnv;
  readonly #natsServer: string;
  readonly #data: DataDir;
  readonly #display: Display;
  readonly #startedAt = performance.now();
  readonly #nodes: number;
  readonly #resuming: boolean;
  readonly #keyBefore: string | undefined;
  #cluster: Cluster | undefined;
  #url: string | undefined;
  #picture: Picture = { section: undefined, session: undefined };
  #repairs = { requests: 0, messages: 0 };
  #summary: Summary | undefined;
  /** As the elders have been told, by whatever road; 0 while none has said so. */
  #elderCount = 0;
  #stopping = false;

  constructor(options: Options, env: NodeJS.ProcessEnv, natsServer: string, data: DataDir) {
    this.#options = options;
    this.#env = env;
    this.#natsServer = natsServer;
    this.#data = data;
    this.#display = displayFor(options, env);
    this.#nodes = data.nodesToStart(options.nodes);
    this.#resuming = data.facts.genesisKey !== undefined;
    this.#keyBefore = data.facts.sectionKey;
  }

  async run(): Promise<number> {
    // Listened for from the first moment: whatever has been started by then is stopped.
    const asked = stopReason(() => this.#cluster?.kill());
    const drawing = setInterval(() => this.#display.draw(this.#state), DRAW_EVERY_MS);
    const patience = setInterval(() => {
      if (this.#summary === undefined) this.#note({ type: 'waiting', detail: missing(this.#state) });
    }, PATIENCE_MS);
    const ending = new AbortController();
    const tasks: Promise<void>[] = [];
    try {
      const cluster = await this.#prepare();
      const work = cluster.start().then((url) => {
        this.#url = url;
        this.#publish();
        tasks.push(this.#follow(url, ending.signal));
        // Only a defect ends the feed early; it then ends the launcher too.
        return Promise.all(tasks);
      });
      const reason = await Promise.race([asked, work.then(() => asked)]);
      this.#note({ type: 'stopping', reason });
    } finally {
      ending.abort();
      clearInterval(patience);
      await this.#stop(drawing);
      await Promise.allSettled(tasks);
      this.#display.close();
    }
    return 0;
  }

  /** Elders would put nothing there, and only their logs would say so. */
  #refuseForeignBackups(): void {
    const { WITAN_BACKUP_DIR: backups } = this.#env;
    const first = backups && join(backups, 'node-0');
    if (!first || this.#data.hasNodes || !existsSync(first) || readdirSync(first).length === 0) return;
    throw new WitanError(
      'WITAN_ERR_CONFIG',
      `WITAN_BACKUP_DIR=${backups}: has the backups of another network; give a directory of its own to this one`,
    );
  }

  async #prepare(): Promise<Cluster> {
    const { port, nodes } = this.#options;
    this.#note({ type: 'begin', nodes: this.#nodes, dataDir: this.#data.path, resuming: this.#resuming });
    if (nodes !== undefined && nodes < this.#nodes) {
      this.#remark(
        `${this.#data.path} holds ${this.#nodes} nodes: all of them are started (--fresh begins anew with ${nodes})`,
      );
    }
    this.#refuseForeignBackups();
    // However soon this start is cut short, the next one is of the same network.
    this.#data.remember({ nodes: this.#nodes });
    const { port: httpPort, refusal } = await freePort(port);
    if (httpPort !== port)
      this.#remark(`port ${port} ${refusal}, the API gets ${httpPort === 0 ? 'any free one' : httpPort}`);
    this.#cluster = new Cluster({
      data: this.#data,
      nodes: this.#nodes,
      httpPort,
      natsServer: this.#natsServer,
      env: this.#env,
      onChange: (process, detail) => this.#onProcess(process, detail),
      onTrouble: ({ message }) => this.#remark(`the NATS server was not told the nodes' names: ${message}`),
    });
    return this.#cluster;
  }

  #follow(url: string, signal: AbortSignal): Promise<void> {
    return follow({
      url,
      signal,
      onPicture: (picture) => {
        this.#picture = picture;
        if (this.#summary === undefined && isComplete(picture, this.#state)) this.#complete(picture);
      },
      onEvent: (event) => this.#onEvent(event),
    });
  }

  #onEvent(event: WitanEvent): void {
    if (event.type === 'dkg.repaired') {
      const { requests, messages } = this.#repairs;
      this.#repairs = { requests: requests + 1, messages: messages + event.data.recovered };
    }
    if (event.type === 'handover') this.#remember({ sectionKey: event.data.key });
    this.#note({ type: 'event', event });
  }

  #onProcess(process: ProcessStatus, detail: string | undefined): void {
    this.#note({ type: 'process', process, detail });
    this.#elderCount = Number(process.ready?.info.elderCount ?? this.#elderCount);
    if (process.state === 'ready') this.#publish();
  }

  #complete({ section }: Picture): void {
    const { key, chainLength, threshold, elders } = section!;
    const cluster = this.#cluster!;
    this.#remember({ sectionKey: key });
    this.#summary = {
      resumed: this.#keyBefore === key,
      tookMs: Math.round(this.#elapsedMs()),
      genesisKey: cluster.genesisKey!,
      sectionKey: key,
      chainLength,
      threshold,
      elders: elders.length,
      url: this.#url!,
      metrics: metricsOf(cluster.statuses),
      memory: memoryOf([process.pid, ...cluster.pids]),
      dataDir: this.#data.path,
    };
    this.#note({ type: 'ready', summary: this.#summary });
    this.#publish();
  }

  /** What the CLI, a scraper and a person with an editor look for. */
  #publish(): void {
    const cluster = this.#cluster!;
    const url = this.#url;
    if (url === undefined) return;
    this.#unlessRefused('cluster.json was not written', () =>
      this.#data.writeCluster({
        url,
        network: NETWORK,
        genesisKey: cluster.genesisKey,
        natsUrl: cluster.natsUrl,
        launcherPid: process.pid,
        processes: cluster.statuses.map(({ name, pid, state, restarts, ready }) => ({
          name,
          state,
          restarts,
          ...(pid !== undefined && { pid }),
          ...(ready?.metrics !== undefined && { metrics: `${ready.metrics}/metrics` }),
        })),
      }),
    );
  }

  #remember(facts: Facts): void {
    this.#unlessRefused('launcher.db was not written', () => this.#data.remember(facts));
  }

  /** A disk that refuses, a full one say, is told of and ends nothing of what runs. */
  #unlessRefused(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#remark(`${what}: ${asWitanError(error).message}`);
    }
  }

  async #stop(drawing: NodeJS.Timeout): Promise<void> {
    const began = performance.now();
    this.#stopping = true;
    const cluster = this.#cluster;
    await cluster?.stop();
    clearInterval(drawing);
    this.#unlessRefused('cluster.json was not removed', () => this.#data.removeCluster());
    if (cluster === undefined) return;
    const restarts = cluster.statuses.reduce((sum, process) => sum + process.restarts, 0);
    this.#note({ type: 'stopped', tookMs: Math.round(performance.now() - began), restarts });
  }

  get #state(): ClusterState {
    return {
      nodes: this.#nodes,
      elderCount: this.#elderCount,
      resuming: this.#resuming,
      stopping: this.#stopping,
      elapsedMs: this.#elapsedMs(),
      processes: this.#cluster?.statuses ?? [],
      picture: this.#picture,
      repairs: this.#repairs,
      summary: this.#summary,
    };
  }

  #remark(detail: string): void {
    this.#note({ type: 'remark', detail });
  }

  #note(note: Note): void {
    this.#display.note(note, this.#elapsedMs());
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }
}

function displayFor({ format }: Options, env: NodeJS.ProcessEnv): Display {
  const { stdout } = process;
  const style = styleFor(env, stdout.isTTY === true);
  const write = (text: string): void => void stdout.write(text);
  if (format === 'json') return new JsonDisplay(write);
  return format === 'terminal' ? new TerminalDisplay(stdout, style) : new PlainDisplay(write, style);
}

function metricsOf(statuses: readonly ProcessStatus[]): Summary['metrics'] {
  return statuses.flatMap(({ name, ready }) => (ready?.metrics === undefined ? [] : [{ name, url: ready.metrics }]));
}
