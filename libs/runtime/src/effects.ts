import { asWitanError } from '@witan/errors';
import type { Clock, TimerHandle } from './clock.ts';
import type { Effect, RuntimeEvent } from './machine.ts';
import type { EffectPorts, RequestResult } from './ports.ts';

type RequestEffect = Extract<Effect, { type: 'request' }>;

export interface EffectsOptions {
  readonly clock: Clock;
  readonly ports: EffectPorts;
  /** Takes what comes back: timers and responses. */
  readonly wake: (event: RuntimeEvent) => void;
  /** A port threw. */
  readonly failed: (effect: Effect['type'], error: unknown) => void;
}

/** Carries effects out and keeps what they set in motion, for one incarnation of an actor at a time. */
export class Effects {
  readonly #options: EffectsOptions;
  readonly #timers = new Map<string, TimerHandle>();
  /** What an earlier incarnation asked for must not reach a later one, which may use the same tag for another thing. */
  #incarnation = 0;

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  /** Everything but the journal's effects, in order; a port that throws loses only its own. */
  carryOut(effects: readonly Effect[]): void {
    const incarnation = this.#incarnation;
    for (const effect of effects) {
      try {
        this.#perform(effect);
      } catch (error) {
        this.#options.failed(effect.type, error);
      }
      // A port may have stopped the actor.
      if (this.#incarnation !== incarnation) return;
    }
  }

  /** Ends the incarnation: no timers, and no ear for late answers. */
  reset(): void {
    this.#incarnation++;
    for (const handle of this.#timers.values()) this.#options.clock.clearTimer(handle);
    this.#timers.clear();
  }

  #perform(effect: Effect): void {
    const { ports } = this.#options;
    switch (effect.type) {
      case 'persist':
      case 'compact':
        break;
      case 'destroy':
        effect.bytes.fill(0);
        break;
      case 'broadcast':
        ports.broadcast(effect.topic, effect.bytes);
        break;
      case 'request':
        this.#request(effect);
        break;
      case 'reply':
        ports.reply(effect.id, effect.bytes);
        break;
      case 'report':
        ports.report(effect.report);
        break;
      case 'setTimer':
        this.#setTimer(effect.id, effect.afterMs);
        break;
      case 'cancelTimer':
        this.#cancelTimer(effect.id);
        break;
    }
  }

  #request({ to, verb, bytes, timeoutMs, tag }: RequestEffect): void {
    const { clock, ports, wake } = this.#options;
    const incarnation = this.#incarnation;
    let answered = false;
    const done = (result: RequestResult): void => {
      if (answered || incarnation !== this.#incarnation) return;
      answered = true;
      wake({ type: 'response', tag, at: clock.now(), ...result });
    };
    try {
      ports.request(to, verb, bytes, timeoutMs, done);
    } catch (error) {
      // The machine waits for an answer; that there will be none is one.
      done({ ok: false, error: asWitanError(error).code });
      throw error;
    }
  }

  #setTimer(id: string, afterMs: number): void {
    const { clock, wake } = this.#options;
    this.#cancelTimer(id);
    const handle = clock.setTimer(afterMs, () => {
      this.#timers.delete(id);
      wake({ type: 'timer', id, at: clock.now() });
    });
    this.#timers.set(id, handle);
  }

  #cancelTimer(id: string): void {
    const handle = this.#timers.get(id);
    if (handle === undefined) return;
    this.#timers.delete(id);
    this.#options.clock.clearTimer(handle);
  }
}
