import { advance, type Holdings, type Options } from '../../src/index.ts';
import { supermajority, utf8 } from '../support.ts';
import { type Adversary, Loner, Noise, Scheme } from './adversary.ts';
import { Checker } from './checker.ts';
import { Clock } from './clock.ts';
import { Node } from './node.ts';
import { Random } from './random.ts';
import { COORDINATOR, INSTANCE } from './wire.ts';

/** What is broken on purpose, to see that it is noticed. */
export interface PlantedFaults {
  /** Votes that a quorum is short of. */
  readonly quorumShort?: number;
  /** Members forget their votes when they crash. */
  readonly amnesia?: boolean;
  /** They remember their votes, and not what these rest on. */
  readonly unjustified?: boolean;
  /** In place of the library's own. */
  readonly advance?: typeof advance;
}

export interface Settings {
  readonly members: number;
  readonly faulty: readonly number[];
  readonly drop: number;
  readonly repeat: number;
  readonly delayMs: number;
  readonly crash: number;
  /** How often the adversary answers a message with some of its own. */
  readonly malice: number;
  readonly plan: 'noise' | 'two decisions' | 'one alone';
  readonly fastPath: boolean;
  readonly lateVerdicts: boolean;
  /** Whether anti-entropy works before the healing. */
  readonly askEarly: boolean;
  readonly partition: boolean;
  readonly healAt: number;
  /** When it heals, all honest members have just crashed, and what they had not journaled is nowhere. */
  readonly blackout: boolean;
  /** The faulty say nothing more once it has healed. */
  readonly thenSilent: boolean;
  readonly awaited: readonly number[];
  readonly faults: PlantedFaults;
}

/** By then a healed group has decided. Far above what it takes, to tell slow from stuck. */
const DEADLINE_MS = 60_000;
const TICK_MS = 40;
const PLANS = { noise: Noise, 'two decisions': Scheme, 'one alone': Loner };

/** One schedule: everything in it follows from the seed. */
export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly settings: Settings;
  readonly checker: Checker;
  readonly honest: readonly Node[];
  private readonly adversary: Adversary;
  private sides: readonly boolean[] = [];

  constructor(seed: number, faults: PlantedFaults = {}, narrow: Partial<Settings> = {}) {
    this.random = new Random(seed);
    this.settings = { ...randomSettings(this.random, faults), ...narrow };
    const { members, faulty, fastPath, plan } = this.settings;
    const options = { ...randomOptions(this.random, members), fastPath };
    this.checker = new Checker({ ...options, quorum: options.quorum - (faults.quorumShort ?? 0) });
    const together = plan === 'one alone' || this.random.chance(0.3);
    const honest = Array.from({ length: members }, (_, i) => i).filter((i) => !faulty.includes(i));
    this.honest = honest.map((me) => {
      const value = utf8(together ? 'ok all' : `ok ${this.random.below(members)}`);
      const from = plan === 'one alone' || this.random.chance(0.7) ? 0 : this.random.below(300);
      return new Node(this, { ...options, me }, { value, determined: together && this.random.chance(0.8), from });
    });
    this.adversary = new PLANS[this.settings.plan](this, options, faulty);
  }

  /** Faults, then healing. Throws when anything goes wrong, or when the group does not decide. */
  run(): void {
    for (const node of this.honest) {
      node.keepAsking();
      this.poll(node);
    }
    this.disturb();
    this.provoke();
    if (this.settings.blackout) this.clock.after(this.settings.healAt, () => this.crashAll());
    while (!this.isSettled()) {
      if (!this.clock.tick() || this.clock.now > DEADLINE_MS) {
        const open = this.honest.filter((node) => !node.decision).map((node) => `${node.index} in ${node.state.view}`);
        throw new Error(`no decision by ${this.clock.now} ms: ${open}`);
      }
    }
  }

  /** Applications change by themselves: candidates appear, values become known. */
  private poll(node: Node): void {
    this.clock.after(TICK_MS, () => {
      if (node.isUp()) node.act();
      if (!node.decision) this.poll(node);
    });
  }

  /** Until healed: other partitions, now and then. */
  private disturb(): void {
    if (!this.settings.partition || this.healed()) return;
    this.sides = Array.from({ length: this.settings.members }, () => this.random.chance(0.5));
    this.clock.after(this.random.between(20, 400), () => this.disturb());
  }

  private provoke(): void {
    this.clock.after(this.random.between(20, 200), () => {
      if (this.healed() && this.settings.thenSilent) return;
      this.adversary.strike();
      this.provoke();
    });
  }

  private crashAll(): void {
    for (const node of this.honest) if (node.isUp()) node.crash();
  }

  private isSettled(): boolean {
    return this.honest.every((node) => node.decision);
  }

  private healed(): boolean {
    return this.clock.now >= this.settings.healAt;
  }

  isHonest(member: number): boolean {
    return !this.settings.faulty.includes(member);
  }

  readonly advance: typeof advance = (state, app) => (this.settings.faults.advance ?? advance)(state, app);

  /** Whether somebody crashes here and now. */
  strikes(): boolean {
    return !this.healed() && this.random.chance(this.settings.crash);
  }

  broadcast(from: number, raw: Uint8Array): void {
    for (const node of this.honest) if (node.index !== from) this.send(from, node.index, raw);
    if (!(this.healed() && this.settings.thenSilent)) this.adversary.overhear(raw);
  }

  send(from: number, to: number, raw: Uint8Array): void {
    const copies = this.random.chance(this.settings.repeat) ? 2 : 1;
    for (let i = 0; i < copies; i++) this.transmit(from, to, () => this.node(to)!.receive(raw));
  }

  /** A request and its answer can each be lost. Faulty members answer nothing. */
  request(from: number, theirs: Holdings, onAnswer: (answer: ReturnType<Node['answer']>) => void): void {
    const to = this.random.below(this.settings.members);
    const node = this.node(to);
    if (!node || to === from || !(this.healed() || this.settings.askEarly)) return;
    this.transmit(from, to, () => {
      if (!node.isUp()) return;
      const answer = node.answer(theirs);
      this.transmit(to, from, () => onAnswer(answer));
    });
  }

  private transmit(from: number, to: number, deliver: () => void): void {
    if (this.healed()) {
      this.clock.after(this.random.between(1, 10), deliver);
      return;
    }
    const cut = this.settings.partition && from !== COORDINATOR && this.sides[from] !== this.sides[to];
    if (cut || this.random.chance(this.settings.drop)) return;
    this.clock.after(this.random.between(1, this.settings.delayMs), deliver);
  }

  private node(index: number): Node | undefined {
    return this.honest.find((node) => node.index === index);
  }
}

function randomSettings(random: Random, faults: PlantedFaults): Settings {
  const members = random.pick([1, 2, 3, 4, 4, 4, 5, 6, 7, 7]);
  const tolerated = members - supermajority(members);
  return {
    members,
    faulty: random.some(random.chance(0.8) ? tolerated : random.below(tolerated + 1), members),
    drop: random.pick([0, 0.1, 0.3, 0.5]),
    repeat: random.pick([0, 0.2]),
    delayMs: random.pick([5, 60, 200]),
    crash: random.pick([0, 0, 0.02, 0.1]),
    malice: random.pick([0, 0.2, 0.5, 1]),
    plan: random.pick(['noise', 'noise', 'noise', 'two decisions', 'one alone']),
    fastPath: random.chance(0.5),
    lateVerdicts: random.chance(0.7),
    askEarly: random.chance(0.5),
    partition: random.chance(0.4),
    healAt: random.pick([0, 300, 1000, 2500]),
    blackout: random.chance(0.2),
    thenSilent: random.chance(0.4),
    awaited: random.chance(0.2) ? [random.below(members)] : [],
    faults,
  };
}

function randomOptions(random: Random, members: number): Options {
  return {
    instance: INSTANCE,
    members,
    me: -1,
    quorum: supermajority(members),
    firstLeader: random.below(members),
    openFirstView: random.chance(0.5),
    fastPath: false,
    timeouts: { proposeMs: 60, prevoteMs: 30, precommitMs: 30, growthMs: 20, maxMs: 1000 },
  };
}
