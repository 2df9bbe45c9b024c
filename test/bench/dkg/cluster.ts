import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bus, connectNats, type NatsServer, startNatsServer, subjects } from '@witan/bus';
import { ELDER_NODE_FLAGS, NODE_ENV } from '@witan/config';
import { Identity, secureRandom, toHex } from '@witan/crypto';
import { BenchChain } from './chain.ts';
import { type Command, type Notice, ROLE_VARIABLE, type Role } from './messages.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Nothing here takes so long unless it is broken. */
const GIVE_UP_MS = 300_000;

type NoticeOf<T extends Notice['type']> = Extract<Notice, { type: T }>;

interface Waiting {
  readonly matches: (notice: Notice) => boolean;
  readonly resolve: (notice: Notice) => void;
}

/** One process of the cluster, seen from the bench. */
export class Member {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #past: Notice[] = [];
  #waiting: Waiting[] = [];

  constructor(role: Role, prefix: readonly string[]) {
    const [command = process.execPath, ...args] = [...prefix, process.execPath, ...ELDER_NODE_FLAGS, CHILD];
    this.#child = spawn(command, args, {
      env: { ...process.env, ...NODE_ENV, [ROLE_VARIABLE]: JSON.stringify(role) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Moments are bigints, which JSON cannot carry.
      serialization: 'advanced',
    });
    this.pid = this.#child.pid ?? 0;
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.on('message', (notice: Notice) => this.#take(notice));
  }

  send(command: Command): void {
    this.#child.send(command);
  }

  /** The next notice of this type that matches, or one that has come already. */
  async next<T extends Notice['type']>(type: T, also: (notice: NoticeOf<T>) => boolean = () => true) {
    const matches = (notice: Notice) => notice.type === type && also(notice as NoticeOf<T>);
    const at = this.#past.findIndex(matches);
    if (at >= 0) return this.#past.splice(at, 1)[0] as NoticeOf<T>;
    const { promise, resolve, reject } = Promise.withResolvers<Notice>();
    const timer = setTimeout(() => reject(new Error(`no '${type}' from process ${this.pid}`)), GIVE_UP_MS);
    this.#waiting.push({ matches, resolve });
    const notice = await promise;
    clearTimeout(timer);
    return notice as NoticeOf<T>;
  }

  /** Begins a CPU profile; given a file, ends it and writes it there. */
  async profile(file?: string): Promise<void> {
    this.send({ type: 'profile', file });
    await this.next('profiled');
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.send({ type: 'stop' });
    await this.#exited;
  }

  #take(notice: Notice): void {
    if (notice.type === 'trouble') console.error(`process ${this.pid}: ${notice.detail}`);
    const waiting = this.#waiting.find((each) => each.matches(notice));
    if (!waiting) {
      this.#past.push(notice);
      return;
    }
    this.#waiting = this.#waiting.filter((each) => each !== waiting);
    waiting.resolve(notice);
  }
}

export interface ClusterOptions {
  readonly participants: number;
  /** CPU cores that the participants, the coordinator and nats-server share. */
  readonly cores: number;
  /** Where journals are kept while it runs. */
  readonly dataDir: string;
}

/** A section of `participants` processes, a coordinator and a nats-server of their own, ready for a DkgStart. */
export class Cluster implements AsyncDisposable {
  readonly participants: readonly Member[];
  readonly coordinator: Member;
  readonly nats: NatsServer;
  readonly chain: BenchChain;
  readonly #bus: Bus;
  readonly #dataDir: string;
  readonly #events: string;

  private constructor(options: ClusterOptions, nats: NatsServer, bus: Bus, dataDir: string) {
    const network = 'bench';
    this.nats = nats;
    this.#bus = bus;
    this.#dataDir = dataDir;
    this.#events = subjects(network).events('');
    const seeds = Array.from({ length: options.participants }, () => secureRandom(32));
    const identities = seeds.map((seed) => Identity.fromSeed(seed));
    this.chain = new BenchChain(
      network,
      [...identities].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    const common = { natsUrl: nats.url, network, genesisKeyHex: toHex(this.chain.genesisKey) };
    const pinned = pinTo(options.cores);
    this.participants = seeds.map((seed, index) => {
      const folder = join(dataDir, `participant-${index}`);
      mkdirSync(folder);
      return new Member({ ...common, role: 'participant', seedHex: toHex(seed), dataDir: folder }, pinned);
    });
    const coordinator = { ...common, role: 'coordinator', seedHex: toHex(secureRandom(32)), dataDir } as const;
    this.coordinator = new Member(coordinator, pinned);
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    mkdirSync(options.dataDir, { recursive: true });
    const dataDir = mkdtempSync(join(options.dataDir, 'run-'));
    const nats = await startNatsServer();
    const bus = await connectNats({ servers: nats.url, name: 'bench' });
    const cluster = new Cluster(options, nats, bus, dataDir);
    await cluster.all((member) => member.next('ready'));
    await cluster.decide(cluster.chain.genesis());
    await cluster.decide(cluster.chain.join());
    return cluster;
  }

  get members(): readonly Member[] {
    return [...this.participants, this.coordinator];
  }

  async all<T>(act: (member: Member) => Promise<T>): Promise<readonly T[]> {
    return Promise.all(this.members.map(act));
  }

  publish(certified: Uint8Array): void {
    this.#bus.publish(this.#events, certified);
  }

  /** Publishes a decision and waits until everyone has it. */
  async decide(certified: Uint8Array): Promise<void> {
    this.publish(certified);
    const { generation } = this.chain;
    await this.all((member) => member.next('generation', (notice) => notice.generation === generation));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.all((member) => member.stop());
    await this.#bus.drain();
    await this.nats.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

/** On a machine with more cores than wanted, where Linux can keep processes off the others. */
function pinTo(cores: number): readonly string[] {
  if (availableParallelism() <= cores || process.platform !== 'linux') return [];
  return ['taskset', '-c', `0-${cores - 1}`];
}
