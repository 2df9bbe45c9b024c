import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, type Section, type Session } from '@witan/api';
import { type Bus, connectNats, type NatsServer, startNatsServer } from '@witan/bus';
import { UsersDir } from '@witan/nats';
import { Link } from '../breakable/link.ts';
import { Authority, tlsConfig } from './certificates.ts';
import { ClusterNode } from './cluster-node.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { RawNats } from './raw-nats.ts';
import { type ServiceKind, ServiceProcess } from './service-process.ts';
import { type ClusterSettings, environmentOf } from './settings.ts';
import { type Subscribed, subscriptionsOf } from './subscriptions.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly coordinators?: number;
  readonly settings?: ClusterSettings;
  /** Of every service, beside its settings. */
  readonly env?: Readonly<Record<string, string>>;
  /** Every elder reaches NATS over a {@link Link} of its own. */
  readonly links?: boolean;
  /** NATS takes TLS alone, and wants a certificate of whoever connects. */
  readonly tls?: boolean;
}

/** For whatever takes a moment on an idle machine, on one that is not. */
export const PATIENCE_MS = 60_000;
const NETWORK = 'e2e';
/** Nodes that a test may add, and one that is no part of the cluster. */
const FURTHER_NODES = 9;
/** Whoever shows no key may say and hear everything: the tests themselves, as a hostile bus could. */
const TEST_USER = 'test';
const NATS_LINES_KEPT = 200;
const RELOADED = /Reloaded server configuration$/;
const MONITOR = /Starting http monitor on (\S+)/;

/** A whole network of real processes around a real NATS server, in a directory of its own, on free ports. */
export class Cluster {
  readonly network = NETWORK;
  readonly directory = mkdtempSync(join(tmpdir(), 'witan-e2e-'));
  readonly nodes: ClusterNode[] = [];
  readonly coordinators: ServiceProcess[] = [];
  readonly natsLog: string[] = [];
  /** Of the bus: each service has one with the permissions of its role. */
  readonly users: UsersDir;
  /** Of the user `test`, whom the server takes everybody for who shows no key. */
  readonly password = randomBytes(16).toString('hex');
  /** With `tls`, whom all trust. */
  readonly authority: Authority | undefined;
  readonly #options: ClusterOptions;
  readonly #links: Link[] = [];
  readonly #buses: Bus[] = [];
  readonly #raw: RawNats[] = [];
  #nats: NatsServer | undefined;
  #natsPort: number | undefined;
  #monitor: string | undefined;
  #gateway: ServiceProcess | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.authority = options.tls ? new Authority(this.directory, 'ca') : undefined;
    const nodes = options.nodes + FURTHER_NODES;
    const wanted = { network: NETWORK, nodes, gateways: 2, coordinators: 3 };
    const test = `{ user: ${TEST_USER}, password: "${this.password}" }`;
    this.users = new UsersDir(join(this.directory, 'users'), wanted, [test]);
  }

  get gateway(): ServiceProcess {
    if (!this.#gateway) throw new Error('the cluster has not been started');
    return this.#gateway;
  }

  /** Address of the REST API. */
  get url(): string {
    const ready = this.gateway.said({ event: 'ready' })[0];
    if (!ready) throw new Error('the gateway is not ready');
    return ready.url as string;
  }

  /** A client of the gateway as it is now. */
  get api(): Client {
    return createClient(this.url);
  }

  get natsUrl(): string {
    return `nats://127.0.0.1:${this.#natsPort}`;
  }

  /** Every service that there is, running or not. */
  get processes(): readonly ServiceProcess[] {
    const gateway = this.#gateway ? [this.#gateway] : [];
    return [...gateway, ...this.coordinators, ...this.nodes.flatMap(({ elder, adult }) => [elder, adult])];
  }

  /** Starts everything and waits until the elders that there can be hold the section key. */
  async start(): Promise<void> {
    await this.startNats();
    this.#gateway = this.#service('gateway', 'gateway', 'gateway-0', { WITAN_HTTP_PORT: '0' }).start();
    for (let i = 0; i < (this.#options.coordinators ?? 1); i++) this.addCoordinator();
    for (let i = 0; i < this.#options.nodes; i++) await this.addNode();
    await Promise.all(this.processes.map((each) => each.ready(PATIENCE_MS)));
    await this.settled();
  }

  /** Ends everything at once, whatever state it is in, and removes what it wrote. */
  async stop(): Promise<void> {
    for (const raw of this.#raw.splice(0)) raw.close();
    await Promise.all(this.#buses.splice(0).map((bus) => bus.drain()));
    await Promise.all(this.processes.filter((each) => each.isRunning).map((each) => each.kill()));
    await Promise.all(this.#links.map((link) => link.close()));
    await this.#nats?.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async startNats(): Promise<void> {
    const config = join(this.directory, 'nats.conf');
    if (this.#natsPort === undefined) {
      this.users.write();
      const tls = this.authority ? tlsConfig(this.authority.caFile, this.authority.issue('nats')) : '';
      writeFileSync(config, `include ./users/users.conf\nno_auth_user: ${TEST_USER}\n${tls}`);
      this.authority?.issue('client');
    }
    const port = this.#natsPort ?? (await freePort());
    this.#natsPort = port;
    this.#nats = await startNatsServer({
      config,
      port,
      args: ['--http_port', '-1'],
      onLog: (line) => {
        this.#monitor = MONITOR.exec(line)?.[1] ?? this.#monitor;
        if (this.natsLog.push(line) > NATS_LINES_KEPT) this.natsLog.shift();
      },
    });
  }

  /** The server reads its users again. */
  async reloadNats(): Promise<void> {
    const before = this.natsLog.filter((line) => RELOADED.test(line)).length;
    process.kill(this.#nats!.pid, 'SIGHUP');
    const isDone = () => this.natsLog.filter((line) => RELOADED.test(line)).length > before;
    await eventually('nats-server has read its configuration again', isDone, { withinMs: PATIENCE_MS, everyMs: 5 });
  }

  async killNats(): Promise<void> {
    await this.#nats?.kill();
  }

  addCoordinator(): ServiceProcess {
    const index = this.coordinators.length;
    const user = `dkg-coordinator-${index}`;
    const coordinator = this.#service('dkg-coordinator', `coordinator-${index}`, user).start();
    this.coordinators.push(coordinator);
    return coordinator;
  }

  /** Starts both processes of one more node. The first one makes the genesis key. */
  async addNode(env: Readonly<Record<string, string>> = {}): Promise<ClusterNode> {
    const link = this.#options.links ? await Link.open(() => this.#natsPort!) : undefined;
    if (link) this.#links.push(link);
    const index = this.nodes.length;
    const dataDir = join(this.directory, `node-${index}`);
    const home = { WITAN_DATA_DIR: dataDir, WITAN_GENESIS: index === 0 ? 'create' : 'join', ...env };
    const reached = link && { WITAN_NATS_URL: link.url };
    const elder = this.#service('elder', `elder-${index}`, `node-${index}-elder`, { ...home, ...reached });
    const adult = this.#service('adult', `adult-${index}`, `node-${index}-adult`, home);
    const node = new ClusterNode({ index, dataDir, elder: elder.start(), adult: adult.start(), link });
    this.nodes.push(node);
    return node;
  }

  /** A service of this cluster's network that is not part of it yet. */
  service(kind: ServiceKind, name: string, env: Readonly<Record<string, string>> = {}): ServiceProcess {
    const spare = `node-${this.#options.nodes + FURTHER_NODES - 1}-${kind}`;
    const users = { gateway: 'gateway-1', 'dkg-coordinator': 'dkg-coordinator-2', elder: spare, adult: spare };
    return this.#service(kind, name, users[kind], env);
  }

  /** A connection of the test's own to the bus, closed with the cluster. */
  async bus(): Promise<Bus> {
    const bus = await connectNats({ servers: this.natsUrl, name: 'test', ...(this.#tls && { tls: this.#tls }) });
    this.#buses.push(bus);
    return bus;
  }

  /** A connection that sends whatever it is told to. */
  async rawNats(): Promise<RawNats> {
    const raw = await RawNats.open(this.#natsPort!);
    this.#raw.push(raw);
    return raw;
  }

  /** What the services listen to, as the server has it. */
  subscriptions(): Promise<readonly Subscribed[]> {
    if (this.#monitor === undefined) throw new Error('nats-server has not said where its monitor is');
    return subscriptionsOf(this.#monitor, this.network);
  }

  section(): Promise<Section> {
    return this.api.section({ prefix: 'root' });
  }

  /** The session that was started last. */
  async lastSession(): Promise<Session | undefined> {
    const { sessions } = await this.api.sessions({ limit: 1000 });
    return sessions.sort((a, b) => b.generation - a.generation)[0];
  }

  nodeOf(name: string): ClusterNode {
    const found = this.nodes.find((node) => node.name === name);
    if (!found) throw new Error(`no node ${name}`);
    return found;
  }

  /** The nodes that are elders now, in the order of their indices. */
  async elders(): Promise<ClusterNode[]> {
    const { elders } = await this.section();
    return elders.map(({ name }) => this.nodeOf(name));
  }

  async adults(): Promise<ClusterNode[]> {
    const elders = new Set(await this.elders());
    return this.nodes.filter((node) => !elders.has(node));
  }

  /** So many nodes have been admitted. */
  async members(count: number, withinMs = PATIENCE_MS): Promise<void> {
    const admitted = async () => (await this.section()).members.length >= count;
    await eventually(`${count} nodes are members`, admitted, { withinMs });
  }

  /** All nodes are members, as many as can be are elders with a usable share, and no session is under way. */
  settled(withinMs = PATIENCE_MS): Promise<Section> {
    const elders = Math.min(this.#options.settings?.elderCount ?? 7, this.nodes.length);
    return eventually(
      'the section has settled',
      async () => {
        await this.api.readyz();
        const section = await this.section();
        const session = await this.lastSession();
        const able = section.elders.filter((elder) => elder.live && elder.usableShare).length;
        const isWhole = section.members.length === this.nodes.length && section.elders.length === elders;
        const isQuiet = !session || (session.state === 'done' && session.resultKey === section.key);
        const seen = `${section.members.length} members, ${able} of ${section.elders.length} elders able, session ${session?.state}`;
        if (isWhole && able === elders && isQuiet) return section;
        throw new Error(seen);
      },
      { withinMs },
    );
  }

  /** What all clients of NATS show and trust. */
  get #tls() {
    if (!this.authority) return undefined;
    const { directory } = this;
    const own = { certFile: join(directory, 'client.pem'), keyFile: join(directory, 'client.key') };
    return { caFile: this.authority.caFile, ...own };
  }

  #service(kind: ServiceKind, name: string, user: string, env: Readonly<Record<string, string>> = {}): ServiceProcess {
    const key = { WITAN_NATS_NKEY_FILE: this.users.seedFile(user) };
    const tls = this.#tls && {
      WITAN_NATS_TLS_CA_FILE: this.#tls.caFile,
      WITAN_NATS_TLS_CERT_FILE: this.#tls.certFile,
      WITAN_NATS_TLS_KEY_FILE: this.#tls.keyFile,
      WITAN_TLS_CHECK_MS: '100',
    };
    const common = { WITAN_NETWORK: NETWORK, WITAN_NATS_URL: this.natsUrl, ...key, ...tls };
    return new ServiceProcess({
      name,
      kind,
      env: { ...environmentOf(kind, this.#options.settings ?? {}), ...common, ...this.#options.env, ...env },
    });
  }
}
