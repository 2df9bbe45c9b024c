import type { Step } from '@witan/runtime';
import { encode } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type DkgReport, dkgMachine, type Event, forms, Phase, type State } from '../src/index.ts';
import { aloneAsking, identities, Net } from './support.ts';

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

describe('a participant', () => {
  test('asks who is ahead of it, one question at a time', () => {
    const net = new Net(members);
    const late = net.nodes[1]!;
    late.up = false;
    net.start(net.nodes.filter((node) => node !== late)).run();
    late.up = true;
    net.start([late]).run();
    const kinds = late.reports.flatMap(({ type }) => (type === 'asked' || type === 'answered' ? [type] : []));
    expect(kinds.length).toBeLessThan(20);
    expect(kinds.every((kind, i) => kind === (i % 2 === 0 ? 'asked' : 'answered'))).toBe(true);
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
