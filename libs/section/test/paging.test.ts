import { Identity, sha256 } from '@witan/crypto';
import { decode, encode, type Infer, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PARAMS,
  type Event,
  forms,
  initialState,
  type Ledger,
  type SectionReport,
  type State,
  sectionMachine,
} from '../src/index.ts';
import { decide, GENESIS_KEY, identities, NETWORK, sectionOf } from './support.ts';

const machine = sectionMachine();
const members = identities(4);

interface Node {
  readonly identity: Identity;
  state: State;
  readonly timers: Map<string, number>;
  readonly reports: SectionReport[];
}

type Answer = Infer<typeof forms.answerCodec>;

/** Nodes that follow a section, and can ask each other. Being asked makes nobody ask, nor does an answer without news. */
class Followers {
  readonly nodes: readonly Node[];
  readonly answers: Answer[] = [];
  now = 1;

  constructor(ledgers: readonly Ledger[]) {
    this.nodes = ledgers.map((ledger, index) => {
      const identity = members[index]!;
      const env = { identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
      const node = { identity, state: initialState(env), timers: new Map(), reports: [] };
      for (const bytes of ledger.decisions) this.step(node, { type: 'certified', bytes, at: this.now });
      return node;
    });
  }

  step(node: Node, event: Event): void {
    const { learnt } = node.state.progress;
    const { state, effects } = machine.step(node.state, event);
    node.state = state;
    const asks = effects.filter(({ type }) => type === 'request').length;
    if (event.type === 'request') expect(asks).toBe(0);
    if (event.type === 'response') expect(asks).toBeLessThanOrEqual(state.progress.learnt > learnt ? 1 : 0);
    for (const effect of effects) {
      if (effect.type === 'setTimer') node.timers.set(effect.id, this.now + effect.afterMs);
      else if (effect.type === 'report') node.reports.push(effect.report as SectionReport);
    }
    // Last, since the answer comes at once.
    for (const effect of effects) if (effect.type === 'request') this.#ask(node, effect.to, effect.tag, effect.bytes);
  }

  runUntil(end: number): void {
    for (;;) {
      const due = this.nodes.flatMap((node) => [...node.timers].map(([id, at]) => ({ node, id, at })));
      const next = due.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.now = Math.max(this.now, next.at);
      next.node.timers.delete(next.id);
      this.step(next.node, { type: 'timer', id: next.id, at: this.now });
    }
    this.now = end;
  }

  /** Whoever is not here does not answer. */
  #ask(from: Node, to: string, tag: string, bytes: Uint8Array): void {
    const others = this.nodes.filter((node) => node !== from);
    const peer = to === '' ? others[0] : others.find(({ identity }) => identity.name === to);
    const step = peer && machine.step(peer.state, { type: 'request', id: 'q', bytes, at: this.now });
    if (peer && step) peer.state = step.state;
    expect(step?.effects.filter(({ type }) => type === 'request') ?? []).toEqual([]);
    const reply = step?.effects.find(({ type }) => type === 'reply');
    if (reply?.type === 'reply') {
      this.answers.push(decode(forms.answerCodec, reply.bytes));
      this.step(from, { type: 'response', tag, ok: true, bytes: reply.bytes, at: this.now });
    } else this.step(from, { type: 'response', tag, ok: false, error: 'WITAN_ERR_TIMEOUT', at: this.now });
  }
}

const generationOf = ({ state }: Node) => state.ledger!.generation;
const asksOf = ({ reports }: Node) => reports.flatMap((report) => (report.type === 'asked' ? [report.reason] : []));

function heartbeat(by: Identity, generation: number, sequence: number): Uint8Array {
  const beat = { prefix: '', service: 1, generation, key: GENESIS_KEY, usableShare: true, sequence };
  return sealEnvelope(by, NETWORK, 'heartbeat', encode(forms.heartbeatBody, beat)).raw;
}

test('a history that does not fit one answer is fetched in several, and no decision twice', { timeout: 60_000 }, () => {
  let long = sectionOf(members);
  const short = long;
  while (long.generation < 280) {
    const { publicKey } = Identity.fromSeed(sha256(new Uint8Array(Buffer.from(`newcomer ${long.generation}`))));
    long = decide(long, { type: 'join', nodes: [publicKey] });
  }
  const net = new Followers([short, long]);
  const [late, other] = net.nodes;
  net.step(late!, { type: 'received', bytes: heartbeat(other!.identity, long.generation, net.now), at: net.now });
  net.runUntil(1_000);

  expect(generationOf(late!)).toBe(280);
  expect(late!.state.ledger!.head).toEqual(long.head);
  expect(asksOf(late!)).toEqual(['behind', 'more', 'more']);
  expect(net.answers.map(({ more }) => more)).toEqual([true, true, false]);
  expect(net.answers.flatMap(({ decisions }) => decisions)).toEqual(long.decisions.slice(short.generation + 1));
});

describe('two who both lack a decision, and have only each other to ask,', () => {
  test('ask as often as they hear that there is one, and then no more', () => {
    const ledger = sectionOf(members);
    const net = new Followers([ledger, ledger]);
    const HEARD = 20;
    for (let count = 0; count < HEARD; count++) {
      for (const node of net.nodes) {
        net.step(node, { type: 'received', bytes: heartbeat(members[2]!, 9, net.now), at: net.now });
      }
      net.runUntil(net.now + 1_000);
    }
    const asked = net.nodes.map((node) => asksOf(node).length);
    for (const count of asked) {
      // Whom they have heard, and each other.
      expect(count).toBeGreaterThan(1);
      expect(count).toBeLessThanOrEqual(HEARD);
    }
    expect(net.answers.length).toBeGreaterThan(1);
    net.runUntil(net.now + 60_000);
    expect(net.nodes.map((node) => asksOf(node).length)).toEqual(asked);
    expect(net.nodes.map(generationOf)).toEqual([1, 1]);
  });
});
