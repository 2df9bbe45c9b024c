import { type Hash, leader, type Options, type VoteRecord, type VoteStep } from '../../src/index.ts';
import { hashOf, utf8 } from '../support.ts';
import { endorsement } from './node.ts';
import { COORDINATOR, open, signProposal, signVote } from './wire.ts';
import type { World } from './world.ts';

/** The faulty members, and a lying coordinator. They see every message as it is sent and act as one. */
export interface Adversary {
  overhear(raw: Uint8Array): void;
  /** Now and then, whatever happens. */
  strike(): void;
}

/** What both kinds know and can do. */
abstract class Faulty implements Adversary {
  protected readonly world: World;
  protected readonly options: Options;
  protected readonly members: readonly number[];
  protected readonly values = new Map<Hash, Uint8Array>();
  protected view = 0;

  constructor(world: World, options: Options, members: readonly number[]) {
    this.world = world;
    this.options = options;
    this.members = members;
    for (const text of ['bad', 'ok evil', 'ok worse']) this.values.set(hashOf(text), utf8(text));
  }

  abstract strike(): void;
  protected abstract onVote(vote: VoteRecord): void;

  overhear(raw: Uint8Array): void {
    const message = open(raw);
    if ('proposal' in message) {
      this.values.set(hashOf(Buffer.from(message.proposal.value).toString()), message.proposal.value);
      return;
    }
    this.view = Math.max(this.view, message.vote.view);
    this.onVote(message.vote);
  }

  protected vote(voter: number, to: number, view: number, step: VoteStep, hash: Hash | null, honestly = true): void {
    const endorsed = hash !== null && step === 'precommit' && honestly;
    const extra = endorsed ? endorsement(voter, view, hash) : new Uint8Array();
    const fast = honestly && hash !== null && step === 'prevote' && view === 0;
    this.world.send(voter, to, signVote(voter, view, step, hash, extra, fast));
  }

  protected leads(view: number): number | undefined {
    return this.members.find((member) => leader(this.options, view) === member);
  }

  protected anyValue(): Uint8Array {
    return this.world.random.pick([...this.values.values()]);
  }
}

/** Tells everyone something else, votes for whatever might get a quorum somewhere, is silent, sends nonsense. */
export class Noise extends Faulty {
  private recent: VoteRecord[] = [];

  protected onVote(vote: VoteRecord): void {
    this.recent = [...this.recent.slice(-8), vote];
    if (this.world.random.chance(this.world.settings.malice)) this.strike();
  }

  strike(): void {
    const { random } = this.world;
    if (this.options.openFirstView && this.view === 0 && random.chance(0.3)) this.coordinate();
    if (this.members.length === 0) return;
    const leading = this.leads(this.view);
    if (leading !== undefined && random.chance(0.5)) this.propose(leading);
    else this.scatter(random.pick(this.members));
  }

  private scatter(voter: number): void {
    const { random } = this.world;
    const view = random.chance(0.85) ? this.view : Math.max(0, this.view + random.between(-2, 3));
    const step = random.chance(0.5) ? 'prevote' : 'precommit';
    for (const to of this.world.honest) {
      if (random.chance(0.7)) this.vote(voter, to.index, view, step, this.anyHash(), random.chance(0.8));
    }
  }

  private anyHash(): Hash | null {
    const { random } = this.world;
    if (this.recent.length > 0 && random.chance(0.7)) return random.pick(this.recent).hash;
    return random.chance(0.3) ? null : random.pick([...this.values.keys()]);
  }

  private propose(from: number): void {
    const { random } = this.world;
    const validView = this.view > 0 && random.chance(0.5) ? random.below(this.view) : undefined;
    const proposals = [0, 1].map(() => signProposal(from, this.view, validView, this.anyValue()));
    for (const to of this.world.honest) if (random.chance(0.8)) this.world.send(from, to.index, random.pick(proposals));
  }

  private coordinate(): void {
    for (const to of this.world.honest) {
      this.world.send(COORDINATOR, to.index, signProposal(COORDINATOR, 0, undefined, this.anyValue()));
    }
  }
}

/**
 * Follows the way to two decisions: in the first view that it can lead, a value is shown to just as many as lock it with
 * the help of the faulty, and one of them decides alone. Then the others are led to another value. Only their locks,
 * and what a repeated proposal has to show to free from them, stand in the way.
 */
export class Scheme extends Faulty {
  private readonly done = new Set<string>();
  private readonly inside: readonly number[];

  constructor(world: World, options: Options, members: readonly number[]) {
    super(world, options, members);
    const honest = world.random.some(world.honest.length, world.honest.length).map((i) => world.honest[i]!.index);
    this.inside = honest.slice(0, options.quorum - members.length);
  }

  private get dividing(): number {
    if (this.options.openFirstView) return 0;
    const views = Array.from({ length: this.options.members }, (_, view) => view);
    return views.find((view) => this.leads(view) !== undefined) ?? 0;
  }

  protected onVote({ view, step, hash }: VoteRecord): void {
    this.lead(view + 1);
    if (hash === null || !this.first(`${step} of ${view}`)) return;
    for (const voter of this.members) {
      for (const { index } of this.world.honest) {
        const helped = view !== this.dividing || index === this.inside[0];
        const shown = helped || (step === 'prevote' && this.inside.includes(index));
        this.vote(voter, index, view, step, shown ? hash : null);
      }
    }
  }

  strike(): void {
    this.lead(0);
    this.lead(this.view);
  }

  private lead(view: number): void {
    const { random } = this.world;
    const from = view === 0 && this.options.openFirstView ? COORDINATOR : this.leads(view);
    if (from === undefined || !this.first(`lead ${view}`)) return;
    const divides = view === this.dividing;
    const value = utf8(divides ? 'ok evil' : 'ok worse');
    const validView = divides || random.chance(0.5) ? undefined : view - 1;
    const proposal = signProposal(from, view, validView, value);
    for (const { index } of this.world.honest) {
      if (!divides || this.inside.includes(index)) this.world.send(from, index, proposal);
    }
  }

  private first(deed: string): boolean {
    const isFirst = !this.done.has(deed);
    this.done.add(deed);
    return isFirst;
  }
}

/**
 * Follows the way to two decisions that the fast path would open: all honest members vote alike in view 0, one of them
 * is shown that the faulty do too and decides alone. The others are told that the faulty voted for nothing, and are led
 * to another value before they have heard enough of each other.
 */
export class Loner extends Faulty {
  private readonly done = new Set<string>();
  private readonly alone: number;

  constructor(world: World, options: Options, members: readonly number[]) {
    super(world, options, members);
    this.alone = world.random.pick(world.honest).index;
  }

  protected onVote({ view, step, hash }: VoteRecord): void {
    this.lead(view + 1);
    if (hash === null || !this.first(`${step} of ${view} for ${hash}`)) return;
    for (const voter of this.members) {
      for (const { index } of this.world.honest) {
        const shown = view > 0 || index === this.alone;
        this.vote(voter, index, view, step, shown ? hash : null);
      }
    }
  }

  strike(): void {
    this.lead(this.view);
  }

  private lead(view: number): void {
    const from = this.leads(view);
    if (view === 0 || from === undefined || !this.first(`lead ${view}`)) return;
    for (const { index } of this.world.honest) {
      this.world.send(from, index, signProposal(from, view, undefined, utf8('ok worse')));
    }
  }

  private first(deed: string): boolean {
    const isFirst = !this.done.has(deed);
    this.done.add(deed);
    return isFirst;
  }
}
