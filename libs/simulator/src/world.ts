import { Identity } from '@witan/crypto';
import * as dkg from '@witan/dkg';
import { Coordinator, Elder } from '@witan/elder';
import { MemoryJournal } from '@witan/journal';
import { type Sealer, VirtualClock } from '@witan/runtime';
import * as section from '@witan/section';
import { encode, sealEnvelope } from '@witan/wire';
import { SimDisk } from './disk.ts';
import { type Outgoing, SimNetwork, type Tamper } from './network.ts';
import { NETWORK, NETWORK_TAG } from './network-tag.ts';
import { Random } from './random.ts';

/** A process that runs sessions and is watched: a node, or an honest coordinator. */
export interface SimProcess {
  readonly name: string;
  /** What people call it: `n0` for a node, `c0` for a coordinator. */
  readonly label: string;
  /** Undefined while it is down. */
  readonly sessions: Pick<Elder['sessions'], 'all'> | undefined;
}

export interface SimNode extends SimProcess {
  readonly index: number;
  readonly identity: Identity;
  tamper: Tamper | undefined;
  disk: SimDisk;
  /** Undefined while the process is down. */
  elder: Elder | undefined;
  starts: number;
  /** What its processes were given as random bytes: seeds of sessions, and of the genesis key. */
  readonly secrets: Uint8Array[];
}

/** A coordinator that does what it should. It has no disk: started again, it is another. */
export interface SimCoordinator extends SimProcess {
  readonly ledger: section.Ledger | undefined;
  stop(): void;
}

/** Hears of everything that happens. All nodes are told of, also those that are not to be believed. */
export interface Watcher {
  started?(node: SimNode): void;
  killed?(node: SimNode, keptUnsynced: boolean): void;
  section?(process: SimProcess, report: section.SectionReport): void;
  dkg?(process: SimProcess, session: dkg.Session, report: dkg.DkgReport): void;
  /** A machine threw, a journal failed, an event was set aside, a port threw. */
  trouble?(process: SimProcess, what: string, error: unknown): void;
  badRequest?(node: SimNode, verb: string, error: unknown): void;
  /** Before it leaves, and before anybody tampers with it. `node` is undefined for those who are no node. */
  sends?(node: SimNode | undefined, outgoing: Outgoing): void;
}

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly policy?: Partial<section.Policy>;
  readonly dkg?: Partial<dkg.Params>;
  readonly heartbeatMs?: number;
  /** What a Byzantine node does to what it sends. */
  readonly tamper?: (node: SimNode, world: World) => Tamper | undefined;
  readonly watchers?: readonly Watcher[];
}

/** Nothing here is worth hiding, and the simulator looks into journals. */
const CLEAR: Sealer = { seal: (plain) => plain, open: (sealed) => sealed };
const JOIN_EVERY_MS = 300;
const HEARTBEAT_MS = 500;
/** Virtual time does not begin at the epoch, so that a forgotten wall clock shows. */
const EPOCH_MS = 1_700_000_000_000;
const SEED_BYTES = 32;

/** A whole section in one process and on one clock: the same actors as in production, over made-up links and disks. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly network: SimNetwork;
  readonly nodes: readonly SimNode[];
  /** Called around every write of a node, and before everything it sends; may kill it then and there. */
  onWrite: (node: SimNode, when: 'before' | 'after', stream: string) => void = () => {};
  onSend: (node: SimNode, outgoing: Outgoing) => void = () => {};
  readonly watchers: Watcher[];
  readonly #options: WorldOptions;
  readonly #byName: ReadonlyMap<string, SimNode>;
  /** Names of coordinators to their labels. */
  readonly #coordinators = new Map<string, string>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.network = new SimNetwork(this.clock, this.random.fork());
    this.watchers = [...(options.watchers ?? [])];
    // In the order of their names, which is the order of participants and elders: n0 is index 0 wherever all take part.
    const identities = Array.from({ length: options.nodes }, () => Identity.fromSeed(this.random.bytes(SEED_BYTES)));
    identities.sort((a, b) => (a.name < b.name ? -1 : 1));
    this.nodes = identities.map((identity, index) => this.#makeNode(identity, index));
    this.#byName = new Map(this.nodes.map((node) => [node.name, node]));
    for (const node of this.nodes) node.tamper = options.tamper?.(node, this);
    this.network.onSend = (outgoing) => this.#sending(outgoing);
  }

  nodeOf(name: string): SimNode | undefined {
    return this.#byName.get(name);
  }

  /** `n3` for a node, `c0` for a coordinator, the beginning of the name for anyone else. */
  label(name: string): string {
    const known = this.nodeOf(name)?.label ?? this.#coordinators.get(name);
    return known ?? (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 6) : name);
  }

  start(node: SimNode): void {
    if (node.elder) return;
    node.starts++;
    const elder = this.#makeElder(node);
    node.elder = elder;
    this.#tell((watcher) => watcher.started?.(node));
    try {
      elder.start();
    } catch (error) {
      // Killed while it was starting: its disk is another's now.
      if (node.elder === elder) throw error;
    }
    this.#askToJoin(node, elder);
  }

  startAll(): void {
    for (const node of this.nodes) this.start(node);
  }

  /** As `kill -9`: what was not synced is lost, or, as luck has it, is not. */
  kill(node: SimNode, keepUnsynced: boolean): void {
    if (!node.elder) return;
    node.elder.stop();
    node.elder = undefined;
    this.network.detach(node.name);
    node.disk = node.disk.crash(keepUnsynced);
    this.#tell((watcher) => watcher.killed?.(node, keepUnsynced));
  }

  /** A coordinator, which is no node: attached under its own name, known to nobody, and watched like a node. */
  startCoordinator(identity: Identity, label = 'c0'): SimCoordinator {
    this.#coordinators.set(identity.name, label);
    let running: Coordinator | undefined;
    const process: SimCoordinator = {
      name: identity.name,
      label,
      get sessions() {
        return running?.sessions;
      },
      get ledger() {
        return running?.follower.state.ledger;
      },
      stop: () => {
        running?.stop();
        running = undefined;
        this.network.detach(identity.name);
      },
    };
    const observer = this.#observer(process, () => running !== undefined);
    const coordinator = new Coordinator({
      identity,
      network: NETWORK,
      prefix: '',
      genesisKey: undefined,
      journal: new MemoryJournal(),
      clock: this.clock,
      transport: this.network.attach(identity.name),
      params: this.#sectionParams(),
      dkg: this.#dkgParams(),
      wallClock: () => EPOCH_MS + this.clock.now(),
      random: (length) => this.random.bytes(length),
      observer,
      onDkg: observer.dkg,
    });
    running = coordinator;
    coordinator.start();
    return process;
  }

  /** Runs until `done` or for `withinMs`; both functions are called after every event. */
  run(withinMs: number, done: () => boolean = () => false, each: () => void = () => {}): boolean {
    const end = this.clock.now() + withinMs;
    for (;;) {
      if (done()) return true;
      const next = this.clock.nextAt;
      if (next === undefined || next > end) {
        this.clock.advance(end - this.clock.now());
        return done();
      }
      this.clock.step();
      each();
    }
  }

  #makeNode(identity: Identity, index: number): SimNode {
    const node: SimNode = {
      index,
      name: identity.name,
      label: `n${index}`,
      identity,
      tamper: undefined,
      disk: new SimDisk((when, stream) => {
        if (node.elder) this.onWrite(node, when, stream);
      }),
      elder: undefined,
      get sessions() {
        return this.elder?.sessions;
      },
      starts: 0,
      secrets: [],
    };
    return node;
  }

  #makeElder(node: SimNode): Elder {
    const isUp = () => node.elder === elder;
    const observer = this.#observer(node, isUp);
    const elder: Elder = new Elder({
      identity: node.identity,
      network: NETWORK,
      prefix: '',
      genesis: node.index === 0 ? 'create' : 'join',
      genesisKey: undefined,
      journal: node.disk,
      sealer: CLEAR,
      clock: this.clock,
      transport: this.network.attach(node.name, node.tamper),
      wallClock: () => EPOCH_MS + this.clock.now(),
      random: (length) => {
        const bytes = this.random.bytes(length);
        // A copy: the node destroys its own.
        node.secrets.push(bytes.slice());
        return bytes;
      },
      ...(node.tamper?.dkgMachine ? { dkgMachine: node.tamper.dkgMachine } : {}),
      params: {
        section: this.#sectionParams(),
        dkg: this.#dkgParams(),
        heartbeatMs: this.#options.heartbeatMs ?? HEARTBEAT_MS,
      },
      observer: {
        ...observer,
        badRequest: (verb, error) => {
          if (isUp()) this.#tell((watcher) => watcher.badRequest?.(node, verb, error));
        },
      },
    });
    return elder;
  }

  /** Tells the watchers. A process that has been killed may still finish the line it was on; nobody hears of it. */
  #observer(process: SimProcess, isUp: () => boolean) {
    const whileUp = (tell: (watcher: Watcher) => void) => {
      if (isUp()) this.#tell(tell);
    };
    const trouble = (what: string, error: unknown) => whileUp((watcher) => watcher.trouble?.(process, what, error));
    return {
      section: (report: section.SectionReport) => whileUp((watcher) => watcher.section?.(process, report)),
      dkg: (session: dkg.Session, report: dkg.DkgReport) =>
        whileUp((watcher) => watcher.dkg?.(process, session, report)),
      trouble,
      actor: {
        effectFailed: (actor: string, effect: string, error: unknown) => trouble(`${effect} of ${actor}`, error),
        overflowed: (actor: string) => trouble(`mailbox of ${actor} is full`, undefined),
      },
    };
  }

  #sectionParams(): section.Params {
    const { policy } = section.DEFAULT_PARAMS;
    return { ...section.DEFAULT_PARAMS, policy: { ...policy, ...this.#options.policy } };
  }

  #dkgParams(): dkg.Params {
    return { ...dkg.DEFAULT_PARAMS, ...this.#options.dkg };
  }

  #sending(outgoing: Outgoing): void {
    const node = this.nodeOf(outgoing.from);
    this.#tell((watcher) => watcher.sends?.(node, outgoing));
    if (node) this.onSend(node, outgoing);
  }

  #tell(tell: (watcher: Watcher) => void): void {
    for (const watcher of this.watchers) tell(watcher);
  }

  /** What the `adult` service does: asks until the section's decisions name this node. */
  #askToJoin(node: SimNode, elder: Elder): void {
    if (node.elder !== elder || elder.state.ledger?.members.has(node.name)) return;
    const body = encode(section.joinBody, { prefix: '' });
    const { raw } = sealEnvelope(node.identity, NETWORK_TAG, 'joinRequest', body);
    this.network.publishFrom(node.name, 'section.root.join', raw);
    this.clock.setTimer(JOIN_EVERY_MS, () => this.#askToJoin(node, elder));
  }
}
