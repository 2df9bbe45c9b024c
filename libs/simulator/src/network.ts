import type { Transport } from '@witan/elder';
import type { RequestResult, VirtualClock } from '@witan/runtime';
import type { Random } from './random.ts';

/** What the links do to messages. Probabilities in [0, 1], times in virtual milliseconds. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  readonly delayMs: readonly [number, number];
  /** Chance that a message takes `slowMs` on top, which reorders it behind later ones. */
  readonly slow: number;
  readonly slowMs: number;
}

export const FAIR: Weather = { drop: 0, duplicate: 0, delayMs: [1, 3], slow: 0, slowMs: 0 };

/** Changes what a node sends: returns what each receiver gets in place of `bytes`. */
export type Tamper = (bytes: Uint8Array, topic: string, receiver: string) => readonly Uint8Array[];

type RequestHandler = (bytes: Uint8Array, respond: (bytes: Uint8Array) => void) => void;

interface Port {
  readonly name: string;
  readonly subscriptions: { readonly pattern: RegExp; readonly handler: (bytes: Uint8Array, topic: string) => void }[];
  readonly verbs: Map<string, { readonly handler: RequestHandler; readonly anyone: boolean }>;
  readonly tamper: Tamper | undefined;
}

/** Links between all pairs of nodes, each with its own luck. Everything that happens follows from the seed. */
export class SimNetwork {
  weather: Weather = FAIR;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #ports = new Map<string, Port>();
  /** One-way cuts, as `from>to`. */
  readonly #cuts = new Set<string>();
  /** Sees everything that is sent, before the weather. */
  onSend: (from: string, topic: string, bytes: Uint8Array) => void = () => {};
  sent = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Attaches a process; a new one of the same name takes its place. */
  attach(name: string, tamper?: Tamper): Transport {
    const port: Port = { name, subscriptions: [], verbs: new Map(), tamper };
    this.#ports.set(name, port);
    return {
      publish: (topic, bytes) => this.#publish(port, topic, bytes),
      subscribe: (pattern, handler) => {
        const escaped = pattern
          .split('.')
          .map((token) => (token === '*' ? '[^.]+' : token))
          .join('\\.');
        port.subscriptions.push({ pattern: new RegExp(`^${escaped}$`), handler });
      },
      serve: (verb, handler, anyone = false) => port.verbs.set(verb, { handler, anyone }),
      request: (to, verb, bytes, timeoutMs, done) => this.#request(port, to, verb, bytes, timeoutMs, done),
    };
  }

  detach(name: string): void {
    this.#ports.delete(name);
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
    this.weather = FAIR;
  }

  /** Sends in the name of an attached node, beside its own process. */
  publishFrom(name: string, topic: string, bytes: Uint8Array): void {
    const port = this.#ports.get(name);
    if (port) this.#publish(port, topic, bytes);
  }

  #publish(from: Port, topic: string, bytes: Uint8Array): void {
    if (this.#ports.get(from.name) !== from) return;
    this.onSend(from.name, topic, bytes);
    for (const to of this.#ports.values()) {
      if (to === from) continue;
      const handlers = to.subscriptions.filter((each) => each.pattern.test(topic));
      if (handlers.length === 0) continue;
      for (const each of from.tamper ? from.tamper(bytes, topic, to.name) : [bytes]) {
        this.#deliver(from.name, to, () => {
          for (const { handler } of handlers) handler(each, topic);
        });
      }
    }
  }

  #request(
    from: Port,
    to: string,
    verb: string,
    bytes: Uint8Array,
    timeoutMs: number,
    done: (result: RequestResult) => void,
  ): void {
    let open = true;
    const finish = (result: RequestResult) => {
      if (!open || this.#ports.get(from.name) !== from) return;
      open = false;
      done(result);
    };
    this.#clock.setTimer(timeoutMs, () => finish({ ok: false, error: 'WITAN_ERR_TIMEOUT' }));
    const target = to === '' ? this.#anyone(from, verb) : this.#ports.get(to);
    const served = target?.verbs.get(verb);
    if (!target || !served) return;
    this.onSend(from.name, `${to}.${verb}`, bytes);
    this.#deliver(from.name, target, () =>
      served.handler(bytes, (answer) => {
        this.#deliver(target.name, from, () => finish({ ok: true, bytes: answer }));
      }),
    );
  }

  #anyone(from: Port, verb: string): Port | undefined {
    const able = [...this.#ports.values()].filter((port) => port !== from && port.verbs.get(verb)?.anyone);
    return able.length === 0 ? undefined : this.#random.pick(able);
  }

  #deliver(from: string, to: Port, arrive: () => void): void {
    this.sent++;
    const { drop, duplicate, delayMs, slow, slowMs } = this.weather;
    if (this.#cuts.has(`${from}>${to.name}`) || this.#random.chance(drop)) return;
    const copies = this.#random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = this.#random.chance(slow) ? this.#random.between(0, slowMs) : 0;
      this.#clock.setTimer(this.#random.between(delayMs[0], delayMs[1]) + late, () => {
        if (this.#ports.get(to.name) === to) arrive();
      });
    }
  }
}
