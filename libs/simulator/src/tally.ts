import type { DkgReport, Session } from '@witan/dkg';
import type { LieKind } from './byzantine/kinds.ts';
import type { FateCounts } from './fate.ts';
import type { PacketCounts } from './network.ts';
import type { SimProcess, Watcher } from './world.ts';

export interface Tallied extends FateCounts, PacketCounts {
  readonly sessions: number;
  readonly retries: number;
  readonly sessionsDone: number;
  readonly handovers: number;
  readonly joins: number;
  /** Lies told, by kind. */
  readonly lies: Readonly<Record<string, number>>;
  /** Blames by honest and other nodes and by coordinators, by reason. */
  readonly blames: Readonly<Record<string, number>>;
  /** Questions of anti-entropy that brought something. */
  readonly repairs: number;
  /** Shares of a key that was made without them. */
  readonly shareRepairs: number;
  /** Held messages that were applied. */
  readonly held: number;
  /** Whether it ended with more liars among the elders than their number tolerates: nothing was demanded then. */
  readonly overrun: boolean;
}

/** Counts what a run has met. */
export class Tally implements Watcher {
  readonly #sessions = new Map<string, Session>();
  readonly #done = new Set<string>();
  readonly #decisions = new Map<string, string>();
  readonly #lies = new Map<string, number>();
  readonly #blames = new Map<string, number>();
  overrun = false;
  #repairs = 0;
  #shareRepairs = 0;
  #held = 0;

  lied(kind: LieKind | 'coordinator'): void {
    this.#lies.set(kind, (this.#lies.get(kind) ?? 0) + 1);
  }

  dkg(_node: SimProcess, session: Session, report: DkgReport): void {
    this.#sessions.set(session.id, session);
    if (report.type === 'done') this.#done.add(session.id);
    else if (report.type === 'blame') this.#blames.set(report.reason, (this.#blames.get(report.reason) ?? 0) + 1);
    else if (report.type === 'answered' && report.result === 'new') this.#repairs++;
    else if (report.type === 'repaired') this.#shareRepairs++;
    else if (report.type === 'held') this.#held++;
  }

  section: NonNullable<Watcher['section']> = (_node, report) => {
    if (report.type === 'decided') {
      this.#decisions.set(`${report.ledger.generation}`, report.certified.decision.action.type);
    } else if (report.type === 'answered' && report.result === 'new') this.#repairs++;
  };

  result(fate: FateCounts, packets: PacketCounts): Tallied {
    const decided = [...this.#decisions.values()];
    const count = (type: string) => decided.filter((each) => each === type).length;
    return {
      ...fate,
      ...packets,
      sessions: this.#sessions.size,
      retries: [...this.#sessions.values()].filter((session) => session.attempt > 0).length,
      sessionsDone: this.#done.size,
      handovers: count('handover'),
      joins: count('join'),
      lies: Object.fromEntries(this.#lies),
      blames: Object.fromEntries(this.#blames),
      repairs: this.#repairs,
      shareRepairs: this.#shareRepairs,
      held: this.#held,
      overrun: this.overrun,
    };
  }
}
