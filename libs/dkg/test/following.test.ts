import { decode, peekEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type DkgReport, dkgMachine, type Event, forms, isDone, Phase, type State } from '../src/index.ts';
import { forge, identities, isAnswer, messageOf, NETWORK, Net, outcomeOf, payloadOf } from './support.ts';

const LIAR = 2;
const members = identities(4);
const [follower] = identities(1, 'follower');
const machine = dkgMachine();

/** A commitment with a coefficient at infinity: of the right form, and no participant takes it. */
const bad = (() => {
  const { said } = new Net(members).start().run().nodes[LIAR]!;
  const truth = said.map(payloadOf).find((payload) => payload?.type === 'commitment') as forms.PayloadOf<'commitment'>;
  return { ...truth, commitment: truth.commitment.with(1, new Uint8Array(96).with(0, 0x40)) };
})();

/** Everything that is said to all in a session in which the liar says it, in the order in which it was said. */
const { net, heard } = (() => {
  const said = new Set<Uint8Array>();
  let lie: Uint8Array | undefined;
  const session = new Net(members, {
    link: (from, _to, bytes) => {
      if (isAnswer(bytes)) return from === LIAR ? undefined : bytes;
      const message = messageOf(bytes);
      if (from === LIAR && message?.payload.type === 'commitment') {
        lie ??= forge(members[LIAR]!, session.session, bad, message);
        said.add(lie);
        return lie;
      }
      if (peekEnvelope(bytes, NETWORK).kind !== 'dkgHoldings') said.add(bytes);
      return bytes;
    },
  });
  const honest = session.nodes.filter(({ index }) => index !== LIAR);
  session.start().run(() => honest.every(({ state }) => isDone(state)));
  return { net: session, heard: [...said] };
})();

interface Followed {
  readonly state: State;
  readonly reports: readonly DkgReport[];
}

function follow(words: readonly Uint8Array[], proposes = false): Followed {
  const fresh = net.fresh(follower!);
  const reports: DkgReport[] = [];
  let state: State = { ...fresh, env: { ...fresh.env, proposes } };
  const step = (event: Event) => {
    const { effects, state: next } = machine.step(state, event);
    const begins = next.phase === Phase.Commitment && state.phase < next.phase;
    state = next;
    reports.push(...effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : [])));
    // What the liar says is not waited for.
    if (begins && !proposes) step({ type: 'timer', id: `deadline/${Phase.Commitment}`, at: 0 });
  };
  step({ type: 'start', seed: undefined, at: 0 });
  for (const bytes of words) step({ type: 'received', bytes, at: 0 });
  return { state, reports };
}

const isOpening = (bytes: Uint8Array) => payloadOf(bytes)?.type === 'opening';
const inCommitment = (bytes: Uint8Array) => isOpening(bytes) || payloadOf(bytes)?.type === 'commitment';

describe('one who only follows judges a commitment with a bad point as participants do', () => {
  test.each<[string, readonly Uint8Array[]]>([
    ['heard in order', heard],
    ['held until its phase', [...heard.filter(inCommitment), ...heard.filter((bytes) => !inCommitment(bytes))]],
  ])('%s', (_how, words) => {
    expect(words.some(isOpening)).toBe(true);
    const { state, reports } = follow(words);
    const outcome = outcomeOf(net.nodes[0]!);
    expect(outcome).toContain(`${members[LIAR]!.name} invalid-message`);
    expect(outcomeOf({ ...net.nodes[0]!, state })).toBe(outcome);
    // Nothing that an honest one said is refused, neither at once nor when its phase has come.
    const refused = reports.filter(({ type }) => type === 'rejected') as Extract<DkgReport, { type: 'rejected' }>[];
    expect(refused.filter(({ reason }) => reason === 'malformed' || reason === 'invalid')).toHaveLength(1);
    expect(refused.flatMap(({ heldFrom }) => heldFrom ?? []).filter((name) => name !== members[LIAR]!.name)).toEqual(
      [],
    );
  });
});

test('a coordinator proposes no close with it', () => {
  const { state } = follow(heard.slice(0, heard.findIndex(isOpening)), true);
  expect(state.phase).toBe(Phase.Commitment);
  const { effects } = machine.step(state, { type: 'timer', id: `deadline/${Phase.Commitment}`, at: 2_000 });
  const said = effects.flatMap((effect) => (effect.type === 'broadcast' ? [peekEnvelope(effect.bytes, NETWORK)] : []));
  const proposals = said.flatMap(({ kind, body }) =>
    kind === 'dkgProposal' ? [decode(forms.proposalBody, body).proposal] : [],
  );
  const senders = proposals.map(({ value }) => decode(forms.closeCodec, value).included.map(({ sender }) => sender));
  expect(senders).toEqual([[0, 1, 3]]);
});
