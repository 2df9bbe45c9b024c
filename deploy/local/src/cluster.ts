import { availableParallelism } from 'node:os';
import { WitanError } from '@witan/errors';
import type { DataDir } from './data-dir.ts';
import { lastWords } from './last-words.ts';
import { natsPid, natsSpec, natsUrl } from './nats.ts';
import {
  apiUrl,
  type ServiceKind,
  type ServiceOptions,
  STOP_TIMEOUT_MS,
  type Surroundings,
  serviceSpec,
} from './services.ts';
import { type ProcessStatus, type Ready, SupervisedProcess } from './supervisor.ts';

const GRACE_MS = STOP_TIMEOUT_MS + 1_000;

export interface ClusterOptions {
  readonly data: DataDir;
  readonly nodes: number;
  readonly httpPort: number;
  readonly natsServer: string;
  readonly env: Surroundings['env'];
  readonly entry?: Surroundings['entry'];
  readonly onChange: (status: ProcessStatus, detail: string | undefined) => void;
}

/** All processes of one cluster: what they are told, in which order they start and stop. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #surroundings: Surroundings;
  readonly #all = new Map<string, SupervisedProcess>();
  readonly #nats: SupervisedProcess;
  readonly #gateway: SupervisedProcess;
  readonly #coordinator: SupervisedProcess;
  readonly #elders: readonly SupervisedProcess[];
  readonly #adults: readonly SupervisedProcess[];
  #natsUrl: string | undefined;
  #genesisKey: string | undefined;
  #stopping = false;

  constructor(options: ClusterOptions) {
    const { data, nodes, env, entry } = options;
    this.#options = options;
    this.#genesisKey = data.facts.genesisKey;
    this.#surroundings = { natsUrl: () => this.#natsUrl!, env, ...(entry && { entry }) };
    this.#nats = this.#supervise(
      natsSpec({ server: options.natsServer, dir: data.natsDir, logFile: data.rotateLog('nats') }),
    );
    this.#gateway = this.#service('gateway', 'gateway', () => this.#genesis(), options.httpPort);
    this.#coordinator = this.#service('dkg-coordinator', 'coordinator', () => this.#genesis());
    const each = Array.from({ length: nodes }, (_, index) => index);
    this.#elders = each.map((node) => this.#service('elder', `node-${node}-elder`, () => this.#ofNode(node)));
    this.#adults = each.map((node) => this.#service('adult', `node-${node}-adult`, () => this.#ofNode(node)));
  }

  get statuses(): ProcessStatus[] {
    return [...this.#all.values()].map((process) => process.status);
  }

  get genesisKey(): string | undefined {
    return this.#genesisKey;
  }

  get natsUrl(): string | undefined {
    return this.#natsUrl;
  }

  /** Ids of all processes that run, the bus's own included. */
  get pids(): number[] {
    const children = this.statuses.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    const server = natsPid(this.#options.data.natsDir);
    return server === undefined ? children : [...children, server];
  }

  /**
   * Starts everything; resolves with the address of the API as soon as the gateway has it, while nodes still start.
   * @throws WitanError `WITAN_ERR_UNAVAILABLE` when something without which nothing works cannot start
   */
  async start(): Promise<string> {
    this.#natsUrl = natsUrl(await this.#need(this.#nats));
    if (this.#genesisKey === undefined) this.#learnGenesis(await this.#need(this.#elders[0]!));
    const gateway = this.#need(this.#gateway);
    gateway.catch(() => {});
    // The gateway first, so that one sees something; then node by node, since an elder is of use with its adult.
    const nodes = this.#adults.flatMap((adult, node) => [this.#elders[node]!, adult]);
    void this.#startAll([this.#gateway, this.#coordinator, ...nodes]);
    return addressOf(await gateway);
  }

  /** In order: first what asks, last what carries. Resolves when no process is left; never rejects. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const stage of [[this.#gateway], [this.#coordinator], this.#elders, this.#adults, [this.#nats]]) {
      await Promise.all(stage.map((process) => process.stop(GRACE_MS)));
    }
  }

  /** At once and without order. */
  kill(): void {
    this.#stopping = true;
    for (const process of this.#all.values()) process.kill();
  }

  /**
   * A new process needs a core to itself for a moment: with all of them at once each would be ready as late as the
   * last. One more than there are cores fills the pauses in which a process waits for the disk or the bus.
   */
  async #startAll(queue: readonly SupervisedProcess[]): Promise<void> {
    const waiting = queue.values();
    const worker = async (): Promise<void> => {
      for (const process of waiting) {
        if (this.#stopping) return;
        process.start().catch(() => {});
        await process.settled();
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
  }

  /** @throws WitanError `WITAN_ERR_UNAVAILABLE` with what the process said last */
  async #need(process: SupervisedProcess): Promise<Ready> {
    try {
      return await process.start();
    } catch (error) {
      const words = lastWords(process.spec.logFile);
      const { name, logFile } = process.spec;
      throw new WitanError(
        'WITAN_ERR_UNAVAILABLE',
        `${name} did not start: ${words ?? process.status.lastEnd} (${logFile})`,
        {
          cause: error,
        },
      );
    }
  }

  #learnGenesis({ info }: Ready): void {
    if (info.genesisKey === undefined) {
      throw new WitanError('WITAN_ERR_INTERNAL', 'the first elder is ready and has no genesis key');
    }
    this.#genesisKey = info.genesisKey;
    this.#options.data.remember({ genesisKey: info.genesisKey });
  }

  #genesis(): Record<string, string> {
    return this.#genesisKey === undefined ? {} : { WITAN_GENESIS_KEY: this.#genesisKey };
  }

  /**
   * The first node makes the genesis key, once: when the key is known, it joins like the others, so that a first node
   * with an empty directory never makes a second network.
   */
  #ofNode(node: number): Record<string, string> {
    const creates = node === 0 && this.#genesisKey === undefined;
    return {
      WITAN_DATA_DIR: this.#options.data.nodeDir(node),
      WITAN_GENESIS: creates ? 'create' : 'join',
      ...this.#genesis(),
    };
  }

  #service(
    kind: ServiceKind,
    name: string,
    settings: ServiceOptions['settings'],
    httpPort?: number,
  ): SupervisedProcess {
    const logFile = this.#options.data.rotateLog(name);
    const options = { kind, name, logFile, settings, ...(httpPort !== undefined && { httpPort }) };
    return this.#supervise(serviceSpec(options, this.#surroundings));
  }

  #supervise(spec: SupervisedProcess['spec']): SupervisedProcess {
    const supervised = new SupervisedProcess(spec, (status) => {
      const ended = status.state === 'restarting' || status.state === 'failed';
      this.#options.onChange(status, ended ? lastWords(spec.logFile) : undefined);
    });
    this.#all.set(spec.name, supervised);
    return supervised;
  }
}

function addressOf(gateway: Ready): string {
  const url = apiUrl(gateway);
  if (url === undefined) throw new WitanError('WITAN_ERR_INTERNAL', 'the gateway is ready and does not say where');
  return url;
}
