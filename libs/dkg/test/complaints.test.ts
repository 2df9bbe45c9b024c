import {
  encodeCurvePoint,
  encodeG1,
  evaluate,
  mod,
  modAdd,
  mulBase,
  ORDER,
  type Scalar,
  scalarToBytes,
  sealTo,
  toHex,
} from '@witan/crypto';
import { openEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { type BlameReason, DEFAULT_PARAMS, forms, isDone, Phase } from '../src/index.ts';
import {
  forge,
  identities,
  isAnswer,
  type Link,
  NETWORK,
  Net,
  type Node,
  outcomeOf,
  payloadOf,
  seedOf,
  slotOf,
} from './support.ts';

const members = identities(4);
/** The same seeds make the same messages up to the first lie, so what a liar says can be made from a run without one. */
const honest = new Net(members).start().run();
const { threshold } = honest.session;

function trueWord<T extends forms.PayloadType>(by: number, type: T): forms.PayloadOf<T> {
  const bytes = honest.nodes[by]!.said.find((each) => payloadOf(each)?.type === type)!;
  return payloadOf(bytes) as forms.PayloadOf<T>;
}

/** The contribution of `dealer` but for its share for `receiver`, which does not fit the commitment. */
function wrongShareFor(receiver: number, dealer: number): forms.Payload {
  const { state } = honest.nodes[dealer]!;
  const right = trueWord(dealer, 'contribution');
  const secret = forms.sealingSecret(seedOf(dealer), receiver);
  const sealed = forms.sealShare(state, receiver, secret, { value: 5n, blind: 7n });
  return { ...right, shares: right.shares.with(receiver, sealed) };
}

/** The same with these bytes for the share, scalars or not. */
function bytesFor(receiver: number, dealer: number, plaintext: Uint8Array): forms.Payload {
  const { state } = honest.nodes[dealer]!;
  const { idBytes } = state.session;
  const context = Buffer.concat([Buffer.from('witan/dkg/share/1'), idBytes, Buffer.of(dealer, receiver)]);
  const secret = forms.sealingSecret(seedOf(dealer), receiver);
  const sealed = sealTo(forms.receiverKey(state, receiver), secret, plaintext, new Uint8Array(context));
  const right = trueWord(dealer, 'contribution');
  return { ...right, shares: right.shares.with(receiver, sealed) };
}

/** A run in which these participants say these things in the place of what is true, to all and to themselves. */
function runWith(lies: readonly (readonly [number, forms.Payload])[], link?: Link): Net {
  const told = lies.map(([by, payload]) => ({ by, payload }));
  return new Net(members, { lies: told, ...(link ? { link } : {}) }).start().run();
}

/** Nothing of this form arrives from `by`; nor do its answers, in which it might come all the same. */
const without =
  (by: number, type: forms.PayloadType): Link =>
  (from, _to, bytes) =>
    from === by && (isAnswer(bytes) || payloadOf(bytes)?.type === type) ? undefined : bytes;

/** One outcome for all, the key being the sum of what these dealers dealt, and whom all blame for what. */
function expectOutcome(net: Net, qualified: readonly number[], blame: readonly (readonly [number, BlameReason])[]) {
  const expected = blame.map(([index, reason]) => `${members[index]!.name} ${reason}`).sort();
  const secret = mod(qualified.reduce((sum, dealer) => sum + forms.deal(seedOf(dealer), threshold).value[0]!, 0n));
  for (const node of net.nodes) {
    expect(isDone(node.state)).toBe(true);
    expect(node.state.outcome!.qualified).toEqual(qualified);
    expect(toHex(node.state.outcome!.key)).toBe(toHex(encodeG1(mulBase(secret))));
    expect(encodeG1(mulBase(node.state.secretShare!))).toEqual(node.state.outcome!.publicKeyShares[node.index]);
    expect(node.state.blame.map((each) => `${each.node} ${each.reason}`).sort()).toEqual(expected);
  }
  expect(new Set(net.nodes.map(outcomeOf)).size).toBe(1);
}

function evidenceOf(node: Node, reason: BlameReason): string[] {
  const { evidence } = node.state.blame.find((each) => each.reason === reason)!;
  return evidence.map((raw) => slotOf(openEnvelope(raw, NETWORK).raw).replace(/ after .*/, ''));
}

const nameOf = (index: number) => members[index]!.name;

describe('a dealer that seals a wrong share to one receiver', () => {
  const net = runWith([[1, wrongShareFor(2, 1)]]);

  test('is accused by it, cannot justify itself, and is out', () => {
    expectOutcome(net, [0, 2, 3], [[1, 'not-justified']]);
    expect(net.nodes[2]!.said.map(payloadOf)).toContainEqual({ type: 'complaining', accused: [1] });
  });

  test('is proven wrong by signed bytes: what it dealt, who complained, to which key, and what it answered', () => {
    expect(evidenceOf(net.nodes[3]!, 'not-justified')).toEqual([
      `${nameOf(1)} contribution`,
      `${nameOf(2)} complaining`,
      `${nameOf(2)} initialisation`,
      `${nameOf(1)} justification`,
    ]);
  });

  test('and does so to more receivers than the degree is out at once, without opening shares', () => {
    const { state } = honest.nodes[1]!;
    const right = trueWord(1, 'contribution');
    const shares = right.shares.map((sealed, receiver) =>
      receiver === 1
        ? sealed
        : forms.sealShare(state, receiver, forms.sealingSecret(seedOf(1), receiver), { value: 5n, blind: 7n }),
    );
    const many = runWith([[1, { ...right, shares }]]);
    expectOutcome(many, [0, 2, 3], [[1, 'too-many-complaints']]);
    expect(many.nodes[1]!.said.some((bytes) => payloadOf(bytes)?.type === 'justification')).toBe(false);
  });
});

test('a sealed share that cannot be opened is a wrong share', () => {
  const right = trueWord(1, 'contribution');
  const garbled = { ...right.shares[2]!, ciphertext: new Uint8Array(80).fill(3) };
  const net = runWith([[1, { ...right, shares: right.shares.with(2, garbled) }]]);
  expectOutcome(net, [0, 2, 3], [[1, 'not-justified']]);
});

describe('a sealed share whose scalar', () => {
  const zero = new Uint8Array(32);
  const { value, blind } = shareOf(1, 2);
  const big = (scalar: bigint) => Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');

  /** What `dealer` has for `receiver`. */
  function shareOf(dealer: number, receiver: number) {
    const dealing = forms.deal(seedOf(dealer), threshold);
    return {
      value: scalarToBytes(evaluate(dealing.value, receiver + 1)),
      blind: scalarToBytes(evaluate(dealing.blind, receiver + 1)),
    };
  }

  test('is right is taken: the bytes are made as the protocol has them', () => {
    const net = runWith([[1, bytesFor(2, 1, Buffer.concat([value, blind]))]]);
    expectOutcome(net, [0, 1, 2, 3], []);
  });

  test.each<[string, Uint8Array]>([
    ['0', Buffer.concat([zero, blind])],
    ['0, for the blind', Buffer.concat([value, zero])],
    ['the order', Buffer.concat([big(ORDER), blind])],
    ['the order, for the blind', Buffer.concat([value, big(ORDER)])],
    ['as large as its bytes allow', Buffer.concat([new Uint8Array(32).fill(0xff), blind])],
    ['cut off', Buffer.concat([value, blind.subarray(1)])],
  ])('is %s is a wrong share, for the receiver and for all who judge the justification', (_what, plaintext) => {
    expectOutcome(runWith([[1, bytesFor(2, 1, plaintext)]]), [0, 2, 3], [[1, 'not-justified']]);
  });
});

test('a false complaint costs the accuser its place as a dealer, not the accused', () => {
  const net = runWith([[3, { type: 'complaining', accused: [0] }]]);
  expectOutcome(net, [0, 1, 2], [[3, 'false-accusation']]);
  expect(evidenceOf(net.nodes[1]!, 'false-accusation')).toEqual([
    `${nameOf(0)} contribution`,
    `${nameOf(3)} complaining`,
    `${nameOf(3)} initialisation`,
    `${nameOf(0)} justification`,
  ]);
});

test('one who is accused and silent is out; the proof is the agreed end of the phase', () => {
  const net = runWith([[1, wrongShareFor(2, 1)]], without(1, 'justification'));
  for (const index of [0, 2, 3]) {
    const { state } = net.nodes[index]!;
    expect(state.outcome!.qualified).toEqual([0, 2, 3]);
    const [blame] = state.blame.filter((each) => each.reason === 'not-justified');
    expect(blame!.node).toBe(nameOf(1));
    expect(toHex(blame!.evidence.at(-1)!)).toBe(toHex(state.closes[Phase.Justification]!.certificate));
  }
});

test('an answer for one accuser when there are two is no answer', () => {
  const right = wrongShareFor(2, 1) as forms.PayloadOf<'contribution'>;
  const also = (wrongShareFor(3, 1) as forms.PayloadOf<'contribution'>).shares[3]!;
  const half: forms.Payload = {
    type: 'justification',
    answers: [{ accuser: 2, secret: forms.sealingSecret(seedOf(1), 2) }],
  };
  const net = runWith([
    [1, { ...right, shares: right.shares.with(3, also) }],
    [1, half],
  ]);
  for (const index of [0, 2, 3]) {
    const { state } = net.nodes[index]!;
    expect(state.outcome!.qualified).toEqual([0, 2, 3]);
    expect(new Set(state.blame.map((each) => each.node))).toEqual(new Set([nameOf(1)]));
  }
});

describe('a Feldman commitment', () => {
  const right = trueWord(2, 'commitment');

  /** To `value` in the place of what the dealer has dealt, proven as well as it can be. */
  function committingTo(dealer: number, value: readonly Scalar[]): forms.Payload {
    const { state } = honest.nodes[dealer]!;
    const dealt = forms.deal(seedOf(dealer), threshold);
    return forms.commitment(state, { ...dealt, value, feldman: value.map(mulBase) }, seedOf(dealer));
  }

  test('that is false is refused, and the dealer opened: the key is the one that it dealt', () => {
    const other = encodeCurvePoint(mulBase(99n));
    for (const at of right.commitment.keys()) {
      const net = runWith([[2, { ...right, commitment: right.commitment.with(at, other) }]]);
      expectOutcome(net, [0, 1, 2, 3], [[2, 'false-commitment']]);
      const evidence = evidenceOf(net.nodes[0]!, 'false-commitment');
      expect(evidence).toEqual([`${nameOf(2)} contribution`, `${nameOf(2)} commitment`]);
    }
  });

  test('that is another dealer’s, or of another polynomial, is as false', () => {
    const theirs = trueWord(1, 'commitment');
    expectOutcome(runWith([[2, theirs]]), [0, 1, 2, 3], [[2, 'false-commitment']]);
    expectOutcome(runWith([[2, committingTo(2, [1n, 2n, 3n])]]), [0, 1, 2, 3], [[2, 'false-commitment']]);
  });

  test('that fits the shares of all but one is false for all: no dealer chooses the key', () => {
    // Zero at the x of two: with the liar that is a supermajority who could see nothing wrong.
    const { value } = forms.deal(seedOf(2), threshold);
    const error = [2n, mod(-3n), 1n];
    const crafted = value.map((coefficient, k) => modAdd(coefficient, error[k]!));
    for (const x of [1, 2]) expect(evaluate(crafted, x)).toBe(evaluate(value, x));
    expectOutcome(runWith([[2, committingTo(2, crafted)]]), [0, 1, 2, 3], [[2, 'false-commitment']]);
  });

  test('whose sum with another false one is right is false all the same', () => {
    const [a, b] = [1, 2].map((dealer) => forms.deal(seedOf(dealer), threshold).value);
    // They swap theirs. Alone such a lie takes one liar more than may be; the two are blamed, and opened.
    const net = runWith([
      [1, committingTo(1, b!)],
      [2, committingTo(2, a!)],
    ]);
    const secret = mod([0, 1, 2, 3].reduce((sum, i) => sum + forms.deal(seedOf(i), threshold).value[0]!, 0n));
    for (const { state } of net.nodes.filter(({ index }) => index === 0 || index === 3)) {
      expect(state.outcome!.key).toEqual(encodeG1(mulBase(secret)));
      expect(state.blame.map((each) => each.reason)).toEqual(['false-commitment', 'false-commitment']);
    }
  });

  test('that is false is waited for no longer', () => {
    const net = runWith([[2, committingTo(2, [1n, 2n, 3n])]]);
    expect(net.now).toBeLessThan(DEFAULT_PARAMS.deadlineMs);
  });

  test('that is missing, its dealer being dead, is made good by the others', () => {
    const net = new Net(members).start();
    net.pump(() => net.nodes.some((node) => node.state.phase === Phase.Commitment));
    const dead = net.nodes.findLast((node) => node.state.phase < Phase.Commitment)!;
    dead.up = false;
    net.run();
    expect(dead.said.map((bytes) => payloadOf(bytes)?.type)).not.toContain('commitment');
    for (const { state } of net.nodes.filter((node) => node !== dead)) {
      expect(toHex(state.outcome!.key)).toBe(toHex(honest.nodes[0]!.state.outcome!.key));
      expect(state.outcome!.qualified).toEqual([0, 1, 2, 3]);
      expect(state.blame).toEqual([]);
    }
  });

  test('that never arrives is made good too, and its living dealer has the same key', () => {
    const net = runWith([], without(2, 'commitment'));
    expect(net.nodes[0]!.state.closes[Phase.Commitment]!.included.has(2)).toBe(false);
    expectOutcome(net, [0, 1, 2, 3], []);
    expect(net.nodes.map((node) => toHex(node.state.outcome!.key))).toEqual(
      honest.nodes.map((node) => toHex(node.state.outcome!.key)),
    );
  });
});

describe('one who says two things in one phase', () => {
  test.each<[string, forms.Payload]>([
    ['initialisation', { type: 'initialisation', ephemeral: forms.sessionKeys(seedOf(77)).publicKey }],
    ['complaining', { type: 'complaining', accused: [0] }],
  ])('(%s) is blamed with both, and all finish alike', (type, other) => {
    const net = new Net(members, { lies: [{ by: 1, payload: other, beside: true }] }).start().run();
    const seen = [0, 2, 3].map((index) => net.nodes[index]!);
    expect(new Set(seen.map((node) => toHex(node.state.outcome!.transcript))).size).toBe(1);
    for (const { state } of seen) {
      const blame = state.blame.find((each) => each.reason === 'equivocation')!;
      expect(blame.node).toBe(nameOf(1));
      expect(blame.evidence).toHaveLength(2);
      expect(new Set(blame.evidence.map(toHex)).size).toBe(2);
      for (const raw of blame.evidence) {
        expect(openEnvelope(raw, NETWORK).author).toBe(nameOf(1));
        expect(payloadOf(raw)?.type).toBe(type);
      }
    }
  });

  test('to each receiver another is caught by the hashes, and all finish alike', () => {
    const other = forge(members[1]!, honest.session, {
      type: 'initialisation',
      ephemeral: forms.sessionKeys(seedOf(77)).publicKey,
    });
    const net = new Net(members, {
      link: (from, to, bytes) => {
        const isOwn = from === 1 && to >= 2 && !isAnswer(bytes) && payloadOf(bytes)?.type === 'initialisation';
        return isOwn ? other : bytes;
      },
    });
    net.start().run();
    const seen = [0, 2, 3].map((index) => net.nodes[index]!);
    expect(new Set(seen.map((node) => toHex(node.state.outcome!.transcript))).size).toBe(1);
  });
});
