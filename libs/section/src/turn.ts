import { sectionTopic } from '@witan/chain';
import type { Effect } from '@witan/runtime';
import { type Kind, type Signed, sealEnvelope } from '@witan/wire';
import { encodeFact, type Fact } from './facts.ts';
import type { SectionReport } from './reports.ts';
import type { State } from './state.ts';

/** One step in the making. Lives for the length of a `step`. */
export class Turn {
  state: State;
  readonly at: number;
  readonly effects: Effect[] = [];

  constructor(state: State, at: number) {
    this.state = state;
    this.at = at;
  }

  update(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
  }

  updateProgress(change: Partial<State['progress']>): void {
    this.update({ progress: { ...this.state.progress, ...change } });
  }

  updateSight(change: Partial<State['sight']>): void {
    this.update({ sight: { ...this.state.sight, ...change } });
  }

  learn(): void {
    this.updateProgress({ learnt: this.state.progress.learnt + 1 });
  }

  persist(fact: Fact): void {
    this.effects.push({ type: 'persist', ...encodeFact(fact) });
  }

  /** These facts stand for all that was written down before. */
  compact(facts: readonly Fact[]): void {
    this.effects.push({ type: 'compact', records: facts.map(encodeFact) });
  }

  sign(kind: Kind, body: Uint8Array): Signed {
    return sealEnvelope(this.state.env.identity, this.state.env.network, kind, body);
  }

  broadcast(channel: 'decisions' | 'events' | 'join', bytes: Uint8Array): void {
    this.effects.push({ type: 'broadcast', topic: sectionTopic(this.state.env.prefix, channel), bytes });
  }

  setTimer(id: string, afterMs: number): void {
    this.effects.push({ type: 'setTimer', id, afterMs });
  }

  report(report: SectionReport): void {
    this.effects.push({ type: 'report', report });
  }
}
