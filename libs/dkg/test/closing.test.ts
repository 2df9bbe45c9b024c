import { fromHex, sha256, toHex } from '@witan/crypto';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { dkgMachine, forms, Phase, type State } from '../src/index.ts';
import { identities, makeSession, NETWORK, Net } from './support.ts';

const members = identities(7);
const machine = dkgMachine();
const at = 5_000;

/** Participant 0 after the deadline of Initialisation, in which it has heard `heard`; they are there, but for `gone`. */
function afterDeadline(heard = 7, gone?: number): State {
  const net = new Net(members);
  net.start(net.nodes.slice(0, heard));
  net.pump(() => net.nodes[0]!.state.messages[Phase.Initialisation]!.size === heard);
  const there = net.nodes.slice(1, heard).filter(({ index }) => index !== gone);
  const signs = there.flatMap(({ state, index }) => {
    const { effects } = machine.step(state, { type: 'timer', id: 'presence/0', at });
    return effects.flatMap((effect) => (effect.type === 'broadcast' ? [{ by: index, bytes: effect.bytes }] : []));
  });
  let before = net.nodes[0]!.state;
  for (const { bytes } of signs) before = machine.step(before, { type: 'received', bytes, at }).state;
  expect([...before.present]).toEqual(there.map(({ index }) => index));
  const { state } = machine.step(before, { type: 'timer', id: 'deadline/0', at });
  expect(state.phase).toBe(Phase.Initialisation);
  return state;
}

interface Led {
  readonly view: number;
  readonly voters: readonly number[];
  /** Whom the close leaves out; participant 6 by default. */
  readonly without?: number | undefined;
  readonly silent?: readonly number[];
  readonly from?: State;
}

/** Follows the others into `view`, where their leader proposes such a close and they vote for it. */
function ledInto({ view, voters, without = 6, silent = [], from = afterDeadline() }: Led): readonly string[] {
  let state = from;
  const included = [...state.messages[Phase.Initialisation]!]
    .filter(([sender]) => sender !== without)
    .sort(([a], [b]) => a - b)
    .map(([sender, { signed }]) => ({ sender, id: fromHex(signed.id) }));
  const value = encode(forms.closeCodec, { phase: Phase.Initialisation, included, silent });
  const session = makeSession(members);
  const instance = forms.closeInstance(session, Phase.Initialisation);
  const common = { session: session.idBytes, phase: Phase.Initialisation };
  const vote = (by: number, inView: number, hash: Uint8Array | undefined) => {
    const ballot = {
      instance,
      view: inView,
      step: 'prevote',
      value: hash,
      fast: false,
      extra: new Uint8Array(0),
    } as const;
    return sealEnvelope(members[by]!, NETWORK, 'dkgVote', encode(forms.voteBody, { ...common, vote: ballot })).raw;
  };
  const proposal = { instance, view, validView: undefined, value };
  const said: string[] = [];
  for (const bytes of [
    ...[1, 2, 3].map((by) => vote(by, 0, undefined)),
    ...voters.map((by) => vote(by, view, sha256(value))),
    sealEnvelope(members[view]!, NETWORK, 'dkgProposal', encode(forms.proposalBody, { ...common, proposal })).raw,
  ]) {
    const step = machine.step(state, { type: 'received', bytes, at });
    state = step.state;
    for (const effect of step.effects) {
      if (effect.type !== 'broadcast') continue;
      const { kind, body } = peekEnvelope(effect.bytes, NETWORK);
      if (kind !== 'dkgVote') continue;
      const { vote: own } = decode(forms.voteBody, body);
      const isIt = own.value && toHex(own.value) === toHex(sha256(value));
      said.push(`${own.step} ${own.view} ${isIt ? 'it' : 'something else'}`);
    }
  }
  return said;
}

test('a close without somebody who was heard in time is not voted for at once', () => {
  expect(ledInto({ view: 1, voters: [2, 3, 4] })).not.toContain('prevote 1 it');
});

test('but when f + 1 insist on it later, one of them is honest and has not heard that sender', () => {
  expect(ledInto({ view: 2, voters: [1, 3, 4] })).toContain('prevote 2 it');
});

describe('a close that says who has fallen silent', () => {
  const voters = [2, 3, 4];

  test('is voted for by one who has no sign of them either', () => {
    const from = afterDeadline(6, 5);
    expect(ledInto({ view: 1, voters, without: undefined, silent: [5], from })).toContain('prevote 1 it');
  });

  test('and so is one that says that they are there: then the next phase waits for them', () => {
    const from = afterDeadline(6, 5);
    expect(ledInto({ view: 1, voters, without: undefined, from })).toContain('prevote 1 it');
  });

  test('is not voted for at once by one who knows that they are there, itself or another', () => {
    for (const silent of [[5], [0]]) {
      const from = afterDeadline(6);
      expect(ledInto({ view: 1, voters, without: undefined, silent, from })).not.toContain('prevote 1 it');
    }
  });

  test.each<[string, readonly number[]]>([
    ['who have not been heard', [6]],
    ['in another order', [5, 4]],
    ['twice', [5, 5]],
    ['who are not in the session', [9]],
  ])('is voted for by nobody if it names some %s', (_what, silent) => {
    const from = afterDeadline(6, 5);
    // Not even when f + 1 insist on it.
    const said = ledInto({ view: 2, voters: [1, 3, 4], without: undefined, silent, from });
    expect(said).not.toContain('prevote 2 it');
  });
});
