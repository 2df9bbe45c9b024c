import { fromHex, sha256, toHex } from '@witan/crypto';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { expect, test } from 'vitest';
import { dkgMachine, forms, Phase, type State } from '../src/index.ts';
import { identities, makeSession, NETWORK, Net } from './support.ts';

const members = identities(7);
const machine = dkgMachine();
const at = 5_000;

/** Participant 0 after the deadline of Initialisation, in which it has heard everybody. */
function afterDeadline(): State {
  const net = new Net(members).start();
  net.pump(() => net.nodes[0]!.state.messages[Phase.Initialisation]!.size === 7);
  const { state } = machine.step(net.nodes[0]!.state, { type: 'timer', id: 'deadline/0', at });
  expect(state.phase).toBe(Phase.Initialisation);
  return state;
}

/** Follows the others into `view`, where their leader proposes a close without participant 6 and they vote for it. */
function ledInto(view: number, voters: readonly number[]): readonly string[] {
  let state = afterDeadline();
  const included = [...state.messages[Phase.Initialisation]!]
    .filter(([sender]) => sender !== 6)
    .sort(([a], [b]) => a - b)
    .map(([sender, { signed }]) => ({ sender, id: fromHex(signed.id) }));
  const value = encode(forms.closeCodec, { phase: Phase.Initialisation, included, silent: [] });
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
      said.push(`${own.step} ${own.view} ${isIt ? 'without 6' : 'something else'}`);
    }
  }
  return said;
}

test('a close without somebody who was heard in time is not voted for at once', () => {
  expect(ledInto(1, [2, 3, 4])).not.toContain('prevote 1 without 6');
});

test('but when f + 1 insist on it later, one of them is honest and has not heard that sender', () => {
  expect(ledInto(2, [1, 3, 4])).toContain('prevote 2 without 6');
});
