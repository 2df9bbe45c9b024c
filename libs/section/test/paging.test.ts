import * as agreement from '@witan/agreement';
import { MAX_DECISION_BYTES } from '@witan/chain';
import { Identity, sha256, toHex } from '@witan/crypto';
import { decode, encode, type Infer, openEnvelope, sealEnvelope } from '@witan/wire';
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
import { decide, eldersOf, GENESIS_KEY, identities, NETWORK, secretOf, sectionOf } from './support.ts';

const machine = sectionMachine();
const members = identities(4);
/** Of what one answer has, unless a single item is longer. */
const PAGE_BYTES = 256 * 1024;

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
    for (const effect of effects) if (effect.type === 'request') this.ask(node, effect.to, effect.tag, effect.bytes);
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
  ask(from: Node, to: string, tag: string, bytes: Uint8Array): void {
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

describe('votes and proposals', () => {
  const ledger = eldersOf(members);
  const generation = ledger.generation + 1;
  const { instance, firstLeader } = new Followers([ledger]).nodes[0]!.state.agreement!.options;
  const vote = (by: Identity, view: number, step: 'prevote' | 'precommit') => {
    const ballot = { instance, view, step, value: undefined, fast: false, extra: new Uint8Array(200) };
    const body = encode(forms.voteBody, { prefix: '', generation, vote: ballot });
    return sealEnvelope(by, NETWORK, 'sectionVote', body).raw;
  };
  const told = (net: Followers, node: Node, ballots: readonly Uint8Array[]) => {
    for (const bytes of ballots) net.step(node, { type: 'received', bytes, at: net.now });
  };
  /** What a process does that has just started, and nobody speaks to it. */
  const askFirst = (net: Followers, node: Node) => {
    const { effects } = machine.resume(node.state, net.now);
    for (const effect of effects) if (effect.type === 'request') net.ask(node, effect.to, effect.tag, effect.bytes);
  };

  test('of a view fit one answer, as long as the proposal may be: votes first', () => {
    const net = new Followers([ledger, ledger]);
    const [late, other] = net.nodes;
    // Of a leader that lies: it may propose what nobody will vote for.
    const proposal = { instance, view: 0, validView: undefined, value: new Uint8Array(MAX_DECISION_BYTES) };
    const body = encode(forms.proposalBody, { prefix: '', generation, proposal });
    const proposed = sealEnvelope(members[firstLeader]!, NETWORK, 'sectionProposal', body).raw;
    const votes = (['prevote', 'precommit'] as const).flatMap((step) => members.map((by) => vote(by, 0, step)));
    told(net, other!, [proposed, ...votes]);
    askFirst(net, late!);
    expect(net.answers.map(({ more }) => more)).toEqual([false]);
    const given = net.answers.flatMap(({ ballots }) => ballots);
    expect(Buffer.concat(given).length).toBeLessThan(PAGE_BYTES);
    expect(given.slice(0, -1).map(toHex).sort()).toEqual(votes.map(toHex).sort());
    expect(given.at(-1)).toEqual(proposed);
    expect(net.answers.flatMap(({ decisions }) => decisions)).toEqual([]);
    expect(agreement.holdings(late!.state.agreement!)).toEqual(agreement.holdings(other!.state.agreement!));
  });

  test('are given by view, so that what liars say of far ones keeps nobody from the near ones', () => {
    const net = new Followers([ledger, ledger]);
    const [late, other] = net.nodes;
    // It is an elder with its share, so that it goes on from view to view.
    const share = secretOf(`${secretOf('second key')} share 1`);
    net.step(other!, { type: 'share', key: ledger.key, share, at: net.now });
    told(net, other!, [vote(members[0]!, 7, 'prevote'), vote(members[0]!, 5, 'prevote')]);
    told(
      net,
      other!,
      [2, 3].map((index) => vote(members[index]!, 2, 'prevote')),
    );
    expect(agreement.holdings(other!.state.agreement!).view).toBe(2);
    askFirst(net, late!);
    const views = net.answers[0]!.ballots.map((raw) => {
      return decode(forms.voteBody, openEnvelope(raw, NETWORK).body).vote.view;
    });
    expect(views).toEqual(views.toSorted((a, b) => a - b));
    expect(new Set(views)).toEqual(new Set([2, 5, 7]));
  });
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
