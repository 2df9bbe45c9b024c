import {
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  openCertified,
  supermajority,
} from '@witan/chain';
import {
  encodeG1,
  fromHex,
  Identity,
  keyPair,
  scalarFromHash,
  setDecodeCache,
  setVerificationCache,
  sha256,
  signShare,
  toHex,
} from '@witan/crypto';
import type { Effect, Step } from '@witan/runtime';
import { encode, sealEnvelope } from '@witan/wire';
import { vi } from 'vitest';
import {
  type Blame,
  DEFAULT_PARAMS,
  type DkgReport,
  dkgMachine,
  type Event,
  forms,
  initialState,
  isDone,
  openSession,
  type Params,
  Phase,
  type Session,
  type State,
} from '../src/index.ts';
import { messageOf, NETWORK } from './words.ts';

// All participants of a test run in one process and verify the same bytes.
setDecodeCache(8192);
setVerificationCache(8192);
// Whole sessions run in one test: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 });

export { NETWORK };

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));

/** In the order of their names, which is the order of their indices. */
export function identities(count: number, family = 'participant'): Identity[] {
  const all = Array.from({ length: count }, (_, i) => Identity.fromSeed(sha256(utf8(`${family} ${i}`))));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A session as the first node of a section would start it, under its genesis key. */
export function makeSession(members: readonly Identity[], attempt = 0): Session {
  const { secret, publicKey } = keyPair(scalarFromHash(utf8('genesis'), 'dkg-tests'));
  const decision = encodeDecision({
    network: NETWORK,
    prefix: '',
    generation: 2,
    parent: sha256(utf8('generation 1')),
    action: {
      type: 'dkg',
      chainLength: 1,
      participants: members.map((each) => each.publicKey),
      threshold: supermajority(members.length),
      attempt,
    },
  });
  const signature = signShare(secret, certificateMessage(decisionHash(decision), 0));
  return openSession(openCertified(encodeCertified(decision, 0, signature), encodeG1(publicKey)));
}

export const seedOf = (index: number): Uint8Array => sha256(utf8(`seed ${index}`));

/** What a participant has on disk, and whether it was synced. */
export interface Stored {
  readonly record: Uint8Array;
  readonly durable: boolean;
  readonly secret: boolean;
}

export interface Node {
  readonly index: number;
  readonly identity: Identity;
  state: State;
  /** A node that is down hears nothing and says nothing. */
  up: boolean;
  readonly reports: DkgReport[];
  journal: Stored[];
  readonly timers: Map<string, number>;
  /** Everything that it ever broadcast, in order, repetitions among it. */
  readonly said: Uint8Array[];
}

type Delivery = () => void;

/** What becomes of `bytes` on the way: undefined, and they are lost. */
export type Link = (from: number, to: number, bytes: Uint8Array) => Uint8Array | undefined;

/** What a participant says in the place of the truth, and believes itself; or beside it, to the others. */
export interface Lie {
  readonly by: number;
  readonly payload: forms.Payload;
  readonly beside?: boolean;
}

export interface NetOptions {
  readonly params?: Partial<Params>;
  /** Which of the waiting deliveries comes next; the oldest, unless told. */
  readonly pick?: (waiting: number) => number;
  /** How many times a broadcast arrives at each receiver. */
  readonly copies?: () => number;
  readonly link?: Link;
  readonly lies?: readonly Lie[];
  /** Sees every step before its effects are carried out. */
  readonly onStep?: (node: Node, before: State, event: Event, step: Step<State>) => void;
}

const MACHINE = dkgMachine();
const STEPS_MAX = 60_000;

/** The participants of one session, and what is on its way between them. Time passes only when nothing else does. */
export class Net {
  readonly session: Session;
  readonly nodes: readonly Node[];
  now = 0;
  readonly #options: NetOptions;
  readonly #replies = new Map<string, Uint8Array>();
  #waiting: Delivery[] = [];
  #steps = 0;
  #requests = 0;

  constructor(members: readonly Identity[], options: NetOptions = {}) {
    this.session = makeSession(members);
    this.#options = options;
    this.nodes = members.map((identity, index) => ({
      index,
      identity,
      state: this.fresh(identity),
      up: true,
      reports: [],
      journal: [],
      timers: new Map(),
      said: [],
    }));
  }

  fresh(identity: Identity): State {
    const params = { ...DEFAULT_PARAMS, ...this.#options.params };
    return initialState({ identity, network: NETWORK, params }, this.session);
  }

  start(nodes: readonly Node[] = this.nodes): this {
    for (const node of nodes) this.step(node, { type: 'start', seed: seedOf(node.index), at: this.now });
    return this;
  }

  /** The session without `late`, to its end; and then `late`, which has nothing of it. */
  startWithout(late: Node): this {
    late.up = false;
    this.start(this.nodes.filter((node) => node !== late)).run();
    late.up = true;
    return this.start([late]).run();
  }

  step(node: Node, event: Event): readonly Effect[] {
    if (++this.#steps > STEPS_MAX) throw new Error('the session does not come to rest');
    const before = node.state;
    const step = this.#lying(node, event, MACHINE.step(before, event));
    this.#options.onStep?.(node, before, event, step);
    node.state = step.state;
    this.#carryOut(node, step.effects);
    return step.effects;
  }

  /** The step as one takes it who has said the lie before it would say the truth. */
  #lying(node: Node, event: Event, honest: Step<State>): Step<State> {
    const said = honest.effects.flatMap((effect) => (effect.type === 'broadcast' ? [messageOf(effect.bytes)] : []));
    const told = (this.#options.lies ?? []).flatMap(({ by, payload, beside = false }) => {
      const truth = said.find((message) => by === node.index && message?.payload.type === payload.type);
      if (!truth || snapshot(truth.payload) === snapshot(payload)) return [];
      return [{ beside, bytes: forge(node.identity, this.session, payload, truth) }];
    });
    if (told.length === 0) return honest;
    let { state } = node;
    const effects: Effect[] = [];
    for (const { bytes } of told.filter(({ beside }) => !beside)) {
      const believed = MACHINE.step(state, { type: 'received', bytes, at: this.now });
      state = believed.state;
      effects.push(...believed.effects);
    }
    const last = MACHINE.step(state, event);
    const topic = honest.effects.find((effect) => effect.type === 'broadcast')!.topic;
    const broadcasts = told.map(({ bytes }): Effect => ({ type: 'broadcast', topic, bytes }));
    return { state: last.state, effects: [...effects, ...last.effects, ...broadcasts] };
  }

  /** As after `kill -9`: what was not synced is gone, or not. */
  crash(node: Node, keepUnsynced: boolean): void {
    node.up = false;
    node.timers.clear();
    const synced = node.journal.findLastIndex((each) => each.durable) + 1;
    if (!keepUnsynced) node.journal = node.journal.slice(0, synced);
  }

  restart(node: Node): readonly Effect[] {
    const { state, effects } = MACHINE.resume(recovered(this.fresh(node.identity), node.journal), this.now);
    node.up = true;
    node.state = state;
    this.#carryOut(node, effects);
    return effects;
  }

  /** Puts `bytes` on the way from one participant to all, itself among them. */
  broadcast(from: number, bytes: Uint8Array, itself = true): void {
    for (const to of this.nodes) {
      if (to.index === from && !itself) continue;
      const arriving = this.#options.link && to.index !== from ? this.#options.link(from, to.index, bytes) : bytes;
      if (!arriving) continue;
      const copies = this.#options.copies?.() ?? 1;
      for (let copy = 0; copy < copies; copy++) {
        this.#waiting.push(() => this.#deliver(to, { type: 'received', bytes: arriving, at: this.now }));
      }
    }
  }

  /** Delivers all that is on its way, and what comes of it. */
  pump(until: () => boolean = () => false): void {
    while (this.#waiting.length > 0 && !until()) {
      const at = (this.#options.pick?.(this.#waiting.length) ?? 0) % this.#waiting.length;
      this.#waiting.splice(at, 1)[0]!();
    }
  }

  /** Delivers and lets time pass until `done`. */
  run(done: () => boolean = () => this.done): this {
    for (this.pump(done); !done(); this.pump(done)) this.fireNext();
    return this;
  }

  get done(): boolean {
    return this.nodes.every((node) => !node.up || isDone(node.state));
  }

  /** The next timer of any node that is up. */
  fireNext(): void {
    const due = this.nodes
      .flatMap((node) => (node.up ? [...node.timers].map(([id, at]) => ({ node, id, at })) : []))
      .sort((a, b) => a.at - b.at)[0];
    if (!due) throw new Error('nothing is on its way and nobody waits for anything');
    this.now = Math.max(this.now, due.at);
    due.node.timers.delete(due.id);
    this.step(due.node, { type: 'timer', id: due.id, at: this.now });
  }

  #carryOut(node: Node, effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          node.journal.push({ record: effect.record, durable: effect.durable, secret: effect.secret ?? false });
          break;
        case 'compact':
          node.journal = effect.records.map(({ record, secret }) => ({
            record,
            durable: true,
            secret: secret ?? false,
          }));
          break;
        case 'destroy':
          effect.bytes.fill(0);
          break;
        case 'broadcast':
          node.said.push(effect.bytes);
          this.broadcast(node.index, effect.bytes, false);
          break;
        case 'request':
          this.#request(node, effect);
          break;
        case 'reply':
          this.#replies.set(effect.id, effect.bytes);
          break;
        case 'setTimer':
          node.timers.set(effect.id, this.now + effect.afterMs);
          break;
        case 'cancelTimer':
          node.timers.delete(effect.id);
          break;
        case 'report':
          node.reports.push(effect.report as DkgReport);
          break;
      }
    }
  }

  #deliver(to: Node, event: Event): void {
    if (to.up) this.step(to, event);
  }

  /** The asker always hears what became of its question: the answer, or that none came. */
  #request(from: Node, { to, tag, bytes }: Extract<Effect, { type: 'request' }>): void {
    const peer = this.nodes.find((node) => node.identity.name === to)!;
    const link = this.#options.link ?? ((_from, _to, same) => same);
    const id = `request ${this.#requests++}`;
    this.#waiting.push(() => {
      const asked = link(from.index, peer.index, bytes);
      if (asked) this.#deliver(peer, { type: 'request', id, bytes: asked, at: this.now });
      const reply = this.#replies.get(id);
      const answer = reply && link(peer.index, from.index, reply);
      this.#waiting.push(() => this.#deliver(from, { type: 'response', tag, at: this.now, ...resultOf(answer) }));
    });
  }
}

function resultOf(answer: Uint8Array | undefined) {
  return answer ? ({ ok: true, bytes: answer } as const) : ({ ok: false, error: 'WITAN_ERR_TIMEOUT' } as const);
}

export function recovered(state: State, journal: readonly { readonly record: Uint8Array }[]): State {
  return journal.reduce((folded, { record }) => MACHINE.recover(folded, record), state);
}

const FIRST = { type: 'close', hash: new Uint8Array(32) } as const;

/** What `session` would carry if `author` said it. */
export function forge(
  author: Identity,
  session: Session,
  payload: forms.Payload,
  { network = NETWORK, follows = FIRST }: { network?: Uint8Array; follows?: forms.Follows } = {},
): Uint8Array {
  const body = encode(forms.messageCodec, { session: session.idBytes, follows, payload });
  return sealEnvelope(author, network, 'dkgMessage', body).raw;
}

/** As one says it who has the closes of `state`. */
export function following(state: State, type: forms.PayloadType): { follows: forms.Follows } {
  return { follows: { type: 'close', hash: fromHex(forms.closeBefore(state, forms.phaseOf(type))) } };
}

export { isAnswer, messageOf, payloadOf, slotOf } from './words.ts';

/** All that honest participants must agree on, as one string. */
export function outcomeOf({ state }: Node): string {
  const { outcome, blame } = state;
  if (!outcome) return 'none';
  const { key, publicKeyShares, qualified, transcript } = outcome;
  const blamed = blame.map((each: Blame) => `${each.node} ${each.reason}`).sort();
  return JSON.stringify([toHex(key), publicKeyShares.map(toHex), qualified, toHex(transcript), blamed]);
}

/** A value and all in it as text, so that a change anywhere shows. What never changes is left out. */
export function snapshot(value: unknown): string {
  return JSON.stringify(plain(value));
}

const CONSTANT = new Set(['env', 'session', 'dealing']);

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return [...value].map(([key, each]) => [key, plain(each)]);
  if (value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return value.toString(16);
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'function' : value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (CONSTANT.has(key) ? [] : [[key, plain(each)]])),
  );
}

/** A stream of choices from one number (mulberry32), so that a failing order can be had again. */
export function choices(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** State of participant 0, alone in Contribution, with a question out to participant 1. */
export function aloneAsking(members: readonly Identity[]): State {
  const net = new Net(members).start();
  net.pump(() => net.nodes[0]!.state.phase === Phase.Contribution);
  const { state } = net.nodes[0]!;
  return { ...state, progress: { ...state.progress, asking: members[1]!.name } };
}
