import { type Client, createClient, type Section } from '@witan/api';
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from 'testcontainers';
import { defectsOf } from './defects.ts';
import { docker, firewall, logsOf, NATS_IMAGE, witanImage } from './docker.ts';
import { eventually } from './eventually.ts';
import { Scrape } from './exposition.ts';
import type { ServiceKind } from './service-process.ts';

// Its image, which ends what a test that was killed has left behind, cannot be pulled everywhere; and a daemon that was
// started for the tests ends with them.
process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';

/** Two networks of hosts, and what is between them: a service reaches the NATS servers of its own site alone. */
export type Site = 'large' | 'small';
type Server = 'nats-a' | 'nats-b' | 'nats-c';

export const SERVERS: Readonly<Record<Server, Site>> = { 'nats-a': 'large', 'nats-b': 'large', 'nats-c': 'small' };
const NODES: readonly Site[] = ['large', 'large', 'large', 'large', 'large', 'small', 'small'];
const BETWEEN = 'between';
const ROUTES_PORT = 6222;
const MONITOR_PORT = 8222;
const API_PORT = 8080;
const STARTUP_MS = 240_000;
const SETTLE_MS = 240_000;
const ELDERS = 7;

/** Whoever is cut off is noticed within seconds; what a server tells clients of others would lead them out of their site. */
const natsConfig = (server: Server): string => `
server_name: ${server}
listen: 0.0.0.0:4222
http: 0.0.0.0:${MONITOR_PORT}
ping_interval: 2s
ping_max: 2
cluster {
  name: witan
  listen: 0.0.0.0:${ROUTES_PORT}
  no_advertise: true
  routes: [${Object.keys(SERVERS).map((each) => `nats-route://${each}:${ROUTES_PORT}`)}]
}
`;

interface Connected {
  readonly connections: readonly { readonly ip: string; readonly name: string }[];
}

interface State {
  readonly Running: boolean;
  readonly Pid: number;
  readonly StartedAt: string;
}

const METRICS_PORTS: Readonly<Record<ServiceKind, number>> = {
  adult: 9464,
  elder: 9465,
  'dkg-coordinator': 9466,
  gateway: 9467,
};
const METRICS_MS = 60_000;
const NODE_KINDS: readonly ServiceKind[] = ['adult', 'elder'];
const serviceOf = (name: string): ServiceKind => (name.startsWith('gateway') ? 'gateway' : 'dkg-coordinator');
const kindsOf = (name: string): readonly ServiceKind[] => (name.startsWith('node') ? NODE_KINDS : [serviceOf(name)]);
const printing = (url: string): string => `fetch('${url}').then(async (r) => console.log(await r.text()))`;
const nodeName = (index: number): string => `node-${index}`;
const serversOf = (site: Site): string[] => Object.keys(SERVERS).filter((name) => SERVERS[name as Server] === site);
const volumeOf = (index: number): string => `witan-hosts-${process.pid}-${index}`;

/** What nodes have beside what is tested. */
export interface NodeExtras {
  /** Makes the volume of a node, before it is used; a plain one is made where nothing has been. */
  readonly volume: (name: string, index: number) => Promise<void>;
  /** @param servers names of the NATS servers that the node reaches */
  readonly equip: (container: GenericContainer, servers: readonly string[]) => GenericContainer;
}

/** Both services of a node, in one container. */
export const NODE_COMMAND = 'witan-service adult & WITAN_GENESIS_WITNESSES=0 exec witan-service elder';

/**
 * A section whose nodes are hosts of their own, a container with an address each, around three NATS servers at two sites:
 * five nodes at the large one, two at the small one. Each site has a gateway.
 */
export class Hosts {
  readonly #networks = new Map<string, StartedNetwork>();
  readonly #containers = new Map<string, StartedTestContainer>();
  readonly #first: readonly Site[];
  /** Of each node. */
  readonly #sites: Site[] = [];

  readonly #extras: NodeExtras | undefined;

  /** @param nodes where each of the first nodes is */
  constructor(nodes: readonly Site[] = NODES, extras?: NodeExtras) {
    this.#first = nodes;
    this.#extras = extras;
  }

  /** Starts everything, and waits until seven elders can sign. */
  async start(): Promise<void> {
    for (const name of ['large', 'small', BETWEEN]) this.#networks.set(name, await new Network().start());
    await Promise.all(Object.entries(SERVERS).map(([name, site]) => this.#startNats(name as Server, site)));
    const nodes = this.#first.map((site) => this.addNode(site));
    await Promise.all([
      ...nodes,
      this.#startService('gateway-large', 'large', 'gateway'),
      this.#startService('gateway-small', 'small', 'gateway'),
      this.#startService('coordinator', 'large', 'dkg-coordinator'),
    ]);
    await this.settled();
  }

  async stop(): Promise<void> {
    const ids = [...this.#containers.values()].map((each) => each.getId());
    if (ids.length > 0) await docker('rm', '--force', '--volumes', ...ids);
    await docker('volume', 'rm', '--force', ...this.#sites.map((_, index) => volumeOf(index)));
    for (const [name, network] of this.#networks) {
      // A busy daemon (20.10) may lose count of who is in a network, and keeps it: no fault of what is tested.
      await network.stop().catch((error: Error) => console.error(`the network ${name} is left: ${error.message}`));
    }
  }

  /** All but the NATS servers. */
  get services(): readonly string[] {
    return [...this.#containers.keys()].filter((name) => !(name in SERVERS));
  }

  async addNode(site: Site): Promise<void> {
    const index = this.#sites.length;
    this.#sites.push(site);
    await this.#extras?.volume(volumeOf(index), index);
    await this.#startNode(index, await witanImage());
  }

  /** Stops a node, and starts it from another image on the volume that it has. */
  async replace(index: number, image: string): Promise<void> {
    const id = this.#of(nodeName(index)).getId();
    await docker('stop', id);
    await docker('rm', id);
    await this.#startNode(index, image);
  }

  /** Asks the gateway of this site. */
  api(site: Site): Client {
    const gateway = this.#of(`gateway-${site}`);
    return createClient(`http://${gateway.getHost()}:${gateway.getMappedPort(API_PORT)}`, { timeoutMs: 30_000 });
  }

  /** As the gateway of this site sees it: all nodes are members, and seven of them elders, live, with a usable share. */
  settled(site: Site = 'large'): Promise<Section> {
    return eventually(
      `seven elders can sign, as the ${site} site sees it`,
      async () => {
        const section = await this.api(site).section({ prefix: 'root' });
        const able = section.elders.filter(({ live, usableShare }) => live && usableShare).length;
        if (able === ELDERS && section.members.length === this.#sites.length) return section;
        throw new Error(`${able} of ${section.elders.length} elders able, ${section.members.length} members`);
      },
      { withinMs: SETTLE_MS, everyMs: 250 },
    );
  }

  /** Addresses of those that are connected to a NATS server, each as often as it is. */
  async clientsOf(server: Server): Promise<readonly string[]> {
    const { connections } = (await this.#ask(server, 'connz?limit=1000')) as Connected;
    return connections.map(({ ip }) => ip);
  }

  /** How many other servers a NATS server is connected to. */
  async routesOf(server: Server): Promise<number> {
    const { routes } = (await this.#ask(server, 'routez')) as { routes: { remote_id: string }[] };
    return new Set(routes.map(({ remote_id }) => remote_id)).size;
  }

  async kill(...names: readonly string[]): Promise<void> {
    await docker('kill', '--signal=KILL', ...names.map((name) => this.#of(name).getId()));
  }

  async restart(...names: readonly string[]): Promise<void> {
    await docker('start', ...names.map((name) => this.#of(name).getId()));
  }

  /** Standing still, and on again. */
  async pause(...names: readonly string[]): Promise<void> {
    await docker('pause', ...names.map((name) => this.#of(name).getId()));
  }

  async resume(...names: readonly string[]): Promise<void> {
    await docker('unpause', ...names.map((name) => this.#of(name).getId()));
  }

  /** Asks it to end in order, and starts it again. */
  async stopAndStart(name: string): Promise<void> {
    await docker('restart', this.#of(name).getId());
  }

  /** A node loses its network; it has another address when it has it again. */
  async unplug(name: string): Promise<void> {
    await docker('network', 'disconnect', this.#networkOf(this.#siteOf(name)), this.#of(name).getId());
  }

  async plugIn(name: string): Promise<void> {
    await docker('network', 'connect', this.#networkOf(this.#siteOf(name)), this.#of(name).getId());
  }

  /** The address of a gateway as it is now: with each start it gets another port. */
  async urlOf(gateway: string): Promise<string> {
    const container = this.#of(gateway);
    const published = await docker('port', container.getId(), String(API_PORT));
    return `http://${container.getHost()}:${published.split('\n')[0]!.split(':').at(-1)}`;
  }

  /** Nothing passes between the sites. */
  async cut(): Promise<void> {
    await docker('network', 'disconnect', this.#networkOf(BETWEEN), this.#of('nats-c').getId());
  }

  async heal(): Promise<void> {
    await docker('network', 'connect', '--alias=nats-c', this.#networkOf(BETWEEN), this.#of('nats-c').getId());
  }

  /** Whether a server's packets to the others are lost, while theirs reach it. Needs root on the daemon's machine. */
  async mute(server: Server, isMute: boolean): Promise<void> {
    const { Pid } = await this.state(server);
    for (const port of ['--dport', '--sport']) {
      const rule = ['OUTPUT', '-p', 'tcp', port, String(ROUTES_PORT), '-j', 'DROP'];
      await firewall(Pid, isMute ? '-A' : '-D', ...rule);
    }
  }

  async state(name: string): Promise<State> {
    return JSON.parse(await docker('inspect', '--format={{json .State}}', this.#of(name).getId())) as State;
  }

  /** Since when each service runs, by name. */
  async startsOf(names: readonly string[]): Promise<Record<string, string>> {
    const states = names.map(async (name) => {
      const { Running, StartedAt } = await this.state(name);
      return [name, Running ? StartedAt : 'does not run'] as const;
    });
    return Object.fromEntries(await Promise.all(states));
  }

  /** What the services in a container have counted of their own defects: of a node its adult and its elder. */
  async defectsOf(name: string): Promise<readonly string[]> {
    const id = this.#of(name).getId();
    const found = kindsOf(name).map((kind) => {
      const script = printing(`http://127.0.0.1:${METRICS_PORTS[kind]}/metrics`);
      const ask = async () => new Scrape(await docker('exec', id, 'node', '-e', script));
      return defectsOf(kind, ask, { withinMs: METRICS_MS, everyMs: 1_000 });
    });
    return (await Promise.all(found)).flat();
  }

  /** The services in a container that do not say that they are ready: of a node its adult and its elder. */
  async unreadyIn(name: string): Promise<readonly string[]> {
    const kinds = kindsOf(name);
    const answers = kinds.map(async (kind) => {
      const script = `process.exit((await fetch('http://127.0.0.1:${METRICS_PORTS[kind]}/readyz')).ok ? 0 : 1)`;
      const isReady = docker('exec', this.#of(name).getId(), 'node', '--input-type=module', '-e', script);
      return isReady.then(
        () => [],
        () => [`the ${kind} in ${name} is not ready`],
      );
    });
    return (await Promise.all(answers)).flat();
  }

  /** What a service has logged. */
  async linesOf(name: string): Promise<readonly Record<string, unknown>[]> {
    const lines = (await logsOf(this.#of(name).getId())).split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  idOf(name: string): string {
    return this.#of(name).getId();
  }

  /** Also into one that does not run. */
  async write(name: string, target: string, content: string): Promise<void> {
    await this.#of(name).copyContentToContainer([{ content, target, mode: 0o644 }]);
  }

  async #startNats(name: Server, site: Site): Promise<void> {
    const container = new GenericContainer(NATS_IMAGE)
      .withCommand(['-c', '/nats.conf'])
      .withCopyContentToContainer([{ content: natsConfig(name), target: '/nats.conf' }])
      .withNetwork(this.#networks.get(site)!)
      .withNetworkAliases(name)
      .withWaitStrategy(Wait.forLogMessage('Server is ready'));
    await this.#started(name, container);
    await docker('network', 'connect', `--alias=${name}`, this.#networkOf(BETWEEN), this.#of(name).getId());
  }

  async #startNode(index: number, image: string): Promise<void> {
    const site = this.#sites[index]!;
    const container = this.#service(image, site, { WITAN_GENESIS: index === 0 ? 'create' : 'join' })
      .withBindMounts([{ source: volumeOf(index), target: '/data', mode: 'rw' }])
      .withEntrypoint(['sh', '-c', NODE_COMMAND])
      .withWaitStrategy(Wait.forLogMessage(/"event":"ready"/, 2));
    await this.#started(nodeName(index), this.#extras?.equip(container, serversOf(site)) ?? container);
  }

  async #startService(name: string, site: Site, service: string): Promise<void> {
    const container = this.#service(await witanImage(), site)
      .withCommand([service])
      .withWaitStrategy(Wait.forLogMessage(/"event":"ready"/));
    await this.#started(name, service === 'gateway' ? container.withExposedPorts(API_PORT) : container);
  }

  #service(image: string, site: Site, env: Readonly<Record<string, string>> = {}): GenericContainer {
    return new GenericContainer(image)
      .withEnvironment({
        WITAN_NETWORK: 'hosts',
        WITAN_NATS_URL: serversOf(site)
          .map((name) => `nats://${name}:4222`)
          .join(),
        WITAN_ABSENT_AFTER_MS: '5000',
        WITAN_PHASE_DEADLINE_MS: '1000',
        WITAN_SETTLE_MS: '2000',
        ...env,
      })
      .withNetwork(this.#networks.get(site)!);
  }

  async #started(name: string, container: GenericContainer): Promise<void> {
    this.#containers.set(name, await container.withStartupTimeout(STARTUP_MS).start());
  }

  /** The image of NATS has nothing that asks: a gateway does, from within. */
  async #ask(server: Server, path: string): Promise<unknown> {
    const gateway = this.#of(`gateway-${SERVERS[server]}`).getId();
    return JSON.parse(
      await docker('exec', gateway, 'node', '-e', printing(`http://${server}:${MONITOR_PORT}/${path}`)),
    );
  }

  #of(name: string): StartedTestContainer {
    const found = this.#containers.get(name);
    if (!found) throw new Error(`no container ${name}`);
    return found;
  }

  #siteOf(node: string): Site {
    return this.#sites[Number(node.split('-').at(-1))]!;
  }

  #networkOf(name: string): string {
    return this.#networks.get(name)!.getId();
  }
}
