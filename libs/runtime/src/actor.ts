import { asWitanError } from '@witan/errors';
import { type ActorOptions, type ActorStatus, DEFAULTS, type PoisonEvent } from './actor-options.ts';
import type { Clock, TimerHandle } from './clock.ts';
import { planCommit } from './commit-plan.ts';
import { Effects } from './effects.ts';
import type { Effect, Machine, RuntimeEvent, Step } from './machine.ts';
import { Mailbox } from './mailbox.ts';
import type { ActorObserver } from './observer.ts';
import { RecordCodec } from './sealing.ts';
import { Backoff, CrashLoop } from './supervision.ts';

/**
 * Runs one machine: a mailbox, one event at a time, effects in order.
 *
 * **Persist before send.** A drain steps all events that wait, writes everything that they persist in one journal
 * transaction, and only then carries out the other effects, in order. Nothing leaves the actor before every durable
 * record that was asked for before it is on the disk. If the transaction fails, nothing of the batch leaves.
 *
 * **Supervision.** An actor whose machine throws, or whose journal fails, is rebuilt from its journal just as a
 * process that starts again: `recover` for each record, then `resume`. Its timers are gone and late responses are
 * ignored, so `resume` has to ask again for what it needs. All other events stay in the mailbox, in order, except the one
 * that the machine threw at.
 */
export class Actor<S, E> {
  readonly name: string;
  readonly #options: ActorOptions<S, E>;
  readonly #machine: Machine<S, E | RuntimeEvent>;
  readonly #clock: Clock;
  readonly #observer: ActorObserver;
  readonly #records: RecordCodec;
  readonly #mailbox: Mailbox<E | RuntimeEvent>;
  readonly #crashLoop: CrashLoop;
  readonly #storeBackoff: Backoff;
  readonly #effects: Effects;
  #poisoned: PoisonEvent[] = [];
  #status: ActorStatus = 'new';
  #state: S;
  #rebuildDue = false;
  #resumeDue = false;
  #drainScheduled = false;
  #pause: TimerHandle | undefined;
  /** A durable record has been appended and not synced yet: nothing may leave before it is. */
  #owesSync = false;

  constructor(options: ActorOptions<S, E>) {
    this.name = options.name;
    this.#options = options;
    this.#machine = options.machine;
    this.#clock = options.clock;
    this.#observer = options.observer ?? {};
    this.#records = new RecordCodec(options.stream, options.sealing);
    this.#mailbox = new Mailbox({
      events: options.mailboxLimit ?? DEFAULTS.mailboxLimit,
      bytes: options.mailboxBytes ?? DEFAULTS.mailboxBytes,
    });
    const backoff = options.backoff ?? DEFAULTS.backoff;
    this.#crashLoop = new CrashLoop(options.crashLimit ?? DEFAULTS.crashLimit, backoff);
    this.#storeBackoff = new Backoff(backoff);
    this.#state = options.initial();
    this.#effects = new Effects({
      clock: options.clock,
      ports: options.ports,
      wake: (event) => this.#wake(event),
      failed: (effect, error) => this.#observer.effectFailed?.(this.name, effect, error),
    });
  }

  /** The state after the last batch that was persisted. To be read only. */
  get state(): S {
    return this.#state;
  }

  get status(): ActorStatus {
    return this.#status;
  }

  /** Events that wait. */
  get depth(): number {
    return this.#mailbox.depth;
  }

  /** The last events that the machine threw at, oldest first. */
  get poisoned(): readonly PoisonEvent[] {
    return this.#poisoned;
  }

  /**
   * Recovers the state from the journal and resumes; when it returns, the effects of `resume` have been carried out. If it
   * throws, that is a crash like any other, and tried again: the actor of one session must not keep a process from starting.
   * @throws what reading the journal, opening a sealed record or `recover` throws: the actor is stopped then.
   */
  start(): void {
    if (this.#status !== 'new') return;
    try {
      this.#state = this.#fold();
    } catch (error) {
      this.stop();
      throw error;
    }
    this.#status = 'running';
    let step: Step<S>;
    try {
      step = this.#machine.resume(this.#state, this.#clock.now());
    } catch (error) {
      this.#crashed(error, -1);
      return;
    }
    this.#finish(step, 0);
  }

  /** Queues an event that comes from outside. False when it was not taken: the mailbox is full, or the actor is stopped. */
  send(event: E): boolean {
    if (this.#status === 'stopped') return false;
    if (!this.#mailbox.add(event)) {
      this.#observer.overflowed?.(this.name);
      return false;
    }
    this.#mailboxChanged();
    return true;
  }

  /** Queues an event that the own process makes, and makes once: whatever peers have filled the mailbox with, it is taken. */
  tell(event: E): void {
    if (this.#status === 'stopped') return;
    this.#mailbox.addUnbounded(event, 'host');
    this.#mailboxChanged();
  }

  /** Ends it at once: nothing is stepped or sent any more, also not the rest of the batch under way. */
  stop(): void {
    this.#status = 'stopped';
    this.#effects.reset();
    this.#mailbox.clear();
    if (this.#pause !== undefined) this.#clock.clearTimer(this.#pause);
    this.#pause = undefined;
  }

  #mailboxChanged(): void {
    this.#observer.mailboxDepth?.(this.name, this.#mailbox.depth);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#drainScheduled || this.#status !== 'running') return;
    if (this.#mailbox.depth === 0 && !this.#resumeDue && !this.#rebuildDue) return;
    this.#drainScheduled = true;
    this.#clock.defer(() => {
      this.#drainScheduled = false;
      if (this.#status === 'running') this.#drain();
    });
  }

  #drain(): void {
    if (this.#rebuildDue && !this.#rebuild()) return;
    const events = this.#mailbox.peek(this.#options.batchLimit ?? DEFAULTS.batchLimit);
    const startedAt = this.#clock.now();
    const effects: Effect[] = [];
    let state = this.#state;
    let current = -1;
    try {
      if (this.#resumeDue) {
        const step = this.#machine.resume(state, startedAt);
        state = step.state;
        effects.push(...step.effects);
      }
      for (current = 0; current < events.length; current++) {
        const step = this.#machine.step(state, events[current]!);
        state = step.state;
        effects.push(...step.effects);
      }
    } catch (error) {
      this.#crashed(error, current);
      return;
    }
    this.#observer.stepped?.(this.name, events.length, this.#clock.now() - startedAt);
    this.#finish({ state, effects }, events.length);
  }

  /** The second half of a drain: persist, then take over the state, then let the effects out. */
  #finish(step: Step<S>, events: number): void {
    try {
      this.#persist(step.effects);
    } catch (error) {
      this.#storeFailed(error);
      return;
    }
    // Whoever kills the actor from inside the journal, as the simulator does, kills it before anything leaves.
    if (this.#status !== 'running') return;
    this.#storeBackoff.reset();
    this.#resumeDue = false;
    this.#state = step.state;
    this.#mailbox.remove(0, events);
    this.#effects.carryOut(step.effects);
    if (events > 0) this.#mailboxChanged();
    else this.#schedule();
  }

  #persist(effects: readonly Effect[]): void {
    const plan = planCommit(effects, this.#owesSync);
    if (!plan.replace && plan.records.length === 0 && !plan.sync) return;
    const startedAt = this.#clock.now();
    const { stream } = this.#options;
    const first = plan.replace ? 0 : stream.length;
    const records = plan.records.map(({ record, secret }, i) =>
      this.#records.encode(record, secret ?? false, first + i),
    );
    if (plan.replace) stream.replace(records);
    else if (records.length > 0) stream.append(records, plan.sync);
    else stream.sync();
    this.#owesSync = plan.owed;
    const bytes = records.reduce((sum, record) => sum + record.length, 0);
    const durationMs = this.#clock.now() - startedAt;
    this.#observer.persisted?.(this.name, { records: records.length, bytes, synced: plan.sync, durationMs });
  }

  #wake(event: RuntimeEvent): void {
    this.#mailbox.addUnbounded(event, 'runtime');
    this.#mailboxChanged();
  }

  #crashed(error: unknown, index: number): void {
    const at = this.#clock.now();
    this.#observer.crashed?.(this.name, error);
    if (index >= 0) this.#setAside(error, index, at);
    const pauseMs = this.#crashLoop.crashed(at);
    this.#options.onCrash?.({ actor: this.name, error, pauseMs });
    this.#restart();
    if (pauseMs > 0) this.#pauseFor('crash-loop', pauseMs);
    this.#schedule();
  }

  /** Takes the event that the machine threw at out of the mailbox, but not out of sight. */
  #setAside(error: unknown, index: number, at: number): void {
    const [event] = this.#mailbox.peek(index + 1).slice(index);
    this.#mailbox.remove(index, 1);
    const limit = this.#options.poisonLimit ?? DEFAULTS.poisonLimit;
    this.#poisoned = [...this.#poisoned, { event, error, at }].slice(-limit);
    this.#observer.poisoned?.(this.name, asWitanError(error).code);
  }

  #storeFailed(error: unknown): void {
    this.#observer.storeFailed?.(this.name, error);
    const retryMs = this.#storeBackoff.next();
    this.#options.onStoreFailure?.({ actor: this.name, error, failures: this.#storeBackoff.tries, retryMs });
    this.#restart();
    this.#pauseFor('store-failing', retryMs);
  }

  /** As a new process would find itself, but with the mailbox kept. */
  #restart(): void {
    if (this.#status === 'stopped') return;
    this.#effects.reset();
    this.#mailbox.removeOfRuntime();
    this.#rebuildDue = true;
  }

  #rebuild(): boolean {
    try {
      this.#state = this.#fold();
    } catch (error) {
      this.#storeFailed(error);
      return false;
    }
    this.#rebuildDue = false;
    this.#resumeDue = true;
    return true;
  }

  #fold(): S {
    let state = this.#options.initial();
    for (const [seq, stored] of this.#options.stream.read().entries()) {
      state = this.#machine.recover(state, this.#records.decode(stored, seq));
    }
    return state;
  }

  #pauseFor(status: 'crash-loop' | 'store-failing', ms: number): void {
    if (this.#status === 'stopped') return;
    this.#status = status;
    this.#pause = this.#clock.setTimer(ms, () => {
      this.#pause = undefined;
      this.#status = 'running';
      this.#schedule();
    });
  }
}
