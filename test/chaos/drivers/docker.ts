import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { WitanError } from '@witan/errors';
import type { LineState } from '../../breakable/line.ts';
import type { Cut, Disturbance } from '../../breakable/link.ts';
import { imageOfVersion, logsOf, whyNoDocker, witanImage, writeLogOf } from '../../support/docker.ts';
import { eventually } from '../../support/eventually.ts';
import { Hosts, SERVERS, type Site } from '../../support/hosts.ts';
import { LogJudge } from '../log-judge.ts';
import { ABILITIES, type Ability, indexOf, namesOf, type Part, type Role, type World } from '../world.ts';
import { breakable, CLOCK_FILE, LINE_FILE } from './docker-node.ts';
import { SmallVolumes } from './small-volumes.ts';
import { Unable } from './unable.ts';

const ELDERS = 7;
/** At the site with two NATS servers; two that can take the place of an elder that is away. */
const NODES: readonly Site[] = Array.from({ length: ELDERS + 2 }, () => 'large');
const GATEWAYS = ['gateway-large', 'gateway-small'];
const COORDINATOR = 'coordinator';
/** Nodes that keep their data on a small disk of their own. */
const SMALL_DISKS = 3;
/** What an upgrade rolls out, of the same wire format, before it rolls back. */
const RELEASE = '0.1.1';
const READY_MS = 60_000;

/** Containers with an address each, all nodes at the site with two NATS servers; at the other one only a gateway. */
export class DockerWorld extends Unable implements World {
  readonly title = 'Docker containers';
  readonly revivesItself = false;
  readonly nodes = NODES.length;
  readonly elders = ELDERS;
  readonly abilities: ReadonlySet<Ability> = new Set(ABILITIES);
  readonly #small = new SmallVolumes();
  readonly #hosts = new Hosts(NODES, {
    equip: breakable,
    volume: async (name, index) => {
      if (index >= NODES.length - SMALL_DISKS) await this.#small.create(name, index, await witanImage());
    },
  });
  readonly #partOf = new Map<string, Part>();
  readonly #judge = new LogJudge();
  readonly #unplugged = new Set<string>();
  /** Those that ran no more when nobody had killed them. */
  readonly #fallen = new Set<string>();
  /** Nodes that may run another version. */
  readonly #upgraded = new Set<number>();
  readonly #heardUntil = new Map<string, string>();
  #parts: readonly Part[] = [];
  #urls: readonly string[] = [];

  /** @throws WitanError `WITAN_ERR_DEPENDENCY` where no Docker daemon answers */
  async start(): Promise<void> {
    const why = whyNoDocker();
    if (why) throw new WitanError('WITAN_ERR_DEPENDENCY', why);
    await this.#hosts.start();
    const names = [...Object.keys(SERVERS), ...this.#hosts.services];
    this.#parts = names.map((name) => ({ name, role: roleOf(name) }));
    await this.#findGateways();
  }

  async stop(): Promise<void> {
    await this.#small.letGo();
    await this.#hosts.stop();
  }

  async parts(): Promise<readonly Part[]> {
    return this.#parts;
  }

  async partOf(nodeName: string): Promise<Part | undefined> {
    for (const part of this.#parts.filter(({ role }) => role === 'node')) {
      if (this.#partOf.has(nodeName)) break;
      const named = (await this.#hosts.linesOf(part.name)).find(({ node }) => node !== undefined);
      if (named) this.#partOf.set(String(named.node), part);
    }
    return this.#partOf.get(nodeName);
  }

  async unready(): Promise<readonly string[]> {
    const starts = Object.entries(await this.#hosts.startsOf(namesOf(this.#parts)));
    const down = starts.filter(([, since]) => since === 'does not run').map(([name]) => name);
    const services = namesOf(this.#parts.filter(({ name, role }) => role !== 'nats' && !down.includes(name)));
    const unready = await Promise.all(services.map((name) => this.#hosts.unreadyIn(name)));
    return [...down.map((name) => `${name} does not run`), ...unready.flat()];
  }

  urls(): readonly string[] {
    return this.#urls;
  }

  override async kill(parts: readonly Part[]): Promise<void> {
    await this.#noteFallen(namesOf(parts));
    await this.#hosts.kill(...namesOf(parts));
  }

  override keepDown(parts: readonly Part[]): Promise<void> {
    return this.kill(parts);
  }

  override async revive(parts: readonly Part[]): Promise<void> {
    await this.#hosts.restart(...namesOf(parts));
    await this.#findGateways();
  }

  override async restart({ name }: Part): Promise<void> {
    await this.#hosts.stopAndStart(name);
    await this.#findGateways();
    const isReady = async () => {
      if (this.#parts.find((part) => part.name === name)?.role === 'nats') return true;
      const unready = await this.#hosts.unreadyIn(name);
      if (unready.length > 0) throw new Error(unready.join('; '));
      return true;
    };
    await eventually(`${name} is ready`, isReady, { withinMs: READY_MS, everyMs: 500 });
  }

  override pause(parts: readonly Part[]): Promise<void> {
    return this.#hosts.pause(...namesOf(parts));
  }

  override resume(parts: readonly Part[]): Promise<void> {
    return this.#hosts.resume(...namesOf(parts));
  }

  /** From everybody by its network, one way by its line to NATS. */
  override async cut(parts: readonly Part[], way: Cut): Promise<void> {
    if (way !== 'both') return this.#line(parts, { cut: way });
    for (const name of namesOf(parts)) {
      this.#unplugged.add(name);
      await this.#hosts.unplug(name);
    }
  }

  override disturb(parts: readonly Part[], disturbed: Disturbance): Promise<void> {
    return this.#line(parts, { disturbed });
  }

  override async mend(parts: readonly Part[]): Promise<void> {
    for (const name of namesOf(parts).filter((each) => this.#unplugged.has(each))) {
      await this.#hosts.plugIn(name);
      this.#unplugged.delete(name);
    }
    await this.#line(parts, {});
  }

  override fillable(): readonly Part[] {
    return this.#small.all.map((index) => ({ name: `node-${index}`, role: 'node' }));
  }

  override async fillDisk(parts: readonly Part[]): Promise<void> {
    for (const name of namesOf(parts)) await this.#hear(name);
    this.#judge.forgetNoRoom();
    // Nobody may write while its log is cut.
    await this.#hosts.pause(...namesOf(parts));
    try {
      await Promise.all(parts.map((part) => this.#small.fill(indexOf(part))));
    } finally {
      await this.#hosts.resume(...namesOf(parts));
    }
  }

  override async withoutRoom(parts: readonly Part[]): Promise<readonly string[]> {
    for (const name of namesOf(parts)) await this.#hear(name);
    return namesOf(parts).filter((name) => this.#judge.noRoom.has(name));
  }

  override async clearDisk(parts: readonly Part[]): Promise<void> {
    await Promise.all(parts.map((part) => this.#small.clear(indexOf(part))));
  }

  override async jumpClock(parts: readonly Part[], byMs: number): Promise<void> {
    await Promise.all(parts.map(({ name }) => this.#hosts.write(name, CLOCK_FILE, String(byMs))));
  }

  /** Of the nodes. */
  override async upgrade(signal: AbortSignal): Promise<void> {
    for (const release of [RELEASE, undefined]) {
      for (const [index] of NODES.entries()) {
        if (signal.aborted) return;
        await this.#release(index, release);
      }
    }
  }

  override async rollBack(): Promise<void> {
    for (const index of [...this.#upgraded]) await this.#release(index, undefined);
  }

  /** @param release undefined: that of the beginning */
  async #release(index: number, release: string | undefined): Promise<void> {
    const name = `node-${index}`;
    // Its log goes with the container.
    await this.#hear(name);
    this.#heardUntil.delete(name);
    this.#upgraded.add(index);
    await this.#hosts.replace(index, await (release === undefined ? witanImage() : imageOfVersion(release)));
    const ready = (await this.#hosts.linesOf(name)).filter(({ event }) => event === 'ready');
    const isOther = ready.length > 0 && ready.every(({ version }) => version === RELEASE);
    if (isOther !== (release === RELEASE)) throw new Error(`${name} is not of the version it was to be`);
    if (release === undefined) this.#upgraded.delete(index);
  }

  async writeLogs(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    for (const { name } of this.#parts) await writeLogOf(this.#hosts.idOf(name), join(folder, `${name}.log`));
  }

  async complaints(): Promise<readonly string[]> {
    const services = this.#parts.filter(({ role }) => role !== 'nats').map(({ name }) => name);
    await this.#noteFallen(services);
    for (const name of services) await this.#hear(name);
    const counted: string[] = [];
    for (const name of services.filter((each) => !this.#fallen.has(each))) {
      counted.push(...(await this.#hosts.defectsOf(name)).map((each) => `${name}: ${each}`));
    }
    return [...[...this.#fallen].map((name) => `${name} has ended`), ...this.#judge.complaints(), ...counted];
  }

  async settings(): Promise<readonly string[]> {
    return ['an elder is replaced when it has been away for 5 s'];
  }

  async #line(parts: readonly Part[], state: LineState): Promise<void> {
    await Promise.all(parts.map(({ name }) => this.#hosts.write(name, LINE_FILE, JSON.stringify(state))));
  }

  async #hear(name: string): Promise<void> {
    const since = this.#heardUntil.get(name);
    this.#heardUntil.set(name, new Date().toISOString());
    this.#judge.hearText(name, await logsOf(this.#hosts.idOf(name), since));
  }

  /** Looked at before a fault too: who is started again after it has ended by itself looks well. */
  async #noteFallen(names: readonly string[]): Promise<void> {
    for (const [name, since] of Object.entries(await this.#hosts.startsOf(names))) {
      if (since === 'does not run') this.#fallen.add(name);
    }
  }

  /** One that has been started again is published at another port. */
  async #findGateways(): Promise<void> {
    const urls = await Promise.all(GATEWAYS.map((name) => this.#hosts.urlOf(name).catch(() => undefined)));
    this.#urls = urls.filter((url) => url !== undefined);
  }
}

function roleOf(name: string): Role {
  if (GATEWAYS.includes(name)) return 'gateway';
  if (name === COORDINATOR) return 'coordinator';
  return name in SERVERS ? 'nats' : 'node';
}
