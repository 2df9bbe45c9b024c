import { fromHex, sha256, toHex } from '@witan/crypto';
import { decode, encode, peekEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { dkgMachine, forms, isDone, Phase, type State } from '../src/index.ts';
import { identities, isAnswer, makeSession, NETWORK, Net, type Node, outcomeOf, payloadOf } from './support.ts';

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

describe('a close in which somebody who has not spoken has the word', () => {
  const liarIndex = 6;
  const liar = members[liarIndex]!;
  const session = makeSession(members);

  /** What the liar proposes: these are to count, by sender. */
  function proposal(phase: Phase, ids: readonly string[]): { readonly value: Uint8Array; readonly bytes: Uint8Array } {
    const included = ids.map((id, sender) => ({ sender, id: fromHex(id) }));
    const value = encode(forms.closeCodec, { phase, included, silent: [] });
    const instance = forms.closeInstance(session, phase);
    const body = { session: session.idBytes, phase, proposal: { instance, view: 0, validView: undefined, value } };
    return { value, bytes: sealEnvelope(liar, NETWORK, 'dkgProposal', encode(forms.proposalBody, body)).raw };
  }

  /** Whether participant 0 votes for it, alone or with what follows. */
  function isVotedFor(state: State, phase: Phase, ids: readonly string[]): boolean {
    const { value, bytes } = proposal(phase, ids);
    const { effects } = machine.step(state, { type: 'received', bytes, at: 1 });
    const hash = toHex(sha256(value));
    return effects.some((effect) => {
      if (effect.type !== 'broadcast') return false;
      const { kind, body } = peekEnvelope(effect.bytes, NETWORK);
      if (kind === 'dkgVote') return toHex(decode(forms.voteBody, body).vote.value ?? new Uint8Array()) === hash;
      if (kind !== 'dkgMessage') return false;
      const { follows } = decode(forms.messageCodec, body);
      return follows.type === 'vote' && toHex(follows.vote.value ?? new Uint8Array()) === hash;
    });
  }

  /** Participant 0 in a phase, when all have spoken in it but the liar, of whom it has what he said before. */
  function withoutLiar(phase: Phase): State {
    let isSilent = false;
    const net = new Net(members, {
      link: (from, _to, bytes) => {
        if (from !== liarIndex) return bytes;
        const payload = isAnswer(bytes) ? undefined : payloadOf(bytes);
        isSilent ||= payload !== undefined && forms.phaseOf(payload.type) === phase;
        return isSilent ? undefined : bytes;
      },
    });
    const [node] = net.nodes as [Node];
    net.start().run(() => node.state.phase === phase && node.state.messages[phase]!.size === liarIndex);
    return node.state;
  }
  const heardIn = (state: State, phase: Phase): readonly string[] =>
    [...state.messages[phase]!].sort(([a], [b]) => a - b).map(([, { signed }]) => signed.id);

  test.each([Phase.Initialisation, Phase.Contribution, Phase.Complaining, Phase.Commitment])(
    'of another, or that of a phase before, is voted for by nobody in phase %i',
    (phase) => {
      const state = withoutLiar(phase);
      const heard = heardIn(state, phase);
      expect(heard).toHaveLength(liarIndex);
      for (const other of heard) expect(isVotedFor(state, phase, [...heard, other])).toBe(false);
      expect(isVotedFor(state, phase, Array(7).fill(heard[0]))).toBe(false);
      if (phase === Phase.Initialisation) return;
      const before = heardIn(state, phase === Phase.Commitment ? Phase.Complaining : ((phase - 1) as Phase));
      expect(isVotedFor(state, phase, [...heard, before[liarIndex]!])).toBe(false);
      // Of all, so that nothing is left that could not be put together.
      expect(isVotedFor(state, phase, before)).toBe(false);
      const mixed = heardIn(state, Phase.Initialisation).map((id, sender) => (sender % 2 === 0 ? id : before[sender]!));
      expect(isVotedFor(state, phase, mixed)).toBe(false);
    },
  );

  test('stops nobody, and gets nobody blamed: the others wait for their deadline and go on', () => {
    const net = new Net(members);
    const others = net.nodes.slice(0, liarIndex);
    net.start(others);
    net.pump();
    const [first] = heardIn(others[0]!.state, Phase.Initialisation);
    const { bytes } = proposal(Phase.Initialisation, Array(7).fill(first));
    net.broadcast(liarIndex, bytes, false);
    net.run(() => others.every(({ state }) => isDone(state)));
    expect(new Set(others.map(outcomeOf)).size).toBe(1);
    expect(others[0]!.state.outcome!.qualified).toEqual([0, 1, 2, 3, 4, 5]);
    for (const { state } of others) expect(state.blame).toEqual([]);
  });
});
