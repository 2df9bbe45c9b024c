import type { Identity } from '@witan/crypto';
import type { Step } from '@witan/runtime';
import { decode, encode, type Infer, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, type Event, forms, initialState, type State, sectionMachine } from '../src/index.ts';
import { decide, eldersOf, GENESIS_KEY, identities, NETWORK, secretOf, sectionOf } from './support.ts';

const machine = sectionMachine();
const nodes = identities(4);
const [me, liar, honest] = nodes as [Identity, Identity, Identity];
const [stranger] = identities(1, 'stranger');
const ledger = eldersOf(nodes);
const later = decide(ledger, { type: 'join', nodes: [stranger!.publicKey] }, secretOf('second key'));

type Answer = Infer<typeof forms.answerCodec>;

function follow(identity: Identity, decisions: readonly Uint8Array[]): State {
  const env = { identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
  const events = decisions.map((bytes): Event => ({ type: 'certified', bytes, at: 1 }));
  return events.reduce((state, event) => machine.step(state, event).state, initialState(env));
}

const asksOf = ({ effects }: Step<State>) => effects.flatMap((effect) => (effect.type === 'request' ? [effect] : []));

/** A vote of `by` in a view that is nobody's yet. */
function voteOf({ agreement, ledger }: State, by: Identity, view: number): Uint8Array {
  const { instance } = agreement!.options;
  const vote = { instance, view, step: 'prevote', value: undefined, fast: false, extra: new Uint8Array(0) } as const;
  const body = encode(forms.voteBody, { prefix: '', generation: ledger!.generation + 1, vote });
  return sealEnvelope(by, NETWORK, 'sectionVote', body).raw;
}

/** What one answers who has all decisions. */
function truth(question: Uint8Array): Answer {
  const { effects } = machine.step(follow(honest, later.decisions), {
    type: 'request',
    id: 'q',
    bytes: question,
    at: 1,
  });
  const reply = effects.find((effect) => effect.type === 'reply')!;
  return decode(forms.answerCodec, reply.bytes);
}

type Lie = (state: State, by: Identity, view: number) => Partial<Answer>;
const vote: Lie = (state, by, view) => ({ ballots: [voteOf(state, by, view)] });

/** Whom it asks, one after the other, when `liars` answer each question with what is new, a vote, and promise more. */
function lured(step: Step<State>, liars: readonly Identity[], lie = vote) {
  const asked: string[] = [];
  let [{ state }, [question]] = [step, asksOf(step)];
  for (let view = 10; question && asked.length < 50; view++) {
    const { to, tag } = question;
    asked.push(to);
    const lying = liars.find(({ name }) => name === to);
    const nothing = { generation: state.ledger!.generation, decisions: [], ballots: [], values: [], more: true };
    const said = lying ? { ...nothing, ...lie(state, lying, view) } : truth(question.bytes);
    const bytes = encode(forms.answerCodec, said);
    const next = machine.step(state, { type: 'response', tag, ok: true, bytes, at: 20 + view });
    ({ state } = next);
    [question] = asksOf(next);
  }
  return { asked, state };
}

/** Someone is said to have more decisions: it is asked. */
function hears(state: State, node: string): Step<State> {
  const behind = machine.step(state, { type: 'behind', node, generation: later.generation, at: 5 }).state;
  return machine.step(behind, { type: 'timer', id: 'catch-up', at: 6 });
}

describe('who answers with ever new votes and promises more', () => {
  test('is asked on a few times, and then one who has the decisions', () => {
    const { asked, state } = lured(hears(follow(me, ledger.decisions), liar.name), [liar]);
    const ofLiar = asked.findIndex((to) => to !== liar.name);
    expect(ofLiar).toBeGreaterThan(1);
    expect(ofLiar).toBeLessThanOrEqual(4);
    expect(asked).toHaveLength(ofLiar + 1);
    expect(state.ledger!.generation).toBe(later.generation);
    expect(state.progress.asking).toBeUndefined();
  });

  test('keeps nobody asking, even with all who are asked', () => {
    const { asked, state } = lured(hears(follow(me, ledger.decisions), liar.name), nodes);
    expect(asked).toHaveLength(5);
    expect(new Set(asked).size).toBe(2);
    expect(state.progress.asking).toBeUndefined();
    // It did not help: the next time anyone is asked.
    expect(asksOf(hears(state, liar.name)).map(({ to }) => to)).toEqual(['']);
  });

  test('does not keep the only elder that is known from being passed over', () => {
    const alone = follow(me, sectionOf([liar, me, honest]).decisions.slice(0, 1));
    expect(alone.ledger!.elders.map(({ name }) => name)).toEqual([liar.name]);
    const { asked } = lured(hears(alone, liar.name), [liar]);
    expect(asked.at(-1)).toBe('');
  });

  test('does not keep an elder from asking for what it lacks of the running view', () => {
    const index = ledger.elders.findIndex(({ name }) => name === me.name);
    const share = secretOf(`${secretOf('second key')} share ${index}`);
    let { state } = machine.step(follow(me, ledger.decisions), { type: 'share', key: ledger.key, share, at: 2 });
    const hear = (view: number, by: Identity) => {
      state = machine.step(state, { type: 'received', bytes: voteOf(state, by, view), at: 10 + view }).state;
    };
    const tick = () => {
      const step = machine.step(state, { type: 'timer', id: 'progress', at: 1000 });
      ({ state } = step);
      return asksOf(step).length;
    };
    hear(0, honest);
    expect(tick()).toBe(0);
    hear(50, liar);
    expect(tick()).toBe(1);
  });
});

test('who tells one decision at a time and promises more is left for one who tells all', () => {
  let long = ledger;
  for (const { publicKey } of identities(20, 'newcomer'))
    long = decide(long, { type: 'join', nodes: [publicKey] }, secretOf('second key'));
  const oneByOne: Lie = (state) => ({ decisions: [long.decisions[state.ledger!.generation + 1]!] });
  const begin = follow(me, ledger.decisions);
  const behind = machine.step(begin, { type: 'behind', node: liar.name, generation: long.generation, at: 5 }).state;
  const { asked, state } = lured(machine.step(behind, { type: 'timer', id: 'catch-up', at: 6 }), [liar], oneByOne);
  expect(asked.slice(0, -1)).toEqual(Array(asked.length - 1).fill(liar.name));
  expect(asked).toHaveLength(5);
  expect(state.ledger!.generation).toBeGreaterThanOrEqual(later.generation);
});

test('nodes that start do not all begin with the same elder', () => {
  const first = identities(40, 'newcomer').map(
    (each) => asksOf(machine.resume(follow(each, ledger.decisions), 9))[0]!.to,
  );
  expect(new Set(first)).toEqual(new Set(nodes.map(({ name }) => name)));
});
