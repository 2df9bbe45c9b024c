import { tolerated } from '@witan/chain';
import type { Session } from '@witan/dkg';
import { isOverrun } from '../liveness.ts';
import type { Watcher } from '../world.ts';
import type { Scene } from './checker.ts';

/**
 * From healing on, a session that is begun ends, whatever the tolerated few do: nobody has to try again. Where they are
 * more than are tolerated, as a single elder that lies is, nobody promises that. Told when everything is healed.
 */
export class ProgressChecker implements Watcher {
  readonly #scene: Scene;
  #healed = false;
  /** Sessions that began after healing, and when. */
  readonly #begun = new Map<string, { readonly session: Session; readonly at: number }>();
  readonly #done = new Set<string>();
  /** Virtual ms that the slowest of them took at its slowest honest node. */
  slowestMs = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  healed(): void {
    this.#healed = true;
  }

  dkg: NonNullable<Watcher['dkg']> = (process, session, report) => {
    const { world, isHonest } = this.#scene;
    if (!this.#healed || !isHonest(process) || !world.nodeOf(process.name)) return;
    const at = world.clock.now();
    if (report.type === 'started' && !report.restarted && !this.#begun.has(session.id)) {
      this.#superseded(session);
      if (!this.#isOverrun(session)) this.#begun.set(session.id, { session, at });
    } else if (report.type === 'done') {
      this.#done.add(session.id);
      const begun = this.#begun.get(session.id);
      if (begun) this.slowestMs = Math.max(this.slowestMs, Math.round(at - begun.at));
    }
  };

  #isOverrun({ participants }: Session): boolean {
    const { world, isHonest } = this.#scene;
    const honest = world.nodes.filter(isHonest);
    const liars = participants.filter(({ name }) => !honest.some((node) => node.name === name));
    return liars.length > tolerated(participants.length) || isOverrun(honest);
  }

  #superseded(next: Session): void {
    for (const { session } of this.#begun.values()) {
      if (session.generation !== next.generation - 1 || this.#done.has(session.id) || next.attempt === 0) continue;
      const detail = `session ${session.id.slice(0, 6)}, begun after healing, is tried again as ${next.id.slice(0, 6)}`;
      this.#scene.violated('live', 'all', detail);
    }
  }
}
