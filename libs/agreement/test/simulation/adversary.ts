import { type Hash, leader, MAX_WANTS, type Options, type VoteRecord } from '../../src/index.ts';
import { hashOf, utf8 } from '../support.ts';
import { endorsement } from './node.ts';
import { COORDINATOR, open, signProposal, signVote } from './wire.ts';
import type { World } from './world.ts';

/**
 * The faulty members, who see every message as it is sent, and act as one. They tell everyone something else, vote for
 * whatever might get a quorum somewhere, propose old and new values, keep silent, and send nonsense.
 */
export class Adversary {
  private readonly world: World;
  private readonly options: Options;
  private readonly members: readonly number[];
  private readonly values = new Map<Hash, Uint8Array>();
  private recent: VoteRecord[] = [];
  private view = 0;

  constructor(world: World, options: Options, members: readonly number[]) {
    this.world = world;
    this.options = options;
    this.members = members;
    for (const text of ['bad', 'ok evil', 'ok worse']) this.values.set(hashOf(text), utf8(text));
  }

  overhear(raw: Uint8Array): void {
    if (this.members.length === 0 && !this.options.openFirstView) return;
    const message = open(raw);
    if ('vote' in message) {
      this.view = Math.max(this.view, message.vote.view);
      this.recent = [...this.recent.slice(-(MAX_WANTS * 2)), message.vote];
    } else {
      this.values.set(hashOf(Buffer.from(message.proposal.value).toString()), message.proposal.value);
      this.view = Math.max(this.view, message.proposal.view);
    }
    if (this.world.random.chance(this.world.settings.malice)) this.strike();
  }

  strike(): void {
    const { random } = this.world;
    if (this.options.openFirstView && this.view === 0 && random.chance(0.3)) this.coordinate();
    if (this.members.length === 0) return;
    const leading = this.members.find((member) => leader(this.options, this.view) === member);
    if (leading !== undefined && random.chance(0.7)) this.propose(leading);
    else this.vote(random.pick(this.members));
  }

  /** To each honest member a vote for something that honest members vote for, or for nothing, or for something else. */
  private vote(voter: number): void {
    const { random } = this.world;
    const view = random.chance(0.85) ? this.view : Math.max(0, this.view + random.between(-2, 3));
    const step = random.chance(0.5) ? 'prevote' : 'precommit';
    for (const to of this.world.honest) {
      if (random.chance(0.3)) continue;
      const hash = this.anyHash();
      const good = hash !== null && step === 'precommit' && random.chance(0.8);
      const extra = good ? endorsement(voter, view, hash) : new Uint8Array();
      this.world.send(voter, to.index, signVote(voter, view, step, hash, extra));
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

  private anyValue(): Uint8Array {
    return this.world.random.pick([...this.values.values()]);
  }
}
