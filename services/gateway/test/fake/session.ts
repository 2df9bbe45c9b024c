import { type EventInput, PHASES, type Phase, type Session } from '@witan/api';
import { base64url, compare, hex, supermajority } from './bytes.ts';

export interface SessionPlan {
  readonly prefix: string;
  readonly generation: number;
  readonly attempt: number;
  readonly participants: readonly string[];
}

type Emit = (event: EventInput) => void;
type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** A DKG session that is told what happens to it, keeps the view of it true and emits the event of each change. */
export class FakeSession {
  readonly view: Draft<Session>;
  readonly #emit: Emit;

  constructor(plan: SessionPlan, at: number, emit: Emit) {
    this.#emit = emit;
    const names = [...plan.participants].sort(compare);
    const threshold = supermajority(names.length);
    const id = hex(`session ${plan.prefix} ${plan.generation} ${plan.attempt} ${names.join()}`, 32);
    this.view = {
      id,
      prefix: plan.prefix,
      generation: plan.generation,
      attempt: plan.attempt,
      state: 'running',
      phase: 'initialisation',
      participants: names.map((name, index) => ({ name, index })),
      threshold,
      waitingOn: [],
      blame: [],
      phases: PHASES.map((name) => ({
        name,
        startedAt: null,
        endedAt: null,
        durationMs: null,
        expected: name === 'justification' ? 0 : names.length,
        received: 0,
        closeView: null,
        messages: [],
        close: null,
      })),
      antiEntropy: { requests: 0, messagesRecovered: 0 },
      repairs: [],
      resultKey: null,
      startedAt: time(at),
      endedAt: null,
      durationMs: null,
    };
    const { prefix, generation, attempt } = plan;
    this.#send('dkg.started', at, { session: id, prefix, generation, attempt, participants: names, threshold });
    this.#begin('initialisation', at);
  }

  get names(): string[] {
    return this.view.participants.map(({ name }) => name);
  }

  get running(): boolean {
    return this.view.state === 'running' || this.view.state === 'stalled';
  }

  /** How many messages the current phase asks for: the accused in Justification, the qualified in Commitment. */
  expect(messages: number): void {
    this.#current.expected = messages;
  }

  message(from: string, at: number): void {
    const phase = this.#current;
    const hash = hex(`message ${this.view.id} ${phase.name} ${from}`, 32);
    phase.messages.push({ from, at: time(at), hash });
    phase.received += 1;
    this.view.waitingOn = this.view.waitingOn.filter((name) => name !== from);
    const { received, expected } = phase;
    this.#send('dkg.message', at, { session: this.view.id, phase: phase.name, from, hash, received, expected });
  }

  waitFor(names: readonly string[]): void {
    this.view.waitingOn = [...names].sort(compare);
  }

  /** Ends the current phase with the messages that are there and begins the next. */
  close(view: number, at: number): void {
    const phase = this.#current;
    const included = phase.messages.map(({ from }) => from).sort(compare);
    const durationMs = at - Date.parse(phase.startedAt ?? '');
    Object.assign(phase, { endedAt: time(at), durationMs, closeView: view, close: { view, included } });
    this.view.waitingOn = [];
    this.view.state = 'running';
    this.#send('dkg.closed', at, { session: this.view.id, phase: phase.name, view, included, durationMs });
    const next = PHASES[PHASES.indexOf(phase.name) + 1];
    if (next) this.#begin(next, at);
  }

  repair(node: string, recovered: number, reason: string, at: number): void {
    this.view.repairs.push({ node, at: time(at), recovered, reason });
    this.view.antiEntropy.requests += 1;
    this.view.antiEntropy.messagesRecovered += recovered;
    this.#send('dkg.repaired', at, { session: this.view.id, node, recovered, reason });
  }

  blame(node: string, reason: string, at: number): void {
    const phase = this.view.phase;
    this.view.blame.push({ node, reason, phase, evidence: [base64url(`${node} ${reason}`, 180)] });
    this.#send('dkg.blamed', at, { session: this.view.id, node, reason, phase });
  }

  stall(waitingOn: readonly string[], at: number): void {
    this.view.state = 'stalled';
    this.waitFor(waitingOn);
    this.#send('dkg.stalled', at, { session: this.view.id, phase: this.view.phase, waitingOn: this.view.waitingOn });
  }

  done(at: number): string {
    const resultKey = hex(`key ${this.view.id}`, 48);
    this.view.state = 'done';
    this.view.resultKey = resultKey;
    const durationMs = this.#end(at);
    this.#send('dkg.done', at, { session: this.view.id, resultKey, durationMs });
    return resultKey;
  }

  fail(reason: string, at: number): void {
    this.view.state = 'failed';
    this.#end(at);
    this.#send('dkg.failed', at, { session: this.view.id, phase: this.view.phase, reason });
  }

  get #current() {
    const phase = this.view.phases[PHASES.indexOf(this.view.phase)];
    if (phase === undefined) throw new Error('no such phase');
    return phase;
  }

  #begin(name: Phase, at: number): void {
    this.view.phase = name;
    this.#current.startedAt = time(at);
    this.#send('dkg.phase', at, { session: this.view.id, phase: name, expected: this.#current.expected });
  }

  #end(at: number): number {
    const durationMs = at - Date.parse(this.view.startedAt!);
    this.view.endedAt = time(at);
    this.view.durationMs = durationMs;
    return durationMs;
  }

  #send<T extends EventInput['type']>(type: T, at: number, data: Extract<EventInput, { type: T }>['data']): void {
    this.#emit({ type, at: time(at), data } as EventInput);
  }
}

export const time = (at: number): string => new Date(at).toISOString();
