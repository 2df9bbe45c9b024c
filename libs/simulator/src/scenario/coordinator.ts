import type { Identity } from '@witan/crypto';
import type { SimCoordinator, World } from '../world.ts';

/** A replica of the coordinator: it can die like a node, and keeps nothing on a disk. */
export class CoordinatorProcess {
  /** `c0`, `c1`, … in the order in which they were started first. */
  readonly label: string;
  readonly #world: World;
  readonly #identity: Identity;
  #running: SimCoordinator | undefined;

  constructor(world: World, label: string, identity: Identity) {
    this.label = label;
    this.#world = world;
    this.#identity = identity;
  }

  get name(): string {
    return this.#identity.name;
  }

  start(): void {
    this.#running ??= this.#world.startCoordinator(this.#identity, this.label);
  }

  kill(): void {
    this.#running?.stop();
    this.#running = undefined;
  }
}
