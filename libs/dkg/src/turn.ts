import { sectionTopic } from '@witan/chain';
import type { Effect } from '@witan/runtime';
import { encode, type Kind, type Signed, sealEnvelope } from '@witan/wire';
import { encodeFact, type Fact } from './facts.ts';
import { type Follows, messageCodec, type Payload } from './messages.ts';
import { phaseName } from './phases.ts';
import type { DkgReport } from './reports.ts';
import type { Blame, State } from './state.ts';

/** One step in the making: the state so far and what has been asked for. Lives for the length of a `step`. */
export class Turn {
  state: State;
  readonly at: number;
  readonly effects: Effect[] = [];
  /** What is concluded in it comes from an answer. */
  ofAnswer = false;

  constructor(state: State, at: number) {
    this.state = state;
    this.at = at;
  }

  update(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
  }

  /** Notes that something new was learnt, which puts off asking others. */
  learn(): void {
    const { progress } = this.state;
    this.update({ progress: { ...progress, learnt: progress.learnt + 1 } });
  }

  persist(fact: Fact): void {
    this.effects.push({ type: 'persist', ...encodeFact(fact) });
  }

  sign(kind: Kind, body: Uint8Array): Signed {
    return sealEnvelope(this.state.env.identity, this.state.env.network, kind, body);
  }

  signMessage(follows: Follows, payload: Payload): Signed {
    return this.sign('dkgMessage', encode(messageCodec, { session: this.state.session.idBytes, follows, payload }));
  }

  broadcast(signed: Signed): void {
    this.effects.push({ type: 'broadcast', topic: sessionTopic(this.state), bytes: signed.raw });
  }

  setTimer(id: string, afterMs: number): void {
    this.effects.push({ type: 'setTimer', id, afterMs });
  }

  cancelTimer(id: string): void {
    this.effects.push({ type: 'cancelTimer', id });
  }

  report(report: DkgReport): void {
    this.effects.push({ type: 'report', report });
  }

  blame(blame: Blame): void {
    const known = this.state.blame.some((each) => each.node === blame.node && each.reason === blame.reason);
    if (known) return;
    this.update({ blame: [...this.state.blame, blame] });
    this.report({ type: 'blame', at: this.at, ...blame, phase: phaseName(blame.phase) });
  }

  nameOf(index: number): string {
    return this.state.session.participants[index]!.name;
  }
}

export function sessionTopic({ session }: State): string {
  return sectionTopic(session.prefix, `dkg.${session.id}`);
}
