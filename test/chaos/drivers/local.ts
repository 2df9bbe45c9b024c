import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsersDir } from '@witan/nats';
import { Random } from '@witan/simulator';
import { type Cut, type Disturbance, Link } from '../../breakable/link.ts';
import { ClusterNode } from '../../support/cluster-node.ts';
import { defectsCounted } from '../../support/defects.ts';
import { canMount, SmallDisk } from '../../support/disk.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { ofRelease } from '../../support/other-version.ts';
import { type ServiceKind, ServiceProcess } from '../../support/service-process.ts';
import { environmentOf } from '../../support/settings.ts';
import { LogJudge } from '../log-judge.ts';
import { ABILITIES, type Ability, indexOf, namesOf, type Part, type World } from '../world.ts';
import { NatsCluster } from './nats-cluster.ts';
import { Unable } from './unable.ts';

export interface LocalOptions {
  readonly nodes: number;
  readonly seed: number;
  /** What the processes log is written there as they log it. */
  readonly logs?: string | undefined;
}

const NETWORK = 'chaos';
const ELDERS = 7;
const GATEWAYS = 2;
const COORDINATORS = 2;
const NATS_SERVERS = 3;
/** Nodes that keep their data on a small disk of their own. */
const SMALL_DISKS = 3;
const DISK_MIB = 64;
const READY_MS = 60_000;
/** Lines of each process that are kept in memory. */
const TAIL = 200;
/** Sooner than people would set it, so that keys change often. */
const SETTINGS = { heartbeatMs: 500, absentAfterMs: 5_000, settleMs: 500, retryAfterMs: 15_000 };
/** What an upgrade rolls out, of the same wire format, before it rolls back. */
const RELEASE = '0.1.1';
const CLOCK = new URL('../../breakable/clock.mjs', import.meta.url).href;

/** Processes of this machine, in a directory of their own. */
export class LocalWorld extends Unable implements World {
  readonly title = 'local processes';
  readonly revivesItself = false;
  readonly nodes: number;
  readonly elders: number;
  readonly abilities: ReadonlySet<Ability>;
  readonly #directory = mkdtempSync(join(tmpdir(), 'witan-chaos-'));
  readonly #random: Random;
  readonly #users: UsersDir;
  readonly #disks = new Map<number, SmallDisk>();
  readonly #nodes: ClusterNode[] = [];
  readonly #links: Link[] = [];
  readonly #judge = new LogJudge();
  readonly #logs: string | undefined;
  readonly #gateways: ServiceProcess[] = [];
  readonly #coordinators: ServiceProcess[] = [];
  /** The environment of the beginning, of those that may run another version. */
  readonly #usual = new Map<ServiceProcess, Record<string, string>>();
  #nats: NatsCluster | undefined;
  #urls: string[] = [];

  constructor({ nodes, seed, logs }: LocalOptions) {
    super();
    this.#logs = logs;
    if (logs !== undefined) mkdirSync(logs, { recursive: true });
    this.nodes = nodes;
    this.elders = Math.min(ELDERS, nodes);
    this.#random = new Random(seed);
    const cannot: readonly Ability[] = canMount ? [] : ['fill-disk'];
    this.abilities = new Set(ABILITIES.filter((each) => !cannot.includes(each)));
    const wanted = { network: NETWORK, nodes, gateways: GATEWAYS, coordinators: COORDINATORS };
    this.#users = new UsersDir(join(this.#directory, 'users'), wanted);
  }

  async start(): Promise<void> {
    this.#users.write();
    this.#nats = await NatsCluster.start(NATS_SERVERS, this.#users.configFile);
    for (let i = 0; i < GATEWAYS; i++) {
      const port = await freePort();
      this.#urls.push(`http://127.0.0.1:${port}`);
      this.#gateways.push(this.#service('gateway', i, `gateway-${i}`, { WITAN_HTTP_PORT: String(port) }).start());
    }
    for (let i = 0; i < COORDINATORS; i++) {
      this.#coordinators.push(this.#service('dkg-coordinator', i, `dkg-coordinator-${i}`).start());
    }
    for (let i = 0; i < this.nodes; i++) this.#nodes.push(await this.#node(i));
    await Promise.all(this.#processes.map((each) => each.ready(READY_MS)));
    // Told once, at the beginning of a log of which the end is kept.
    for (const node of this.#nodes)
      await eventually('each node tells its name', () => node.name, { withinMs: READY_MS });
    // The genesis key has been made; whoever comes back now has lost nothing, or must not make another.
    this.#nodes[0]!.elder.env.WITAN_GENESIS = 'join';
    this.#nodes[0]!.adult.env.WITAN_GENESIS = 'join';
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.filter((each) => each.isRunning).map((each) => each.kill()));
    await Promise.all(this.#links.map((link) => link.close()));
    for (let i = 0; i < NATS_SERVERS; i++) await this.#nats?.kill(i);
    for (const disk of this.#disks.values()) disk.unmount();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async parts(): Promise<readonly Part[]> {
    const several = (role: Part['role'], count: number): Part[] =>
      Array.from({ length: count }, (_, index) => ({ name: `${role}-${index}`, role }));
    return [
      ...several('nats', NATS_SERVERS),
      ...several('coordinator', COORDINATORS),
      ...several('gateway', GATEWAYS),
      ...several('node', this.nodes),
    ];
  }

  async partOf(nodeName: string): Promise<Part | undefined> {
    const index = this.#nodes.findIndex(({ name }) => name === nodeName);
    return index === -1 ? undefined : { name: `node-${index}`, role: 'node' };
  }

  async unready(): Promise<readonly string[]> {
    const servers = this.#nats!.unready().then((indices) => indices.map((index) => `nats-${index} does not answer`));
    return [...(await servers), ...(await Promise.all(this.#processes.map(whyUnready))).flat()];
  }

  /** Of its processes that run. */
  pids(part: Part): readonly number[] {
    return this.#of([part]).flatMap(({ pid }) => pid ?? []);
  }

  /** Where a node keeps what it must not lose. */
  dataDir(part: Part): string {
    return this.#nodes[indexOf(part)]!.dataDir;
  }

  urls(): readonly string[] {
    return this.#urls;
  }

  override async kill(parts: readonly Part[]): Promise<void> {
    const servers = parts.filter(({ role }) => role === 'nats').map((part) => this.#nats!.kill(indexOf(part)));
    const processes = this.#of(parts).filter((each) => each.isRunning);
    await Promise.all([...servers, ...processes.map((each) => each.kill())]);
  }

  override keepDown(parts: readonly Part[]): Promise<void> {
    return this.kill(parts);
  }

  override async revive(parts: readonly Part[]): Promise<void> {
    await Promise.all(parts.filter(({ role }) => role === 'nats').map((part) => this.#nats!.revive(indexOf(part))));
    for (const each of this.#of(parts)) if (!each.isRunning) each.start();
  }

  override async restart(part: Part): Promise<void> {
    if (part.role === 'nats') {
      await this.#nats!.stop(indexOf(part));
      await this.#nats!.revive(indexOf(part));
      return;
    }
    const processes = this.#of([part]);
    await Promise.all(processes.filter((each) => each.isRunning).map((each) => each.stop()));
    await Promise.all(processes.map((each) => each.start().ready(READY_MS)));
  }

  override async pause(parts: readonly Part[]): Promise<void> {
    for (const each of this.#of(parts)) each.pause();
  }

  override async resume(parts: readonly Part[]): Promise<void> {
    for (const each of this.#of(parts)) each.resume();
  }

  override async cut(parts: readonly Part[], way: Cut): Promise<void> {
    for (const { link } of this.#nodesOf(parts)) link.cut(way);
  }

  override async disturb(parts: readonly Part[], how: Disturbance): Promise<void> {
    for (const { link } of this.#nodesOf(parts)) link.disturb(how, () => this.#random.float());
  }

  override async mend(parts: readonly Part[]): Promise<void> {
    for (const { link } of this.#nodesOf(parts)) link.heal();
  }

  override fillable(): readonly Part[] {
    return [...this.#disks.keys()].map((index) => ({ name: `node-${index}`, role: 'node' }));
  }

  override async fillDisk(parts: readonly Part[]): Promise<void> {
    this.#judge.forgetNoRoom();
    for (const part of parts) {
      const writers = this.#of([part]).filter(({ isRunning }) => isRunning);
      await this.#disks.get(indexOf(part))!.fillUnder(writers);
    }
  }

  override async withoutRoom(parts: readonly Part[]): Promise<readonly string[]> {
    const { noRoom } = this.#judge;
    return namesOf(parts.filter((part) => this.#of([part]).some(({ name }) => noRoom.has(name))));
  }

  override async clearDisk(parts: readonly Part[]): Promise<void> {
    for (const part of parts) this.#disks.get(indexOf(part))!.clear();
  }

  override async jumpClock(parts: readonly Part[], byMs: number): Promise<void> {
    for (const part of parts) writeFileSync(this.#clockFile(part.name), String(byMs));
  }

  /** Other sources, since there is one version here. */
  override async upgrade(signal: AbortSignal): Promise<void> {
    const services = (await this.parts()).filter(({ role }) => role !== 'nats');
    for (const release of [RELEASE, undefined]) {
      for (const part of services) {
        if (signal.aborted) return;
        await this.#release(part, release);
      }
    }
  }

  override async rollBack(): Promise<void> {
    for (const part of await this.parts()) {
      if (this.#of([part]).some((process) => this.#usual.has(process))) await this.#release(part, undefined);
    }
  }

  /** @param release undefined: that of the beginning */
  async #release(part: Part, release: string | undefined): Promise<void> {
    const processes = this.#of([part]);
    for (const process of processes) {
      const env = this.#usual.get(process) ?? process.env;
      this.#usual.set(process, env);
      const options = release && [env.NODE_OPTIONS, ofRelease(process.kind, release).NODE_OPTIONS].join(' ').trim();
      process.env = options ? { ...env, NODE_OPTIONS: options } : env;
    }
    await this.restart(part);
    const isOther = processes.every((each) => each.readyLine?.version === RELEASE);
    if (isOther !== (release === RELEASE)) throw new Error(`${part.name} is not of the version it was to be`);
    if (release === undefined) for (const process of processes) this.#usual.delete(process);
  }

  async complaints(): Promise<readonly string[]> {
    const all = this.#processes;
    const patience = { withinMs: READY_MS, everyMs: 1_000 };
    const what = 'every process tells what it has counted';
    const counted = eventually(what, () => defectsCounted(all, { trouble: true, lies: false }), patience);
    const fallen = all.flatMap(({ name, falls }) => falls.map((how) => `${name} has ended by itself, ${how}`));
    // What is known of the others is told also when one of them does not answer.
    return [
      ...fallen,
      ...(this.#nats?.falls ?? []),
      ...this.#judge.complaints(),
      ...(await counted.catch((error: Error) => [error.message])),
    ];
  }

  /** They are there: written as they came. */
  async writeLogs(): Promise<void> {}

  async settings(): Promise<readonly string[]> {
    return [`an elder is replaced when it has been away for ${SETTINGS.absentAfterMs / 1000} s`];
  }

  get #processes(): readonly ServiceProcess[] {
    return [...this.#gateways, ...this.#coordinators, ...this.#nodes.flatMap(({ elder, adult }) => [elder, adult])];
  }

  #of(parts: readonly Part[]): ServiceProcess[] {
    return parts.flatMap((part) => {
      const index = indexOf(part);
      if (part.role === 'gateway') return this.#gateways[index]!;
      if (part.role === 'coordinator') return this.#coordinators[index]!;
      return part.role === 'node' ? [this.#nodes[index]!.elder, this.#nodes[index]!.adult] : [];
    });
  }

  #nodesOf(parts: readonly Part[]): ClusterNode[] {
    return parts.map((part) => this.#nodes[indexOf(part)]!);
  }

  async #node(index: number): Promise<ClusterNode> {
    let turn = index;
    const link = await Link.open(() => this.#nats!.nextPort(turn++));
    this.#links.push(link);
    const dataDir = join(this.#directory, `node-${index}`);
    if (this.abilities.has('fill-disk') && index >= this.nodes - SMALL_DISKS) {
      this.#disks.set(index, new SmallDisk(dataDir, DISK_MIB));
    }
    const home = {
      WITAN_DATA_DIR: dataDir,
      WITAN_GENESIS: index === 0 ? 'create' : 'join',
      WITAN_NATS_URL: link.url,
      NODE_OPTIONS: `--import=${CLOCK}`,
      WITAN_CHAOS_CLOCK_FILE: this.#clockFile(`node-${index}`),
    };
    const elder = this.#service('elder', index, `node-${index}-elder`, home).start();
    const adult = this.#service('adult', index, `node-${index}-adult`, home).start();
    return new ClusterNode({ index, dataDir, elder, adult, link });
  }

  #clockFile(node: string): string {
    return join(this.#directory, `${node}.clock`);
  }

  #service(kind: ServiceKind, index: number, user: string, env: Readonly<Record<string, string>> = {}): ServiceProcess {
    const name = `${kind}-${index}`;
    return new ServiceProcess({
      name,
      kind,
      log: {
        tail: TAIL,
        onLine: (line) => this.#judge.hear(name, line),
        file: this.#logs && join(this.#logs, `${name}.log`),
      },
      env: {
        ...environmentOf(kind, SETTINGS),
        WITAN_LOG_LEVEL: 'info',
        WITAN_NETWORK: NETWORK,
        WITAN_NATS_URL: this.#nats!.urls,
        WITAN_NATS_NKEY_FILE: this.#users.seedFile(user),
        ...env,
      },
    });
  }
}

async function whyUnready(service: ServiceProcess): Promise<string[]> {
  if (!service.isRunning || service.metricsUrl === undefined) return [`${service.name} does not run`];
  const answer = await service.probe('/readyz').catch((error: Error) => error.message);
  if (typeof answer === 'string') return [`${service.name} does not answer: ${answer}`];
  const failed = (answer.body.checks ?? [])
    .filter(({ ok }) => !ok)
    .map(({ name, detail }) => `${name} ${detail ?? ''}`);
  return answer.status === 200 ? [] : [`${service.name} is not ready: ${failed.join(', ')}`];
}
