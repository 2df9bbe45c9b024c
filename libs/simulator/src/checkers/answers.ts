import type { DkgReport, Session } from '@witan/dkg';
import type { SimProcess } from '../world.ts';
import type { Checker, Scene } from './checker.ts';

interface Listener {
  /** Its deadline in Justification: whom it has heard by then it lets nobody leave out. Virtual milliseconds. */
  untilMs: number;
  /** Dealers whose answer it has. */
  readonly heard: Set<string>;
}

/** Which accused dealers the honest participants of a session heard answer. */
export class Answers implements Pick<Checker, 'dkg' | 'killed'> {
  readonly #isHonest: Scene['isHonest'];
  /** By session and participant: those who have come to Justification. */
  readonly #listeners = new Map<string, Map<string, Listener>>();

  constructor({ isHonest }: Scene) {
    this.#isHonest = isHonest;
  }

  dkg(process: SimProcess, session: Session, report: DkgReport): void {
    if (!this.#isHonest(process) || !session.indexOf.has(process.name)) return;
    if (report.type !== 'phase' && report.type !== 'message') return;
    if (report.phase !== 'justification') return;
    const listeners = this.#listeners.get(session.id) ?? new Map<string, Listener>();
    this.#listeners.set(session.id, listeners);
    const listener = listeners.get(process.name) ?? { untilMs: 0, heard: new Set<string>() };
    listeners.set(process.name, listener);
    if (report.type === 'phase') {
      const { deadlineMs } = process.sessions!.all.get(session.id)!.state.env.params;
      // Also after a restart, which begins it anew.
      listener.untilMs = report.at + deadlineMs;
    } else if (report.at < listener.untilMs) listener.heard.add(report.from);
  }

  killed(node: SimProcess, keptUnsynced: boolean): void {
    if (keptUnsynced) return;
    // What it had heard need not have been on its disk.
    for (const listeners of this.#listeners.values()) listeners.get(node.name)?.heard.clear();
  }

  /**
   * Whether a dealer was away for the whole of Justification: for an honest participant at least that had come to it.
   * Whom all of them heard nobody can leave out.
   */
  wasAway(session: Session, dealer: string): boolean {
    const others = [...(this.#listeners.get(session.id) ?? [])].filter(([name]) => name !== dealer);
    return others.some(([, { heard }]) => !heard.has(dealer));
  }
}
