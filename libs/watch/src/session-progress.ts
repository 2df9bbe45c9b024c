import { tolerated } from '@witan/chain';
import type { PhaseName, Session } from '@witan/dkg';
import type { Moment } from '@witan/elder';
import { type Exemplar, type SessionTrace, sessionTrace } from '@witan/observability';

type Outcome = Parameters<SessionTrace['end']>[0];

/** What one process has seen of a session that runs, for what takes time: durations and the trace. */
export class SessionProgress {
  readonly trace: SessionTrace;
  /** Begun before this process: how long it took is not known. */
  readonly isPartial: boolean;
  readonly startedAt: number;
  held = 0;
  #firstHeardAt: number | undefined;
  #isHearsay = false;
  readonly #node: string | undefined;
  #phase: PhaseName = 'initialisation';
  #phaseBegan: Moment;
  #phaseIsOpen = false;
  #phaseIsPartial: boolean;
  readonly #tellerCount: number;
  /** Who was there when last all agreed on it: those in the last close that has anybody. */
  #there: readonly string[];
  /** Of them those whom the session waits for in vain. */
  #missed: readonly string[] = [];

  /** @param node hex name; a coordinator has none */
  constructor(session: Session, node: string | undefined, now: Moment, isPartial: boolean) {
    this.#node = node;
    const names = session.participants.map(({ name }) => name);
    this.#tellerCount = tolerated(names.length) + 1;
    this.#there = names;
    this.startedAt = now.at;
    this.isPartial = isPartial;
    this.#phaseIsPartial = isPartial;
    this.#phaseBegan = now;
    this.trace = sessionTrace({
      session: session.id,
      prefix: session.prefix,
      ...(node === undefined ? {} : { node }),
      startedAtMs: now.wallMs,
      attributes: { 'witan.attempt': session.attempt, 'witan.generation': session.generation },
    });
  }

  /** What its durations are shown with. */
  get exemplar(): Exemplar | undefined {
    const { traceId } = this.trace;
    return traceId === undefined ? undefined : { traceId };
  }

  get phase(): PhaseName {
    return this.#phase;
  }

  /** On the clock of the machines. */
  get phaseAt(): number {
    return this.#phaseBegan.at;
  }

  enter(phase: PhaseName, now: Moment): void {
    // An actor that was restarted says again where it is.
    if (this.#phaseIsOpen && phase === this.#phase) return;
    this.#phase = phase;
    this.#phaseBegan = now;
    this.#phaseIsOpen = true;
  }

  /** @returns how long the phase took, ms; undefined if that is not known here */
  leave(now: Moment): number | undefined {
    const isKnown = this.#phaseIsOpen && !this.#phaseIsPartial;
    this.#phaseIsPartial = false;
    this.#tracePhase(now.wallMs);
    return isKnown ? now.at - this.#phaseBegan.at : undefined;
  }

  heard(at: number): void {
    this.#firstHeardAt ??= at;
  }

  /** @param at when an answer was taken: what it brings has that time too */
  answered(at: number): void {
    if (at === this.#firstHeardAt) this.#isHearsay = true;
  }

  /** Nothing of it was heard before an answer told of it. */
  get isHearsay(): boolean {
    return this.#isHearsay;
  }

  closed(included: readonly string[]): void {
    if (included.length > 0) this.#there = included;
    this.#missed = [];
  }

  stalled(waitingOn: readonly string[]): void {
    this.#missed = waitingOn;
  }

  end(outcome: Outcome, wallMs: number): void {
    this.#tracePhase(wallMs);
    // A coordinator keeps nothing: after each start it is told of the past, in which it had no part.
    const hadPart = outcome === 'done' || (this.#firstHeardAt !== undefined && !this.#isHearsay);
    if (this.#node === undefined && !hadPart) return;
    this.trace.end(outcome, wallMs);
    if (outcome === 'interrupted' || this.isPartial || !this.#isTeller) return;
    this.trace.whole(outcome === 'learned' ? 'done' : outcome, wallMs);
  }

  /**
   * Of f + 1 participants one is left, whoever is killed before it has told. All of them tell of one span, whose id all
   * know.
   */
  get #isTeller(): boolean {
    if (this.#node === undefined) return false;
    const there = this.#there.filter((name) => !this.#missed.includes(name));
    return there.slice(0, this.#tellerCount).includes(this.#node);
  }

  /** A coordinator sees a session late and in bundles: when a phase was, is for its participants to tell. */
  #tracePhase(wallMs: number): void {
    if (!this.#phaseIsOpen) return;
    this.#phaseIsOpen = false;
    if (this.#node === undefined) return;
    this.trace.phase({ phase: this.#phase, startedAtMs: this.#phaseBegan.wallMs, endedAtMs: wallMs });
  }
}
