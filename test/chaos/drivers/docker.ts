import { WitanError } from '@witan/errors';
import { logsOf, whyNoDocker } from '../../support/docker.ts';
import { Hosts, SERVERS, type Site } from '../../support/hosts.ts';
import { contradictions } from '../../support/one-truth.ts';
import type { Ability, Part, Role, World } from '../world.ts';
import { Unable } from './unable.ts';

const ELDERS = 7;
/** At the site with two NATS servers; two that can take the place of an elder that is away. */
const NODES: readonly Site[] = Array.from({ length: ELDERS + 2 }, () => 'large');
const GATEWAYS = ['gateway-large', 'gateway-small'];
const COORDINATOR = 'coordinator';

/** Containers with an address each, all nodes at the site with two NATS servers; at the other one only a gateway. */
export class DockerWorld extends Unable implements World {
  readonly title = 'Docker containers';
  readonly revivesItself = false;
  readonly nodes = NODES.length;
  readonly elders = ELDERS;
  readonly abilities: ReadonlySet<Ability> = new Set<Ability>(['kill', 'keep-down', 'restart', 'pause', 'cut']);
  readonly #hosts = new Hosts(NODES);
  readonly #partOf = new Map<string, Part>();
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

  stop(): Promise<void> {
    return this.#hosts.stop();
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

  urls(): readonly string[] {
    return this.#urls;
  }

  override kill(parts: readonly Part[]): Promise<void> {
    return this.#hosts.kill(...namesOf(parts));
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
  }

  override pause(parts: readonly Part[]): Promise<void> {
    return this.#hosts.pause(...namesOf(parts));
  }

  override resume(parts: readonly Part[]): Promise<void> {
    return this.#hosts.resume(...namesOf(parts));
  }

  override async cut(parts: readonly Part[]): Promise<void> {
    for (const name of namesOf(parts)) await this.#hosts.unplug(name);
  }

  override async mend(parts: readonly Part[]): Promise<void> {
    for (const name of namesOf(parts)) await this.#hosts.plugIn(name);
  }

  async logs(): Promise<ReadonlyMap<string, string>> {
    const logs = new Map<string, string>();
    for (const { name } of this.#parts) logs.set(name, await logsOf(this.#hosts.idOf(name)));
    return logs;
  }

  async complaints(): Promise<readonly string[]> {
    const services = this.#parts.filter(({ role }) => role !== 'nats').map(({ name }) => name);
    const starts = Object.entries(await this.#hosts.startsOf(services));
    const fallen = starts.filter(([, since]) => since === 'does not run').map(([name]) => `${name} has ended`);
    const lines = await Promise.all(services.map((name) => this.#hosts.linesOf(name)));
    return [...fallen, ...contradictions(lines.flat()).map((said) => said.join(': '))];
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

function namesOf(parts: readonly Part[]): string[] {
  return parts.map(({ name }) => name);
}
