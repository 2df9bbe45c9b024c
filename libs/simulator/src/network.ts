import type { Event, State } from '@witan/dkg';
import type { Transport } from '@witan/elder';
import type { Machine, RequestResult, VirtualClock } from '@witan/runtime';
import type { Random } from './random.ts';

/** What the links do to messages. Probabilities in [0, 1], times in virtual milliseconds. */
export interface Weather {
  readonly drop: number;
  readonly duplicate: number;
  readonly delayMs: readonly [number, number];
  /** Chance that a message takes up to `slowMs` on top, which reorders it behind later ones. */
  readonly slow: number;
  readonly slowMs: number;
}

export const FAIR: Weather = { drop: 0, duplicate: 0, delayMs: [1, 3], slow: 0, slowMs: 0 };

/** Bytes on their way from one process to another. */
export interface Packet {
  readonly form: 'broadcast' | 'request' | 'answer';
  readonly from: string;
  readonly to: string;
  /** Topic of a broadcast; verb of a request or of its answer. */
  readonly about: string;
  readonly bytes: Uint8Array;
}

/** What becomes of a packet before the weather has its say: it passes, is lost, or takes so many milliseconds more. */
export type Ruling = 'pass' | 'lose' | number;

/** What a Byzantine process puts in the place of what its actors send. */
export interface Tamper {
  /** Runs its side of DKG sessions, when what it tells others is to be true for itself. */
  readonly dkgMachine?: Machine<State, Event>;
  broadcast?(bytes: Uint8Array, topic: string, receiver: string): readonly Uint8Array[];
  request?(bytes: Uint8Array, verb: string, receiver: string): Uint8Array;
  /** Undefined: no answer. */
  answer?(bytes: Uint8Array, verb: string, request: Uint8Array, asker: string): Uint8Array | undefined;
}

/** Bytes as a process gives them to the network, before anybody tampers with them. */
export type Outgoing = Omit<Packet, 'to'>;

type BroadcastHandler = (bytes: Uint8Array, topic: string) => void;
type RequestHandler = (bytes: Uint8Array, respond: (bytes: Uint8Array) => void) => void;

interface Port {
  readonly name: string;
  readonly subscriptions: { readonly pattern: RegExp; readonly handler: BroadcastHandler }[];
  readonly byTopic: Map<string, readonly BroadcastHandler[]>;
  readonly verbs: Map<string, { readonly handler: RequestHandler; readonly anyone: boolean }>;
  readonly tamper: Tamper | undefined;
}

/** What has become of packets. Those that a scenario's rule takes are not among the lost and the late. */
export interface PacketCounts {
  /** Lost ones included, copies not. */
  packets: number;
  lost: number;
  /** Lost on a link that was cut. */
  cutOff: number;
  repeated: number;
  late: number;
  /** Arrived behind one that was sent later over the same link. */
  reordered: number;
}

/** Links between all pairs of processes, each with its own luck. Everything that happens follows from the seed. */
export class SimNetwork {
  weather: Weather = FAIR;
  /** Hears of everything before it leaves. May detach the sender: then it does not leave. */
  onSend: (outgoing: Outgoing) => void = () => {};
  /** Decides about single packets; for scenarios. */
  rule: (packet: Packet) => Ruling = () => 'pass';
  /** Hears of every packet that arrives, just before it does. */
  onArrival: (packet: Packet) => void = () => {};
  readonly counts: PacketCounts = { packets: 0, lost: 0, cutOff: 0, repeated: 0, late: 0, reordered: 0 };
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #ports = new Map<string, Port>();
  /** One-way cuts, as `from>to`. */
  readonly #cuts = new Set<string>();
  /** By link, which of the packets sent over it arrived last. */
  readonly #arrived = new Map<string, number>();

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Attaches a process; a new one of the same name takes its place. */
  attach(name: string, tamper?: Tamper): Transport {
    const port: Port = { name, subscriptions: [], byTopic: new Map(), verbs: new Map(), tamper };
    this.#ports.set(name, port);
    return {
      publish: (topic, bytes) => this.#publish(port, topic, bytes),
      subscribe: (pattern, handler) => {
        port.subscriptions.push({ pattern: toRegExp(pattern), handler });
        port.byTopic.clear();
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

  mend(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  /** Fair weather and no cuts. */
  heal(): void {
    this.#cuts.clear();
    this.weather = FAIR;
  }

  /** Sends in the name of an attached process, beside what it sends itself; nobody tampers with it. */
  publishFrom(name: string, topic: string, bytes: Uint8Array, only?: string): void {
    for (const to of this.#ports.values()) {
      if (to.name === name || (only !== undefined && to.name !== only)) continue;
      this.#broadcastTo(name, to, topic, bytes);
    }
  }

  /** Asks in the name of an attached process, which does not care for the answer. */
  askFrom(name: string, to: string, verb: string, bytes: Uint8Array): void {
    const [from, target] = [this.#ports.get(name), this.#ports.get(to)];
    const served = target?.verbs.get(verb);
    if (!from || !target || !served) return;
    this.#carry({ form: 'request', from: name, to, about: verb, bytes }, target, () => served.handler(bytes, () => {}));
  }

  #publish(from: Port, topic: string, bytes: Uint8Array): void {
    if (!this.#isAttached(from)) return;
    this.onSend({ form: 'broadcast', from: from.name, about: topic, bytes });
    if (!this.#isAttached(from)) return;
    for (const to of this.#ports.values()) {
      if (to === from) continue;
      const told = from.tamper?.broadcast?.(bytes, topic, to.name) ?? [bytes];
      for (const each of told) this.#broadcastTo(from.name, to, topic, each);
    }
  }

  #broadcastTo(from: string, to: Port, topic: string, bytes: Uint8Array): void {
    const handlers = handlersOf(to, topic);
    if (handlers.length === 0) return;
    this.#carry({ form: 'broadcast', from, to: to.name, about: topic, bytes }, to, () => {
      for (const handler of handlers) handler(bytes, topic);
    });
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
      if (!open || !this.#isAttached(from)) return;
      open = false;
      done(result);
    };
    this.#clock.setTimer(timeoutMs, () => finish({ ok: false, error: 'WITAN_ERR_TIMEOUT' }));
    if (!this.#isAttached(from)) return;
    this.onSend({ form: 'request', from: from.name, about: verb, bytes });
    const target = to === '' ? this.#anyone(from, verb) : this.#ports.get(to);
    const served = target?.verbs.get(verb);
    if (!target || !served || !this.#isAttached(from)) return;
    const asked = from.tamper?.request?.(bytes, verb, target.name) ?? bytes;
    this.#carry({ form: 'request', from: from.name, to: target.name, about: verb, bytes: asked }, target, () =>
      served.handler(asked, (answer) =>
        this.#answer(target, from, verb, asked, answer, (told) => finish({ ok: true, bytes: told })),
      ),
    );
  }

  #answer(
    from: Port,
    to: Port,
    verb: string,
    request: Uint8Array,
    answer: Uint8Array,
    deliver: (bytes: Uint8Array) => void,
  ): void {
    if (!this.#isAttached(from)) return;
    this.onSend({ form: 'answer', from: from.name, about: verb, bytes: answer });
    if (!this.#isAttached(from)) return;
    const told = from.tamper?.answer ? from.tamper.answer(answer, verb, request, to.name) : answer;
    if (!told) return;
    this.#carry({ form: 'answer', from: from.name, to: to.name, about: verb, bytes: told }, to, () => deliver(told));
  }

  #anyone(from: Port, verb: string): Port | undefined {
    const able = [...this.#ports.values()].filter((port) => port !== from && port.verbs.get(verb)?.anyone);
    return able.length === 0 ? undefined : this.#random.pick(able);
  }

  #carry(packet: Packet, to: Port, arrive: () => void): void {
    const { counts } = this;
    const nth = counts.packets++;
    const { drop, duplicate, delayMs, slow, slowMs } = this.weather;
    const link = `${packet.from}>${packet.to}`;
    if (this.#cuts.has(link)) {
      counts.cutOff++;
      return;
    }
    if (this.#random.chance(drop)) {
      counts.lost++;
      return;
    }
    const ruling = this.rule(packet);
    if (ruling === 'lose') return;
    const detour = ruling === 'pass' ? 0 : ruling;
    const copies = this.#random.chance(duplicate) ? 2 : 1;
    counts.repeated += copies - 1;
    for (let copy = 0; copy < copies; copy++) {
      const isLate = this.#random.chance(slow);
      if (isLate) counts.late++;
      const late = detour + (isLate ? this.#random.between(0, slowMs) : 0);
      this.#clock.setTimer(this.#random.between(delayMs[0], delayMs[1]) + late, () => {
        if (!this.#isAttached(to)) return;
        this.#noteOrder(link, nth);
        this.onArrival(packet);
        arrive();
      });
    }
  }

  #noteOrder(link: string, nth: number): void {
    const latest = this.#arrived.get(link) ?? -1;
    if (nth < latest) this.counts.reordered++;
    else this.#arrived.set(link, nth);
  }

  #isAttached(port: Port): boolean {
    return this.#ports.get(port.name) === port;
  }
}

function toRegExp(pattern: string): RegExp {
  const tokens = pattern.split('.').map((token) => (token === '*' ? '[^.]+' : token));
  return new RegExp(`^${tokens.join('\\.')}$`);
}

function handlersOf(port: Port, topic: string): readonly BroadcastHandler[] {
  const known = port.byTopic.get(topic);
  if (known) return known;
  const handlers = port.subscriptions.filter((each) => each.pattern.test(topic)).map((each) => each.handler);
  port.byTopic.set(topic, handlers);
  return handlers;
}
