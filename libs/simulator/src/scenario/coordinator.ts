import type { Identity } from '@witan/crypto';
import type { DkgReport, Session } from '@witan/dkg';
import type { Coordinator } from '@witan/elder';
import type { World } from '../world.ts';

/** A replica of the coordinator: it can die like a node, and keeps nothing on a disk. */
export class CoordinatorProcess {
  /** `c0`, `c1`, … in the order in which they were started first. */
  readonly label: string;
  readonly #world: World;
  readonly #identity: Identity;
  readonly #onDkg: (session: Session, report: DkgReport) => void;
  #running: Coordinator | undefined;

  constructor(world: World, label: string, identity: Identity, onDkg: (report: DkgReport) => void) {
    this.label = label;
    this.#world = world;
    this.#identity = identity;
    this.#onDkg = (_session, report) => {
      if (this.#running) onDkg(report);
    };
  }

  get name(): string {
    return this.#identity.name;
  }

  start(): void {
    this.#running ??= this.#world.startCoordinator(this.#identity, this.#onDkg);
  }

  kill(): void {
    this.#running?.stop();
    this.#running = undefined;
    this.#world.network.detach(this.name);
  }
}
