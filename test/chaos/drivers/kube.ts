import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { WitanError } from '@witan/errors';
import type { Cut, Disturbance } from '../../breakable/link.ts';
import { eventually } from '../../support/eventually.ts';
import { isReady, Namespace, type Pod, whyFailed } from '../../support/kube.ts';
import { writeOutput } from '../../support/write-output.ts';
import { type Ability, namesOf, type Part, type Role, type World } from '../world.ts';
import { Forwards } from './forwards.ts';
import { KubeHands } from './kube-hands.ts';
import { KubeJudge } from './kube-judge.ts';
import { settingsOf } from './kube-settings.ts';
import { Unable } from './unable.ts';

export interface KubeOptions {
  readonly namespace: string;
  /** What an upgrade rolls out, and back again; without it there is none. */
  readonly image?: string | undefined;
  /** Where gateways take TLS alone: a file with who signs their certificates. */
  readonly ca?: string | undefined;
}

const ROLES: Readonly<Record<string, Role>> = {
  node: 'node',
  gateway: 'gateway',
  'dkg-coordinator': 'coordinator',
  nats: 'nats',
};
const ELDERS = 7;
const POSSIBLE: readonly Ability[] = ['kill', 'keep-down', 'restart'];
const LOOK_MS = 1_000;
const READY_MS = 300_000;
/** A pod that has it stays where it ended, and none is put into its place. */
const HELD = 'chaos.witan/kept-down';
/** What is rolled out anew for another version. */
const WORKLOADS = ['statefulset/node', 'deployment/gateway', 'deployment/dkg-coordinator'];

/** The pods of a network that runs in the cluster of the current kubeconfig. */
export class KubeWorld extends Unable implements World {
  readonly title = 'Kubernetes pods';
  readonly revivesItself = true;
  readonly abilities: ReadonlySet<Ability>;
  readonly #namespace: Namespace;
  readonly #image: string | undefined;
  readonly #ca: string | undefined;
  readonly #hands: KubeHands;
  readonly #forwards: Forwards;
  readonly #judge: KubeJudge;
  readonly #podOf = new Map<string, string>();
  readonly #keptDown = new Set<string>();
  readonly #end = new AbortController();
  #nodes = 0;
  /** The image of before an upgrade that has not ended well yet. */
  #before: string | undefined;
  /** Pods of each role when the run began. */
  #atFirst: ReadonlyMap<Role, number> = new Map();
  #watching: Promise<void> = Promise.resolve();

  private constructor({ image, ca }: KubeOptions, namespace: Namespace, hands: KubeHands) {
    super();
    const scheme = ca === undefined ? 'http' : 'https';
    this.#namespace = namespace;
    this.#hands = hands;
    this.#ca = ca;
    this.#forwards = new Forwards(namespace.name, scheme);
    this.#judge = new KubeJudge(this.#namespace, scheme);
    this.#image = image;
    this.abilities = new Set<Ability>([...POSSIBLE, ...hands.abilities, ...(image ? ['upgrade' as const] : [])]);
  }

  /**
   * What can be done to its pods is for them to tell.
   *
   * @throws WitanError `WITAN_ERR_DEPENDENCY` when there is no kubectl, or no cluster that answers it;
   *   `WITAN_ERR_UNAVAILABLE` when there are nodes that do not run
   */
  static async open(options: KubeOptions): Promise<KubeWorld> {
    const namespace = new Namespace(options.namespace);
    const nodes = await namespace.pods('node').catch((error: unknown) => {
      throw new WitanError('WITAN_ERR_DEPENDENCY', `no cluster to break: ${whyFailed(error)}`, { cause: error });
    });
    const hands = await KubeHands.of(namespace, nodes).catch((error: unknown) => {
      const how = `wait for them: kubectl -n ${namespace.name} rollout status statefulset/node`;
      throw new WitanError('WITAN_ERR_UNAVAILABLE', `not all nodes run: ${whyFailed(error)}; ${how}`, { cause: error });
    });
    return new KubeWorld(options, namespace, hands);
  }

  get nodes(): number {
    return this.#nodes;
  }

  get elders(): number {
    return Math.min(ELDERS, this.#nodes);
  }

  /**
   * @throws WitanError `WITAN_ERR_DEPENDENCY` when there is no network in the namespace, `WITAN_ERR_CONFIG` when the file
   * with the authority cannot be read, or the image of an upgrade is the one that runs
   */
  async start(): Promise<void> {
    if (this.#ca !== undefined) setDefaultCACertificates([...getCACertificates(), readAuthority(this.#ca)]);
    this.#nodes = (await this.#pods('node')).length;
    if (this.#nodes === 0) {
      const how = 'deploy one first: kubectl apply -k k8s/overlays/local';
      throw new WitanError('WITAN_ERR_DEPENDENCY', `no network runs in the namespace ${this.#namespace.name}; ${how}`);
    }
    if (this.#image !== undefined && (await this.#running()) === this.#image) {
      throw new WitanError(
        'WITAN_ERR_CONFIG',
        `--image: ${this.#image} runs already, and an upgrade takes another one`,
      );
    }
    const pods = await this.#pods();
    this.#atFirst = countRoles(pods);
    await this.#judge.begin(pods);
    await this.#followGateways();
    this.#watching = this.#watch();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#watching;
    await this.revive([...this.#keptDown].map((name) => ({ name, role: 'node' })));
    this.#forwards.close();
  }

  async parts(): Promise<readonly Part[]> {
    const pods = await this.#pods();
    return pods.flatMap((pod) => {
      const role = roleOf(pod);
      return role === undefined ? [] : [{ name: pod.metadata.name, role }];
    });
  }

  async partOf(nodeName: string): Promise<Part | undefined> {
    for (const { metadata } of await this.#pods('node')) {
      if (this.#podOf.get(nodeName) !== undefined) break;
      await this.#learnName(metadata.name);
    }
    const name = this.#podOf.get(nodeName);
    return name === undefined ? undefined : { name, role: 'node' };
  }

  async unready(): Promise<readonly string[]> {
    const ready = countRoles((await this.#pods()).filter(isReady));
    const lacking = [...this.#atFirst].filter(([role, count]) => (ready.get(role) ?? 0) < count);
    return lacking.map(([role, count]) => `of ${count} pods of the role ${role} ${ready.get(role) ?? 0} are ready`);
  }

  urls(): readonly string[] {
    return this.#forwards.urls;
  }

  override kill(parts: readonly Part[]): Promise<void> {
    return this.#namespace.kill(...namesOf(parts));
  }

  override async keepDown(parts: readonly Part[]): Promise<void> {
    for (const { name } of parts) {
      this.#keptDown.add(name);
      await this.#hold(name, [HELD]);
      // A second, so that its processes have ended when it has; without any they go on for as long as they like.
      await this.#namespace.kubectl('delete', 'pod', '--grace-period=1', '--wait=false', name);
    }
  }

  override async revive(parts: readonly Part[]): Promise<void> {
    for (const { name } of parts) {
      if (!this.#keptDown.has(name)) continue;
      await this.#hold(name, null);
      this.#keptDown.delete(name);
    }
  }

  override async restart({ name, role }: Part): Promise<void> {
    const ofRole = async () => (await this.#pods()).filter((pod) => roleOf(pod) === role);
    const before = await ofRole();
    await this.#namespace.kubectl('delete', 'pod', name);
    const areReady = async () => {
      const pods = await ofRole();
      return pods.length >= before.length && pods.every(isReady);
    };
    await eventually(`every ${role} is ready`, areReady, { withinMs: READY_MS, everyMs: LOOK_MS });
  }

  override pause(parts: readonly Part[]): Promise<void> {
    return this.#hands.signal(parts, 'STOP');
  }

  override resume(parts: readonly Part[]): Promise<void> {
    return this.#hands.undo(parts, (part) => this.#hands.signal(part, 'CONT'));
  }

  override cut(parts: readonly Part[], cut: Cut): Promise<void> {
    return this.#hands.line(parts, { cut });
  }

  override disturb(parts: readonly Part[], disturbed: Disturbance): Promise<void> {
    return this.#hands.line(parts, { disturbed });
  }

  override mend(parts: readonly Part[]): Promise<void> {
    return this.#hands.undo(parts, (part) => this.#hands.line(part, {}));
  }

  override fillable(): readonly Part[] {
    return this.#hands.fillable;
  }

  override async fillDisk(parts: readonly Part[]): Promise<void> {
    await this.#judge.beforeFilling();
    await this.#hands.fill(parts);
  }

  override withoutRoom(parts: readonly Part[]): Promise<readonly string[]> {
    return this.#judge.withoutRoom(parts);
  }

  override clearDisk(parts: readonly Part[]): Promise<void> {
    return this.#hands.undo(parts, (part) => this.#hands.clear(part));
  }

  override jumpClock(parts: readonly Part[], byMs: number): Promise<void> {
    const jump = (some: readonly Part[]) => this.#hands.clock(some, byMs);
    return byMs === 0 ? this.#hands.undo(parts, jump) : jump(parts);
  }

  override async upgrade(signal: AbortSignal): Promise<void> {
    const before = await this.#running();
    this.#before = before;
    for (const image of [this.#image!, before]) {
      if (signal.aborted) return;
      await this.#rollOut(image);
    }
    this.#before = undefined;
  }

  override async rollBack(): Promise<void> {
    if (this.#before === undefined) return;
    await this.#rollOut(this.#before);
    this.#before = undefined;
  }

  async #rollOut(image: string): Promise<void> {
    for (const workload of WORKLOADS) await this.#namespace.kubectl('set', 'image', workload, `*=${image}`);
    for (const workload of WORKLOADS) {
      await this.#namespace.kubectl('rollout', 'status', workload, `--timeout=${READY_MS / 1000}s`);
    }
    const services = (await this.#pods()).filter((pod) => ![undefined, 'nats'].includes(roleOf(pod)));
    const other = services.find(({ spec }) => spec.containers.some((each) => each.image !== image));
    if (other) throw new Error(`${other.metadata.name} is not of the image ${image}`);
  }

  /** The image that gateways run. */
  #running(): Promise<string> {
    const path = 'jsonpath={.spec.template.spec.containers[0].image}';
    return this.#namespace.kubectl('get', 'deployment/gateway', '-o', path);
  }

  async complaints(): Promise<readonly string[]> {
    return this.#judge.complaints(await this.#pods());
  }

  async writeLogs(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    for (const { metadata } of await this.#pods()) {
      const args = ['-n', this.#namespace.name, 'logs', metadata.name, '--all-containers', '--prefix', '--tail=-1'];
      await writeOutput(join(folder, `${metadata.name}.log`), 'kubectl', ...args);
    }
  }

  settings(): Promise<readonly string[]> {
    return settingsOf(this.#namespace);
  }

  async #hold(pod: string, finalizers: readonly string[] | null): Promise<void> {
    await this.#namespace.kubectl(
      'patch',
      'pod',
      pod,
      '--type=merge',
      '-p',
      JSON.stringify({ metadata: { finalizers } }),
    );
  }

  async #pods(component?: string): Promise<readonly Pod[]> {
    const pods = await this.#namespace.pods(component);
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  /** Each line of its log names the node. */
  async #learnName(pod: string): Promise<void> {
    const log = await this.#namespace.kubectl('logs', pod, '-c', 'elder', '--tail=20').catch(() => '');
    const name = /"node":"([0-9a-f]{64})"/.exec(log)?.[1];
    if (name !== undefined) this.#podOf.set(name, pod);
  }

  async #watch(): Promise<void> {
    while (!this.#end.signal.aborted) {
      // A look that fails is followed by the next one.
      await this.#followGateways().catch(() => {});
      await pause(LOOK_MS, undefined, { signal: this.#end.signal }).catch(() => {});
    }
  }

  async #followGateways(): Promise<void> {
    const pods = (await this.#pods('gateway')).filter(isReady);
    await this.#forwards.follow(pods.map(({ metadata }) => metadata.name));
  }
}

function roleOf({ metadata: { labels } }: Pod): Role | undefined {
  return ROLES[labels['app.kubernetes.io/component'] ?? labels['app.kubernetes.io/name'] ?? ''];
}

function countRoles(pods: readonly Pod[]): ReadonlyMap<Role, number> {
  const roles = pods.map(roleOf).filter((role) => role !== undefined);
  return new Map(Object.values(ROLES).map((role) => [role, roles.filter((each) => each === role).length]));
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new WitanError('WITAN_ERR_CONFIG', `--ca: ${(error as Error).message}`);
  }
}
