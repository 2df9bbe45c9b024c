import { tolerated } from '@witan/chain';
import { FAIR } from './network.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { SimNode, World } from './world.ts';

export interface FateCounts {
  crashes: number;
  lostWrites: number;
  cuts: number;
  blackouts: number;
}

/** What happens to a section while it storms: weather, cuts, crashes and returns, all as the plan and the dice say. */
export class Fate {
  readonly counts: FateCounts = { crashes: 0, lostWrites: 0, cuts: 0, blackouts: 0 };
  readonly #world: World;
  readonly #plan: Plan;
  readonly #random: Random;
  #storming = true;

  constructor(world: World, plan: Plan, random: Random) {
    this.#world = world;
    this.#plan = plan;
    this.#random = random;
    world.onWrite = (node) => this.#maybeKill(node, plan.dieWriting);
    world.onSend = (node) => this.#maybeKill(node, plan.dieSending);
  }

  begin(): void {
    for (const node of this.#world.nodes) {
      const afterMs = this.#plan.late.get(node.index) ?? 0;
      this.#later(afterMs, () => this.#world.start(node));
    }
    this.#changeWeather();
    if (this.#plan.misfortuneMs > 0) this.#nextMisfortune();
  }

  /** The storm is over: links are whole, nothing dies any more, and everyone comes back. */
  heal(): void {
    this.#storming = false;
    this.#world.network.heal();
    for (const node of this.#world.nodes) this.#world.start(node);
  }

  #nextMisfortune(): void {
    this.#later(this.#random.between(1, 2 * this.#plan.misfortuneMs), () => {
      this.#misfortune();
      this.#nextMisfortune();
    });
  }

  #misfortune(): void {
    const { nodes, network } = this.#world;
    const node = this.#random.pick(nodes);
    const other = this.#random.pick(nodes);
    switch (
      this.#random.weighted([
        [5, 'crash'],
        [3, 'cut'],
        [2, 'weather'],
        [0.3, 'blackout'],
      ] as const)
    ) {
      case 'crash':
        this.#kill(node);
        break;
      case 'cut':
        this.counts.cuts++;
        network.cut(node.name, other.name);
        this.#later(this.#random.between(50, 4_000), () => network.mend(node.name, other.name));
        break;
      case 'weather':
        this.#changeWeather();
        break;
      case 'blackout':
        if (this.#plan.spare === 'quorum') break;
        this.counts.blackouts++;
        for (const each of nodes) this.#kill(each);
    }
  }

  #changeWeather(): void {
    this.#world.network.weather = this.#storming ? this.#random.pick(this.#plan.weathers) : FAIR;
  }

  #maybeKill(node: SimNode, chance: number): void {
    if (this.#storming && chance > 0 && this.#random.chance(chance)) this.#kill(node);
  }

  #kill(node: SimNode): void {
    if (!node.elder || !this.#mayDie(node)) return;
    const keep = this.#random.chance(this.#plan.keepUnsynced);
    this.counts.crashes++;
    if (!keep && node.disk.stats.pendingRecords > 0) this.counts.lostWrites++;
    this.#world.kill(node, keep);
    this.#later(this.#random.between(1, this.#plan.downMs), () => this.#world.start(node));
  }

  #mayDie(node: SimNode): boolean {
    if (this.#plan.spare === 'nobody') return true;
    const { nodes } = this.#world;
    const isDown = (each: SimNode) => each.starts > 0 && !each.elder;
    const failed = nodes.filter((each) => each === node || isDown(each) || this.#plan.traitors.has(each.index));
    return failed.length <= tolerated(Math.min(nodes.length, this.#plan.policy.elderCount));
  }

  /** While it storms; what is due later is void. */
  #later(afterMs: number, act: () => void): void {
    this.#world.clock.setTimer(afterMs, () => {
      if (this.#storming) act();
    });
  }
}
