import { Identity } from '@witan/crypto';
import * as dkg from '@witan/dkg';
import { Elder, type ElderObserver } from '@witan/elder';
import { MemoryJournal } from '@witan/journal';
import { type Sealer, VirtualClock } from '@witan/runtime';
import * as section from '@witan/section';
import { encode, networkTag, sealEnvelope } from '@witan/wire';
import { SimNetwork, type Tamper } from './network.ts';
import { Random } from './random.ts';

export const NETWORK = 'sim';
export const NETWORK_TAG = networkTag(NETWORK);

export interface SimNode {
  readonly index: number;
  readonly name: string;
  readonly identity: Identity;
  readonly tamper: Tamper | undefined;
  journal: MemoryJournal;
  /** Undefined while the process is down. */
  elder: Elder | undefined;
  starts: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly policy?: Partial<section.Policy>;
  readonly dkg?: Partial<dkg.Params>;
  /** What a Byzantine node does to the messages it sends, by node index. */
  readonly tamper?: (node: { index: number; identity: Identity; random: Random }) => Tamper | undefined;
  readonly observer?: (node: SimNode) => ElderObserver;
}

/** Nothing here is worth hiding, and the simulator looks into journals. */
const CLEAR: Sealer = { seal: (plain) => plain, open: (sealed) => sealed };
const JOIN_EVERY_MS = 300;
/** Virtual time does not begin at the epoch, so that a forgotten wall clock shows. */
const EPOCH_MS = 1_700_000_000_000;

/** A whole section in one process and on one clock: the same actors as in production, over made-up links and disks. */
export class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly network: SimNetwork;
  readonly nodes: readonly SimNode[];
  readonly #options: WorldOptions;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.network = new SimNetwork(this.clock, this.random);
    this.nodes = Array.from({ length: options.nodes }, (_, index) => {
      const identity = Identity.fromSeed(this.random.bytes(32));
      const tamper = options.tamper?.({ index, identity, random: this.random });
      return {
        index,
        name: identity.name,
        identity,
        tamper,
        journal: new MemoryJournal(),
        elder: undefined,
        starts: 0,
      };
    });
  }

  start(node: SimNode): void {
    if (node.elder) return;
    node.starts++;
    node.elder = new Elder({
      identity: node.identity,
      network: NETWORK,
      prefix: '',
      genesis: node.index === 0 ? 'create' : 'join',
      genesisKey: undefined,
      journal: node.journal,
      sealer: CLEAR,
      clock: this.clock,
      transport: this.network.attach(node.name, node.tamper),
      wallClock: () => EPOCH_MS + this.clock.now(),
      random: (length) => this.random.bytes(length),
      params: {
        section: {
          ...section.DEFAULT_PARAMS,
          policy: { ...section.DEFAULT_PARAMS.policy, ...this.#options.policy },
        },
        dkg: { ...dkg.DEFAULT_PARAMS, ...this.#options.dkg },
        heartbeatMs: 500,
      },
      observer: this.#options.observer?.(node) ?? {},
    });
    node.elder.start();
    this.#askToJoin(node, node.elder);
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
    node.journal = node.journal.crash({ keepUnsynced });
  }

  /** Runs until `done` or for `withinMs`; `each` is called after every event. */
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

  nodeOf(name: string): SimNode {
    return this.nodes.find((node) => node.name === name)!;
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
