import { type Identity, sha256 } from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import type { Step } from '@witan/runtime';
import { decode, encode, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_PARAMS, dkgMachine, forms, initialState, type Phase, type State } from '../src/index.ts';
import { aloneAsking, identities, makeSession, NETWORK, Net, outcomeOf } from './support.ts';

const members = identities(4);
const liar = members[1]!;
const [stranger] = identities(1, 'stranger');
const session = makeSession(members);
const machine = dkgMachine();

const asksOf = ({ effects }: Step<State>) =>
  effects.flatMap((effect) => (effect.type === 'request' ? [effect.to] : []));

/** A vote in a view that is nobody's yet. */
function voteOf(by: Identity, phase: Phase, view: number): Uint8Array {
  const instance = forms.closeInstance(session, phase);
  const vote = { instance, view, step: 'prevote', value: undefined, fast: false, extra: new Uint8Array(0) } as const;
  return sealEnvelope(by, NETWORK, 'dkgVote', encode(forms.voteBody, { session: session.idBytes, phase, vote })).raw;
}

/** Of a close with a message of each that nobody has sent. */
function proposalOf(by: Identity, phase: Phase, nth: number): Uint8Array {
  const included = members.slice(nth % 2).map((_, sender) => ({ sender, id: sha256(Buffer.of(phase, sender, nth)) }));
  const value = encode(forms.closeCodec, { phase, included, silent: [] });
  const proposal = { instance: forms.closeInstance(session, phase), view: 0, validView: undefined, value };
  const body = encode(forms.proposalBody, { session: session.idBytes, phase, proposal });
  return sealEnvelope(by, NETWORK, 'dkgProposal', body).raw;
}

const promising = (phase: number, items: Uint8Array[]) =>
  encode(forms.answerCodec, { phase, items, closes: [], values: [], more: true });

/** Whom it asks after the liar, one after the other, when each answers with what `lie` makes. */
function lured(state: State, lie: (nth: number) => Uint8Array): readonly string[] {
  const asked: string[] = [];
  let from: string | undefined = liar.name;
  let now = state;
  for (let nth = 1; from !== undefined && asked.length < 50; nth++) {
    const bytes = promising(now.phase, [lie(nth)]);
    const step: Step<State> = machine.step(now, {
      type: 'response',
      tag: `ae/${from}`,
      ok: true,
      bytes,
      at: 100 + nth,
    });
    now = step.state;
    [from] = asksOf(step);
    if (from !== undefined) asked.push(from);
  }
  expect(now.progress.asking).toBeUndefined();
  return asked;
}

describe('who promises more', () => {
  test.each<[string, (phase: Phase, nth: number) => Uint8Array]>([
    ['with ever new votes', (phase, nth) => voteOf(liar, phase, 10 + nth)],
    ['with proposals of messages that there are not', (phase, nth) => proposalOf(stranger!, phase, nth)],
  ])('%s is asked on a few times, and then another', (_how, lie) => {
    const state = aloneAsking(members);
    const asked = lured(state, (nth) => lie(state.phase, nth));
    expect(asked.slice(0, -1)).toEqual(Array.from({ length: 3 }, () => liar.name));
    expect([members[2]!.name, members[3]!.name]).toContain(asked.at(-1));
  });

  test('and has nothing but votes keeps nobody from the end of the session', () => {
    let view = 10;
    // Whom the late one asks first.
    let luring: number | undefined;
    const net: Net = new Net(members, {
      link: (from, to, bytes) => {
        if (to !== 3 || !unlessBad(() => decode(forms.answerCodec, bytes))) return bytes;
        luring ??= from;
        const { phase } = net.nodes[3]!.state;
        return from === luring ? promising(phase, [voteOf(members[from]!, phase, view++)]) : bytes;
      },
    });
    const late = net.nodes[3]!;
    net.startWithout(late);
    expect(view).toBeGreaterThan(10);
    expect(outcomeOf(late)).toBe(outcomeOf(net.nodes[0]!));
    expect(late.reports.filter(({ type }) => type === 'asked').length).toBeLessThan(20);
  });
});

test('nodes that follow do not all begin with the same participant', () => {
  const first = identities(20, 'follower').map((identity) => {
    const initial = initialState({ identity, network: NETWORK, params: DEFAULT_PARAMS }, session);
    const { state } = machine.step(initial, { type: 'start', seed: undefined, at: 0 });
    return asksOf(machine.step(state, { type: 'timer', id: 'progress', at: 5000 }))[0];
  });
  expect(new Set(first).size).toBe(members.length);
});
