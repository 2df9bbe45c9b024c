import { encodeG1, fromHex, type Identity, mulBase, sha256 } from '@witan/crypto';
import { decode, encode, type Infer, sealEnvelope } from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DkgReport, dkgMachine, forms, isDone, Phase, type State } from '../src/index.ts';
import {
  aloneAsking,
  choices,
  forge,
  identities,
  makeSession,
  NETWORK,
  Net,
  outcomeOf,
  seedOf,
  snapshot,
} from './support.ts';

type Answer = Infer<typeof forms.answerCodec>;
type Holdings = Infer<typeof forms.holdingsCodec>;

const members = identities(4);
const machine = dkgMachine();
const finished = new Net(members).start().run();

function expectShare({ state, index }: { state: State; index: number }): void {
  expect(encodeG1(mulBase(state.secretShare!))).toEqual(state.outcome!.publicKeyShares[index]);
}

describe('a late participant', () => {
  test.each([4, 7])('that has nothing at all catches up with %i and gets a usable share', (count) => {
    const net = new Net(identities(count));
    const late = net.nodes[1]!;
    net.startWithout(late);
    expect(outcomeOf(late)).toBe(outcomeOf(net.nodes[0]!));
    expect(late.state.outcome!.qualified).not.toContain(1);
    expectShare(late);
  });

  test('that has only its record of the start is a dealer no more, and gets its share all the same', () => {
    const net = new Net(members).start();
    const late = net.nodes[1]!;
    net.crash(late, false);
    late.journal = late.journal.slice(0, 1);
    expect(forms.decodeFact(late.journal[0]!.record).type).toBe('started');
    // Its announcement is out: shares were sealed to the key that it derives again from its seed.
    net.run();
    expect(net.nodes[0]!.state.closes[Phase.Initialisation]!.included.has(1)).toBe(true);
    net.restart(late);
    net.run();
    expect(late.state.outcome!.qualified).not.toContain(1);
    expect(outcomeOf(late)).toBe(outcomeOf(net.nodes[0]!));
    expectShare(late);
  });

  test('that missed any messages gets exactly those', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const choose = choices(seed);
        const lost = new Set<Uint8Array>();
        const net = new Net(members, {
          // Every other broadcast to participant 2 is lost, and no question or answer.
          link: (_from, to, bytes) => {
            if (to !== 2 || isExchange(bytes) || choose(2) === 0) return bytes;
            lost.add(bytes);
            return undefined;
          },
        });
        net.start().run();
        expect(lost.size).toBeGreaterThan(0);
        expect(new Set(net.nodes.map(outcomeOf)).size).toBe(1);
        for (const node of net.nodes) expectShare(node);
      }),
      { numRuns: 8 },
    );
  });
});

function isExchange(bytes: Uint8Array): boolean {
  return read(() => decode(forms.answerCodec, bytes)) !== undefined || bytes[1] === 20;
}

function read<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

interface Taken {
  readonly state: State;
  readonly result: string | undefined;
  readonly asks: number;
  readonly rejected: number;
}

function answered(state: State, bytes: Uint8Array): Taken {
  const tag = `ae/${members[1]!.name}`;
  const step = machine.step(state, { type: 'response', tag, ok: true, bytes, at: 100 });
  const reports = step.effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : []));
  return {
    state: step.state,
    result: reports.flatMap((report) => (report.type === 'answered' ? [report.result] : []))[0],
    asks: step.effects.filter((effect) => effect.type === 'request').length,
    rejected: reports.filter((report) => report.type === 'rejected').length,
  };
}

const EMPTY: Answer = { phase: 1, items: [], closes: [], values: [], more: false };

/** Nothing is changed by it but that the question is answered, and nobody is asked because of it. */
function expectNothing(bytes: Uint8Array, result: 'nothing' | 'refused', rejected = 0): void {
  const state = aloneAsking(members);
  const taken = answered(state, bytes);
  const idle = { ...state, progress: { ...state.progress, asking: undefined } };
  expect(taken).toMatchObject({ result, asks: 0, rejected });
  expect(snapshot(taken.state)).toBe(snapshot(idle));
}

describe('an answer', () => {
  test('that is garbage is refused', () => {
    expectNothing(new Uint8Array(0), 'refused');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes) => {
        if (!read(() => decode(forms.answerCodec, bytes))) expectNothing(bytes, 'refused');
      }),
      { numRuns: 20 },
    );
  });

  test('that is cut off is refused', () => {
    const whole = encode(forms.answerCodec, { ...EMPTY, items: finished.nodes[1]!.said });
    for (const length of [1, 7, whole.length >> 1, whole.length - 1])
      expectNothing(whole.subarray(0, length), 'refused');
  });

  test('that is empty and promises more, or a later phase, is not asked for more', () => {
    for (const phase of [0, 1, 5, 255])
      expectNothing(encode(forms.answerCodec, { ...EMPTY, phase, more: true }), 'nothing');
  });

  test('that brings only what is known, and promises more, is the last', () => {
    const state = aloneAsking(members);
    const known = [...state.variants.values()].map((each) => each.signed.raw);
    expect(known.length).toBeGreaterThan(3);
    expectNothing(
      encode(forms.answerCodec, { ...EMPTY, items: [...known, ...known], more: true }),
      'nothing',
      known.length * 2,
    );
  });

  test('whose items are lies counts each, and changes nothing', () => {
    const [stranger] = identities(1, 'stranger');
    const { session } = finished;
    const said: forms.Payload = { type: 'complaining', accused: [0] };
    const items = [
      new Uint8Array([1, 2, 3]),
      forge(stranger!, session, said),
      forge(members[1]!, makeSession(members, 3), said),
      forge(members[1]!, session, said).with(-1, 0).with(-2, 0),
    ];
    expectNothing(encode(forms.answerCodec, { ...EMPTY, items, more: true }), 'nothing', items.length);
  });

  test('with values that nobody voted for leaves them', () => {
    expectNothing(encode(forms.answerCodec, { ...EMPTY, values: [new Uint8Array(60)], more: true }), 'nothing');
  });

  test('with a close that too few voted for, or whose votes are for another, is refused', () => {
    const value = (phase: number) =>
      encode(forms.closeCodec, {
        phase,
        included: [0, 1, 2].map((sender) => ({ sender, id: new Uint8Array(32) })),
        silent: [],
      });
    const { session } = finished;
    const vote = (by: number, hash: Uint8Array, phase = 1, step: 'prevote' | 'precommit' = 'precommit', fast = false) =>
      sealEnvelope(
        members[by]!,
        NETWORK,
        'dkgVote',
        encode(forms.voteBody, {
          session: session.idBytes,
          phase,
          vote: {
            instance: forms.closeInstance(session, phase as Phase),
            view: 0,
            step,
            value: hash,
            fast,
            extra: new Uint8Array(0),
          },
        }),
      ).raw;
    const hash = sha256(value(1));
    const closes = [
      [],
      [vote(1, hash), vote(1, hash), vote(1, hash)],
      [vote(1, hash), vote(2, hash)],
      [1, 2, 3].map((by) => vote(by, new Uint8Array(32))),
      [0, 1, 2, 3].map((by) => vote(by, hash, 1, 'prevote')),
      [1, 2, 3].map((by) => vote(by, hash, 1, 'prevote', true)),
      [vote(0, hash), ...[1, 2, 3].map((by) => vote(by, hash, 1, 'prevote', true))],
      [1, 2, 3].map((by) => vote(by, hash, 2)),
      [vote(1, hash), vote(2, hash), new Uint8Array(80)],
    ].map((votes) => forms.encodeCloseCertificate(value(1), forms.encodeVotes(votes)));
    expectNothing(encode(forms.answerCodec, { ...EMPTY, closes: closes.slice(0, 6), more: true }), 'nothing', 6);
    expectNothing(
      encode(forms.answerCodec, { ...EMPTY, closes: [...closes.slice(6), new Uint8Array(5)] }),
      'nothing',
      4,
    );
  });

  test('with a close of the session that is already enacted, or of another phase, brings nothing', () => {
    const old = aloneAsking(members).closes[0]!.certificate;
    expectNothing(encode(forms.answerCodec, { ...EMPTY, closes: [old] }), 'nothing');
    const later = finished.nodes[1]!.state.closes[Phase.Complaining]!.certificate;
    expectNothing(encode(forms.answerCodec, { ...EMPTY, closes: [later] }), 'nothing');
  });

  test('with endless new promises from a liar does not keep the others from finishing', () => {
    const net = new Net(members, {
      link: (from, _to, bytes) => {
        const answer = from === 1 ? read(() => decode(forms.answerCodec, bytes)) : undefined;
        return answer ? encode(forms.answerCodec, { ...answer, phase: 255, items: [], closes: [], more: true }) : bytes;
      },
    });
    const late = net.nodes[3]!;
    net.startWithout(late);
    expect(outcomeOf(late)).toBe(outcomeOf(net.nodes[0]!));
    expect(late.reports.filter((report) => report.type === 'asked').length).toBeLessThan(30);
  });
});

describe('a question', () => {
  const { state } = finished.nodes[0]!;
  const HAS_NOTHING: Holdings = {
    session: finished.session.idBytes,
    phase: 0,
    closed: false,
    messages: Array.from({ length: 6 }, () => new Uint8Array(0)),
    twice: new Uint8Array(0),
    openings: [],
    wanted: [],
    agreement: {
      view: 0,
      proposal: false,
      prevotes: new Uint8Array(0),
      precommits: new Uint8Array(0),
      polka: undefined,
      first: undefined,
      wants: [],
    },
  };
  const question = (holdings: Partial<Holdings> = {}, by = members[1]!, network = NETWORK) =>
    sealEnvelope(by, network, 'dkgHoldings', encode(forms.holdingsCodec, { ...HAS_NOTHING, ...holdings })).raw;

  function asked(current: State, bytes: Uint8Array, at = 50) {
    const step = machine.step(current, { type: 'request', id: 'q', bytes, at });
    const reply = step.effects.find((effect) => effect.type === 'reply');
    const reports = step.effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as DkgReport] : []));
    return { state: step.state, answer: reply && decode(forms.answerCodec, reply.bytes), reports };
  }

  test('of one who has nothing is answered with all that counts, and the closes that prove it', () => {
    const { answer } = asked(state, question());
    expect(answer!.closes).toHaveLength(4);
    const words = new Set(
      finished.nodes.flatMap((node) => node.said).map((bytes) => Buffer.from(bytes).toString('hex')),
    );
    expect(answer!.items.length).toBeGreaterThanOrEqual(16);
    for (const item of answer!.items) expect(words.has(Buffer.from(item).toString('hex'))).toBe(true);
  });

  test('of one who asks for the same message in two ways is answered with it once', () => {
    const wanted = [...state.variants.values()].map(({ signed }) => fromHex(signed.id));
    const { items } = asked(state, question({ wanted })).answer!;
    expect(items.length).toBeGreaterThanOrEqual(16);
    expect(new Set(items.map((item) => Buffer.from(item).toString('hex'))).size).toBe(items.length);
  });

  test('of one who lacks nothing is answered with nothing', () => {
    const all = new Uint8Array([0b1111]);
    const { answer } = asked(state, question({ phase: 5, messages: Array.from({ length: 6 }, () => all) }));
    expect(answer).toMatchObject({ items: [], closes: [], values: [], more: false });
  });

  test('is told of a sender that has said two things, unless it knows', () => {
    const net = new Net(members).start();
    net.pump(() => net.nodes[0]!.state.messages[0]!.size === 4 && net.nodes[0]!.state.phase === 0);
    const second = forge(members[2]!, net.session, {
      type: 'initialisation',
      ephemeral: forms.sessionKeys(seedOf(77)).publicKey,
    });
    const aware = machine.step(net.nodes[0]!.state, { type: 'received', bytes: second, at: 100 }).state;
    const messages = Array.from({ length: 6 }, () => Uint8Array.of(0b1111));
    const both = [...aware.variants.values()].filter(({ sender }) => sender === 2).map(({ signed }) => signed.raw);
    expect(both).toHaveLength(2);
    expect(asked(aware, question({ messages })).answer!.items).toEqual(expect.arrayContaining(both));
    const known = asked(aware, question({ messages, twice: Uint8Array.of(0b0100) })).answer!.items;
    for (const raw of both) expect(known).not.toContainEqual(raw);
  });

  test('that claims absurd things is answered within bounds', () => {
    for (const phase of [6, 100, 255])
      expect(asked(state, question({ phase })).answer).toMatchObject({ items: [], more: false });
    const wanted = Array.from({ length: 128 }, (_, i) => new Uint8Array(32).fill(i));
    expect(asked(state, question({ phase: 255, wanted })).answer!.items).toEqual([]);
  });

  describe('that claims a later phase', () => {
    const net = new Net(members).start();
    net.pump(() => net.nodes[0]!.state.phase === Phase.Contribution);
    const later = { session: net.session.idBytes, phase: 5 };
    const outcome = (by: Identity, current = net.nodes[0]!.state) => {
      const { state: after, answer, reports } = asked(current, question(later, by));
      expect(answer).toBeDefined();
      return { after, asks: reports.flatMap((report) => (report.type === 'asked' ? [report.to] : [])) };
    };

    test('has a participant asked back: it has what is missing', () => {
      expect(outcome(members[1]!).asks).toEqual([members[1]!.name]);
    });

    test('by one who is no participant is answered, and lures nobody, under however many names', () => {
      let current = net.nodes[0]!.state;
      for (const stranger of identities(20, 'stranger')) {
        const { after, asks } = outcome(stranger, current);
        expect(asks).toEqual([]);
        current = after;
      }
      expect(current.progress.asking).toBeUndefined();
      expect(outcome(members[1]!, current).asks).toEqual([members[1]!.name]);
    });
  });

  test('is never answered with a secret', () => {
    const { answer } = asked(state, question());
    const bytes = Buffer.from(encode(forms.answerCodec, answer!)).toString('hex');
    for (const { index } of finished.nodes) expect(bytes).not.toContain(Buffer.from(seedOf(index)).toString('hex'));
    expect(bytes).not.toContain(state.secretShare!.toString(16).padStart(64, '0'));
  });

  test.each<[string, Uint8Array, string]>([
    ['of random bytes', new Uint8Array(90).fill(4), 'malformed'],
    ['of another network', question({}, members[1], new Uint8Array(8)), 'invalid'],
    ['about another session', question({ session: new Uint8Array(32) }), 'wrong-session'],
    ['under another’s name', question().with(-1, 0).with(-2, 0).with(-3, 0), 'signature'],
    ['that is a message', finished.nodes[1]!.said[0]!, 'invalid'],
  ])('%s gets no answer, and is counted', (_what, bytes, reason) => {
    const { state: after, answer, reports } = asked(state, bytes);
    expect(answer).toBeUndefined();
    expect(reports).toMatchObject([{ type: 'rejected', reason }]);
    expect(snapshot(after)).toBe(snapshot(state));
  });

  test('too many in a second are answered with nothing; others are served meanwhile, and the next second is another', () => {
    let current = state;
    const served = Array.from({ length: 80 }, () => {
      const result = asked(current, question());
      current = result.state;
      return result.answer!.items.length > 0;
    });
    expect(served.filter(Boolean)).toHaveLength(64);
    expect(asked(current, question()).reports).toMatchObject([{ type: 'served', limited: true }]);
    expect(asked(current, question({}, members[2]!)).answer!.items.length).toBeGreaterThan(0);
    expect(asked(current, question(), 1200).answer!.items.length).toBeGreaterThan(0);
    expect(isDone(current)).toBe(true);
  });
});
