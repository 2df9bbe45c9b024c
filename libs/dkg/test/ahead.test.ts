import { encode, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type DkgReport, dkgMachine, forms, isDone, Phase, type State } from '../src/index.ts';
import { identities, isAnswer, messageOf, NETWORK, Net, type Node, outcomeOf, payloadOf } from './support.ts';

const members = identities(4);
const machine = dkgMachine();

const wordsOf = (node: Node, type: forms.PayloadType) =>
  node.said.flatMap((bytes) => {
    const message = messageOf(bytes);
    return message?.payload.type === type ? [message] : [];
  });

describe('where everybody is there', () => {
  const net = new Net(members).start().run();

  test('a participant sends six messages: three of them with a vote for the close before, one of them a vote alone', () => {
    for (const { said } of net.nodes) {
      expect(said.map((bytes) => [payloadOf(bytes)?.type ?? 'vote', messageOf(bytes)?.follows.type])).toEqual([
        ['initialisation', 'close'],
        ['contribution', 'vote'],
        ['complaining', 'vote'],
        ['vote', undefined],
        ['commitment', 'close'],
        ['finalisation', 'vote'],
      ]);
    }
  });

  test('the closes are proven to anyone by the votes that came with messages', () => {
    for (const close of net.nodes[0]!.state.closes) {
      if (!close) continue;
      expect(forms.openClose(net.session, NETWORK, close.certificate).hash).toBe(close.hash);
    }
  });
});

test('what was said ahead is told with the time at which it came', () => {
  const net = new Net(members).start();
  const [first, second] = net.nodes;
  net.pump(() => [...first!.state.ahead.values()].some(({ sender }) => sender === 1));
  expect(first!.state.phase).toBe(Phase.Initialisation);
  net.now = 30;
  net.run();
  const told = (type: DkgReport['type'], from?: string) =>
    first!.reports.find((report) => {
      if (report.type !== type || !('phase' in report) || report.phase !== 'contribution') return false;
      return from === undefined || (report.type === 'message' && report.from === from);
    });
  expect(told('phase')!.at).toBe(30);
  expect(told('message', second!.identity.name)!.at).toBe(0);
});

describe('ahead of a close that does not come', () => {
  // The third is heard by the first alone, which votes for all four; the others close without it.
  const net = new Net(members, {
    link: (from, to, bytes) => {
      if (to !== 1 && to !== 2) return bytes;
      if (isAnswer(bytes)) return net.nodes[to]!.state.phase === Phase.Initialisation ? undefined : bytes;
      return from === 3 && payloadOf(bytes)?.type === 'initialisation' ? undefined : bytes;
    },
  });
  net.start().run();
  const [first] = net.nodes;
  const said = wordsOf(first!, 'contribution');

  test('a message does not count, and its author speaks again', () => {
    expect(first!.state.closes[Phase.Initialisation]!.included.has(3)).toBe(false);
    expect(said.map(({ follows }) => follows.type)).toEqual(['vote', 'close']);
    const counted = first!.state.closes[Phase.Contribution]!.included.get(0)!;
    for (const { state } of net.nodes) {
      const { signed } = state.variants.get(counted)!;
      expect(messageOf(signed.raw)!.follows.type).toBe('close');
    }
  });

  test('nobody is blamed, nothing that was kept fails, and all finish alike', () => {
    expect(net.nodes.every(({ state }) => isDone(state))).toBe(true);
    expect(new Set(net.nodes.map(outcomeOf)).size).toBe(1);
    for (const { state, reports } of net.nodes) {
      expect(state.blame).toEqual([]);
      expect(state.secretShare).toBeDefined();
      expect(reports.filter((report) => report.type === 'rejected' && report.heldFrom !== undefined)).toEqual([]);
    }
  });
});

describe('a vote with a message', () => {
  const whole = new Net(members).start().run();
  const net = new Net(members, { link: (_from, to, bytes) => (to === 0 ? undefined : bytes) });
  net.start();
  const { state } = net.nodes[0]!;

  function reasonFor(there: State, message: forms.Message): DkgReport | undefined {
    const bytes = sealEnvelope(members[1]!, NETWORK, 'dkgMessage', encode(forms.messageCodec, message)).raw;
    const { effects } = machine.step(there, { type: 'received', bytes, at: 1 });
    const reports = effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : []));
    return reports.find((report) => report.type === 'rejected');
  }

  const ahead = wordsOf(whole.nodes[1]!, 'contribution')[0]!;
  const { vote } = ahead.follows as Extract<forms.Follows, { type: 'vote' }>;

  test('counts, and brings the message', () => {
    expect(reasonFor(state, ahead)).toBeUndefined();
    const bytes = whole.nodes[1]!.said.find((each) => payloadOf(each)?.type === 'contribution')!;
    const after = machine.step(state, { type: 'received', bytes, at: 1 }).state;
    expect([...after.ahead.values()].map(({ sender }) => sender)).toEqual([1]);
    expect(after.held.size).toBe(0);
  });

  test.each<[string, Partial<typeof vote>]>([
    ['of another view', { view: 1 }],
    ['that binds', { step: 'precommit' }],
    ['for nothing', { value: undefined }],
    ['on the close of another phase', { instance: forms.closeInstance(whole.session, Phase.Contribution) }],
  ])('%s is refused', (_what, change) => {
    const follows = { type: 'vote', vote: { ...vote, ...change } } as const;
    expect(reasonFor(state, { ...ahead, follows })).toMatchObject({ reason: 'invalid' });
  });

  test('is refused with what must not be known before the close', () => {
    const { payload } = wordsOf(whole.nodes[1]!, 'commitment')[0]!;
    expect(reasonFor(state, { ...ahead, payload })).toMatchObject({ reason: 'invalid' });
  });

  test('is refused where it is larger than votes may be', () => {
    const [share] = (ahead.payload as forms.PayloadOf<'contribution'>).shares;
    const payload = { ...ahead.payload, shares: Array.from({ length: 40 }, () => share!) } as forms.Payload;
    expect(reasonFor(state, { ...ahead, payload })).toMatchObject({ reason: 'invalid' });
  });
});
