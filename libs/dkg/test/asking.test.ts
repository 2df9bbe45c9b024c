import type { Identity } from '@witan/crypto';
import type { Step } from '@witan/runtime';
import { encode, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type DkgReport, dkgMachine, type Event, forms, Phase, type State } from '../src/index.ts';
import { aloneAsking, identities, makeSession, NETWORK, Net } from './support.ts';

const members = identities(4);
const machine = dkgMachine();

function askedBy({ effects }: Step<State>): string | undefined {
  const all = effects.flatMap((effect) => (effect.type === 'request' ? [effect.to] : []));
  expect(all.length).toBeLessThan(2);
  return all[0];
}

function noAnswer(from: string, at: number): Event {
  return { type: 'response', tag: `ae/${from}`, ok: false, error: 'WITAN_ERR_TIMEOUT', at };
}

const [stranger] = identities(1, 'stranger');

/** What a coordinator that is ahead says, and anybody may. It names messages that nobody here has. */
function proposalOf(phase: Phase, by = stranger!): Uint8Array {
  const session = makeSession(members);
  const included = members.slice(1).map((_, at) => ({ sender: at + 1, id: new Uint8Array(32).fill(9) }));
  const value = encode(forms.closeCodec, { phase, included, silent: [] });
  const proposal = { instance: forms.closeInstance(session, phase), view: 0, validView: undefined, value };
  const body = encode(forms.proposalBody, { session: session.idBytes, phase, proposal });
  return sealEnvelope(by, NETWORK, 'dkgProposal', body).raw;
}

/** What a liar may say at any time. */
function voteOf(by: Identity, phase: Phase): Uint8Array {
  const session = makeSession(members);
  const instance = forms.closeInstance(session, phase);
  const vote = { instance, view: 0, step: 'prevote', value: undefined, fast: false, extra: new Uint8Array(0) } as const;
  const body = encode(forms.voteBody, { session: session.idBytes, phase, vote });
  return sealEnvelope(by, NETWORK, 'dkgVote', body).raw;
}

const received = (state: State, bytes: Uint8Array) => machine.step(state, { type: 'received', bytes, at: 10 });
const reported = ({ effects }: Step<State>) =>
  effects.flatMap((effect) => (effect.type === 'report' ? [(effect.report as DkgReport).type] : []));

describe('a participant', () => {
  test('asks who is ahead of it, one question at a time', () => {
    const net = new Net(members);
    const late = net.nodes[1]!;
    net.startWithout(late);
    const kinds = late.reports.flatMap(({ type }) => (type === 'asked' || type === 'answered' ? [type] : []));
    expect(kinds.length).toBeLessThan(20);
    expect(kinds.every((kind, i) => kind === (i % 2 === 0 ? 'asked' : 'answered'))).toBe(true);
  });

  test('asks one that is ahead of it soon, whoever else has spoken of a later phase before', () => {
    const ahead = new Net(members).start();
    ahead.pump(() => ahead.nodes[1]!.state.phase === Phase.Complaining);
    const { state } = new Net(members).start().nodes[0]!;
    const isHeld = (bytes: Uint8Array) => reported(received(state, bytes)).includes('held');
    const message = ahead.nodes[1]!.said.find(isHeld)!;
    const proposal = proposalOf(Phase.Contribution);
    expect(isHeld(proposal)).toBe(true);
    const catchUps = (all: readonly Uint8Array[]) => {
      let now = state;
      return all.map((bytes) => {
        const step = received(now, bytes);
        now = step.state;
        return step.effects.filter((effect) => effect.type === 'setTimer' && effect.id === 'catch-up').length;
      });
    };
    expect(catchUps([message, proposal])).toEqual([1, 0]);
    expect(catchUps([proposal, message])).toEqual([0, 1]);
  });

  test('asks not only one who said early that it is ahead', () => {
    const [, liar, other, third] = members as [Identity, Identity, Identity, Identity];
    const { state } = new Net(members).start().nodes[0]!;
    const misled = received(state, voteOf(liar, Phase.Commitment)).state;
    const asked = (from: State) => {
      const all = new Set<string | undefined>();
      let now = from;
      for (let at = 100; at < 1000; at += 100) {
        const step = machine.step(now, { type: 'timer', id: 'catch-up', at });
        all.add(askedBy(step));
        const nothing = encode(forms.answerCodec, { phase: 5, items: [], closes: [], values: [], more: false });
        const answer: Event = { type: 'response', tag: `ae/${askedBy(step)}`, ok: true, bytes: nothing, at };
        now = machine.step(step.state, answer).state;
      }
      return [...all].sort();
    };
    expect(asked(misled)).toEqual([liar.name]);
    expect(asked(received(misled, voteOf(other, Phase.Contribution)).state)).toEqual([liar.name, other.name]);
    const lacking = received(misled, proposalOf(Phase.Initialisation, other)).state;
    expect(asked(lacking)).toEqual([liar, other, third].map(({ name }) => name));
  });

  test('asks soon when more say that they are ahead than can all be liars', () => {
    const catchUps = (all: readonly Uint8Array[]) => {
      let { state } = new Net(members).start().nodes[0]!;
      return all.map((bytes) => {
        const step = received(state, bytes);
        ({ state } = step);
        return step.effects.some((effect) => effect.type === 'setTimer' && effect.id === 'catch-up');
      });
    };
    const [, liar, other, third] = members as [Identity, Identity, Identity, Identity];
    const early = [Phase.Commitment, Phase.Complaining].map((phase) => voteOf(liar, phase));
    const later = [other, third].map((by) => voteOf(by, Phase.Contribution));
    expect(catchUps([...early, ...later])).toEqual([true, false, true, false]);
  });

  test.each([4, 5, 7])('asks each of %i in its turn, also while one is silent', (count) => {
    const net = new Net(identities(count));
    const [first] = net.nodes;
    net.start(net.nodes.slice(0, -1));
    net.pump(() => first!.state.messages[Phase.Initialisation]!.size === count - 1);
    const asked: string[] = [];
    const { state } = machine.step(first!.state, { type: 'timer', id: 'progress', at: 5000 });
    let step = machine.step(state, { type: 'timer', id: 'progress', at: 10_000 });
    for (let to = askedBy(step); to !== undefined; to = askedBy(step)) {
      asked.push(to);
      step = machine.step(step.state, noAnswer(to, 10_000));
    }
    // When all have been asked in vain, the next question waits for the timer.
    expect(asked).toHaveLength(count);
    for (let tick = 2; tick <= 4 * count; tick++) {
      const at = tick * 10_000;
      step = machine.step(step.state, { type: 'timer', id: 'progress', at });
      const to = askedBy(step)!;
      asked.push(to);
      step = machine.step(step.state, noAnswer(to, at));
      expect(askedBy(step)).toBeUndefined();
    }
    expect(new Set(asked).size).toBe(count - 1);
  });
});

describe('an answer', () => {
  test('that never comes lets the next one be asked', () => {
    const step = machine.step(aloneAsking(members), noAnswer(members[1]!.name, 100));
    expect(askedBy(step)).toBeDefined();
    expect(step.state.progress.asking).toBe(askedBy(step));
  });

  test('that is overdue keeps nobody waiting, and is taken when it comes', () => {
    const waiting = aloneAsking(members);
    // As long as it is not overdue, nothing makes it ask another.
    for (const id of ['progress', 'progress', 'catch-up', 'agreement/1/0/propose']) {
      expect(askedBy(machine.step(waiting, { type: 'timer', id, at: 50 }))).toBeUndefined();
    }
    let step = machine.step(waiting, { type: 'timer', id: 'patience', at: 100 });
    const asked = [askedBy(step)!];
    for (let to = askedBy(step); to !== undefined; to = askedBy(step)) {
      step = machine.step(step.state, { type: 'timer', id: 'patience', at: 200 });
      if (askedBy(step)) asked.push(askedBy(step)!);
    }
    expect(asked.toSorted()).toEqual(
      members
        .slice(2)
        .map((each) => each.name)
        .toSorted(),
    );
    const items = new Net(members).start().run().nodes[1]!.said;
    const bytes = encode(forms.answerCodec, { phase: 1, items, closes: [], values: [], more: false });
    const late: Event = { type: 'response', tag: `ae/${members[1]!.name}`, ok: true, bytes, at: 300 };
    const reports = machine.step(step.state, late).effects.map((effect) => effect.type === 'report' && effect.report);
    expect(reports).toContainEqual(expect.objectContaining({ type: 'answered', result: 'new' }) as DkgReport);
  });
});
