import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { asWitanError, WitanError } from '@witan/errors';
import { UsersDir } from '@witan/nats';
import type { DataDir } from './data-dir.ts';
import { lastWords } from './last-words.ts';
import { natsPid, natsSpec, natsUrl, reloadNats } from './nats.ts';
import { apiUrl, NETWORK, type ServiceOptions, STOP_TIMEOUT_MS, type Surroundings, serviceSpec } from './services.ts';
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
  /** What went wrong beside the processes, and does not stop them. */
  readonly onTrouble: (error: WitanError) => void;
}

/** All processes of one cluster: what they are told, in which order they start and stop. */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #surroundings: Surroundings;
  readonly #users: UsersDir;
  readonly #all = new Map<string, SupervisedProcess>();
  readonly #nats: SupervisedProcess;
  readonly #gateway: SupervisedProcess;
  readonly #coordinator: SupervisedProcess;
  readonly #elders: readonly SupervisedProcess[];
  readonly #adults: readonly SupervisedProcess[];
  #natsUrl: string | undefined;
  #genesisKey: string | undefined;
  #allStarted = false;
  /** Whether the server has yet to be told of a name. */
  #hasNews = false;
  #stopping = false;

  constructor(options: ClusterOptions) {
    const { data, nodes, env, entry } = options;
    this.#options = options;
    this.#genesisKey = data.facts.genesisKey;
    this.#users = new UsersDir(data.usersDir, { network: NETWORK, nodes, gateways: 1, coordinators: 1 });
    this.#users.write();
    const natsKeyFile = (user: string): string => this.#users.seedFile(user);
    this.#surroundings = { natsUrl: () => this.#natsUrl!, natsKeyFile, env, ...(entry && { entry }) };
    this.#nats = this.#supervise(
      natsSpec({
        server: options.natsServer,
        config: this.#users.configFile,
        dir: data.natsDir,
        logFile: data.rotateLog('nats'),
      }),
    );
    const { httpPort } = options;
    const settings = () => this.#genesis();
    this.#gateway = this.#service({ kind: 'gateway', name: 'gateway', user: 'gateway-0', settings, httpPort });
    this.#coordinator = this.#service({
      kind: 'dkg-coordinator',
      name: 'coordinator',
      user: 'dkg-coordinator-0',
      settings,
    });
    const ofEach = (kind: 'elder' | 'adult') =>
      Array.from({ length: nodes }, (_, node) => {
        const name = `node-${node}-${kind}`;
        return this.#service({ kind, name, user: name, settings: () => this.#ofNode(node, kind) });
      });
    this.#elders = ofEach('elder');
    this.#adults = ofEach('adult');
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
    void this.#startAll([this.#gateway, this.#coordinator, ...nodes]).then(() => {
      this.#allStarted = true;
      this.#bindNames();
    });
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
  #ofNode(node: number, kind: 'elder' | 'adult'): Record<string, string> {
    const creates = node === 0 && this.#genesisKey === undefined;
    const { WITAN_BACKUP_DIR: backups } = this.#options.env;
    return {
      WITAN_DATA_DIR: this.#options.data.nodeDir(node),
      WITAN_GENESIS: creates ? 'create' : 'join',
      ...(creates && kind === 'elder' && { WITAN_GENESIS_WITNESSES: '0' }),
      // A person gives one; an elder keeps its backups apart from those of others.
      ...(backups && kind === 'elder' && { WITAN_BACKUP_DIR: join(backups, `node-${node}`) }),
      ...this.#genesis(),
    };
  }

  /**
   * Once an elder has said its name, its user answers for that name and for no other. With the first start of all of
   * them that waits for the last: each reload has the server look at every connection. What fails is tried again when a
   * process is ready the next time.
   */
  #bindNames(): void {
    if (this.#stopping) return;
    try {
      for (const [node, elder] of this.#elders.entries()) {
        const name = elder.status.ready?.info.node;
        if (name !== undefined && this.#users.bind(node, name)) this.#hasNews = true;
      }
      if (!this.#hasNews) return;
      this.#users.write();
      reloadNats(this.#options.data.natsDir);
      this.#hasNews = false;
    } catch (error) {
      this.#options.onTrouble(asWitanError(error));
    }
  }

  #service({ name, ...rest }: Omit<ServiceOptions, 'logFile'>): SupervisedProcess {
    const spec = serviceSpec({ ...rest, name, logFile: this.#options.data.rotateLog(name) }, this.#surroundings);
    return this.#supervise(spec);
  }

  #supervise(spec: SupervisedProcess['spec']): SupervisedProcess {
    const supervised = new SupervisedProcess(spec, (status) => {
      const ended = status.state === 'restarting' || status.state === 'failed';
      this.#options.onChange(status, ended ? lastWords(spec.logFile) : undefined);
      if (status.state === 'ready' && this.#allStarted) this.#bindNames();
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
