import {
  encodeG1,
  equals,
  fromHex,
  Identity,
  interpolateAt,
  mulBase,
  openSealed,
  sealTo,
  sha256,
  toHex,
  x25519PublicFromEd25519,
} from '@witan/crypto';
import { unlessBad } from '@witan/errors';
import { decode, encode, openEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { confirmed, dkgMachine, forms, isDone, type State } from '../src/index.ts';
import { identities, NETWORK, Net, type NetOptions, type Node, recovered, seedOf } from './support.ts';

const machine = dkgMachine();
const { requestCodec, answerCodec, dealingCodec, purposeOf } = forms.shareRepair;
const VICTIM = 3;
const secretOf = (life: number) => sha256(new Uint8Array([life]));

/** A session in which the dealer 0 deals the victim a wrong share, and it dies before it could complain. */
function dealtBadly(count: number, options: NetOptions = {}): { net: Net; victim: Node } {
  const members = identities(count);
  const plain = new Net(members).start();
  plain.pump(() => plain.nodes[0]!.state.phase > 1);
  const { state } = plain.nodes[0]!;
  const dealing = forms.deal(seedOf(0), plain.session.threshold);
  const truth = forms.contribution(state, dealing, seedOf(0));
  const wrong = forms.sealShare(state, VICTIM, forms.sealingSecret(seedOf(0), VICTIM), { value: 7n, blind: 8n });
  const payload = { ...truth, shares: truth.shares.with(VICTIM, wrong) };
  const net = new Net(members, { ...options, lies: [{ by: 0, payload }] }).start();
  const victim = net.nodes[VICTIM]!;
  net.pump(() => victim.said.length === 2);
  net.crash(victim, false);
  net.run();
  net.restart(victim);
  net.run();
  return { net, victim };
}

function ask(net: Net, node: Node, life = 1): void {
  net.step(node, { type: 'repair', secret: secretOf(life), at: net.now });
}

const holds = ({ state }: Node) => state.secretShare !== undefined;

function expectShare({ state, index }: Node): void {
  expect(toHex(encodeG1(mulBase(state.secretShare!)))).toBe(toHex(state.outcome!.publicKeyShares[index]!));
}

describe.each([4, 7])('%i participants, one without a share', (count) => {
  test('it gets its share from the others, and keeps it over a crash', () => {
    const { net, victim } = dealtBadly(count);
    expect(isDone(victim.state)).toBe(true);
    expect(holds(victim)).toBe(false);
    ask(net, victim);
    net.run(() => net.nodes.every(({ state }) => confirmed(state).length === count));
    expectShare(victim);
    expect(victim.reports.findLast(({ type }) => type !== 'message')).toMatchObject({ type: 'repaired', attempts: 1 });
    net.crash(victim, false);
    net.restart(victim);
    expectShare(victim);
    // It helps others from now on, and nobody has changed.
    for (const node of net.nodes) expectShare(node);
  });

  test('it is a secret record, and its keys are overwritten', () => {
    const { net, victim } = dealtBadly(count);
    const secret = secretOf(1);
    net.step(victim, { type: 'repair', secret, at: net.now });
    net.run(() => holds(victim));
    expect(victim.journal.findLast(({ secret }) => secret)).toMatchObject({ secret: true, durable: true });
    expect(secret.every((byte) => byte === 0)).toBe(true);
  });
});

test('killed in the middle, it begins again', () => {
  const { net, victim } = dealtBadly(7);
  ask(net, victim);
  net.pump(() => (victim.state.repair?.parts.size ?? 0) > 1);
  net.crash(victim, false);
  net.restart(victim);
  expect(victim.state.repair).toBeUndefined();
  ask(net, victim, 2);
  net.run(() => holds(victim));
  expectShare(victim);
});

test('with too few of the others it goes on asking, seldom, and has its share when one comes back', () => {
  let asked = 0;
  const { net, victim } = dealtBadly(7, {
    onStep: (node, _before, event) => {
      if (node.index !== VICTIM && event.type === 'request') asked++;
    },
  });
  for (const index of [1, 5]) net.crash(net.nodes[index]!, true);
  ask(net, victim);
  asked = 0;
  const until = net.now + 60_000;
  net.run(() => net.now > until);
  expect(holds(victim)).toBe(false);
  // Every 5 s in the end: three dealers and six helpers at most.
  expect(asked).toBeLessThan(9 * 20);
  net.restart(net.nodes[5]!);
  net.run(() => holds(victim));
  expectShare(victim);
});

const LIAR = 4;
type Answer = forms.shareRepair.RepairAnswer;
type Dealing = forms.shareRepair.RepairDealing;
type Lie = (answer: Answer, about: { readonly net: Net; readonly asked: forms.shareRepair.RepairRequest }) => Answer;

/** What a helper's answer becomes on its way to the victim. */
function lying(lie: Lie) {
  let net: Net | undefined;
  let asked: forms.shareRepair.RepairRequest | undefined;
  const made = dealtBadly(7, {
    link: (from, to, bytes) => {
      if (!net) return bytes;
      const question = unlessBad(() => openEnvelope(bytes, NETWORK));
      if (question?.kind === 'dkgRepair' && from === VICTIM && to === LIAR) asked = decode(requestCodec, question.body);
      if (question || from !== LIAR || to !== VICTIM) return bytes;
      return encode(answerCodec, lie(decode(answerCodec, bytes), { net, asked: asked! }));
    },
  });
  net = made.net;
  return made;
}

/** Another dealing in the place of its own. */
function dealing(change: (dealing: Dealing, about: Parameters<Lie>[1]) => Dealing): Lie {
  return (answer, about) => {
    if (answer.type !== 'dealing') return answer;
    const changed = change(decode(dealingCodec, openEnvelope(answer.raw, NETWORK).body), about);
    const body = encode(dealingCodec, changed);
    return { ...answer, raw: sealEnvelope(about.net.nodes[LIAR]!.identity, NETWORK, 'dkgRepairDealing', body).raw };
  };
}

const sealing = sha256(new Uint8Array([88]));
const about = (what: string, purpose: Uint8Array, ...who: number[]) =>
  Buffer.concat([Buffer.from(`witan/dkg/repair/${what}`), purpose, Buffer.from(who)]);

/** For one of those who help. */
const pieceOf = (scalar: Uint8Array): Lie =>
  dealing((truth, { net, asked }) => {
    const holder = 5;
    const to = x25519PublicFromEd25519(net.session.participants[holder]!.publicKey);
    const context = about('piece', purposeOf(VICTIM, asked), LIAR, holder);
    return { ...truth, pieces: truth.pieces.with(holder, sealTo(to, sealing, scalar, context)) };
  });

const maskedBy =
  (scalar: Uint8Array): Lie =>
  (answer, { asked }) => {
    if (answer.type !== 'masked') return answer;
    const context = about('masked', purposeOf(VICTIM, asked), LIAR);
    return { ...answer, sealed: sealTo(asked.ephemeral, sealing, scalar, context) };
  };

const LIES: Record<string, Lie> = {
  'no answer': () => ({ type: 'none' }),
  'a wrong masked share': (answer) =>
    answer.type === 'masked' ? { ...answer, sealed: { ...answer.sealed, ciphertext: new Uint8Array(48) } } : answer,
  'a false accusation': (answer) => (answer.type === 'masked' ? { type: 'refused', dealers: [2, 4, 5] } : answer),
  'a dealing that is none': (answer) =>
    answer.type === 'dealing' ? { ...answer, raw: answer.raw.slice(0, -1) } : answer,
  'a false piece for one': dealing((truth) => ({ ...truth, pieces: truth.pieces.with(5, truth.pieces[4]!) })),
};

/** Compressed; x is 0, with which (0, 2) is on the curve and of order 3, or 1, with which none is. */
const compressed = (flags: number, x: number) => new Uint8Array(48).with(0, flags).with(47, x);
const POINTS = {
  'no point': compressed(0, 0),
  'a point off the curve': compressed(0x80, 1),
  'a point outside the subgroup': compressed(0x80, 0),
  'the point at infinity': compressed(0xc0, 0),
};
for (const [name, point] of Object.entries(POINTS)) {
  LIES[`${name} in its dealing`] = dealing((truth) => ({ ...truth, commitment: truth.commitment.with(1, point) }));
}
const SCALARS = {
  '0': new Uint8Array(32),
  'the order of the group': fromHex('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001'),
  '2²⁵⁶ − 1': new Uint8Array(32).fill(0xff),
};
for (const [name, scalar] of Object.entries(SCALARS)) {
  LIES[`${name} as a piece`] = pieceOf(scalar);
  LIES[`${name} as its masked share`] = maskedBy(scalar);
}

test.each(Object.entries(LIES))('one of the others lies: %s', (_name, lie) => {
  let told = 0;
  const { net, victim } = lying((answer, about) => {
    const said = lie(answer, about);
    if (said !== answer) told++;
    return said;
  });
  ask(net, victim);
  net.run(() => holds(victim));
  expect(told).toBeGreaterThan(0);
  expectShare(victim);
});

describe('what a helper answers', () => {
  const net = new Net(identities(7)).start().run();
  const [receiver, helper] = [net.nodes[VICTIM]!, net.nodes[5]!];
  const keys = forms.sessionKeys(secretOf(9));

  type Request = forms.shareRepair.RepairRequest;
  /** Each attempt has a key of its own. */
  const attemptOf = (nth: number) => request({ ephemeral: forms.sessionKeys(secretOf(1000 + nth)).publicKey });

  function request(change: Partial<Request> = {}): Request {
    return { session: net.session.idBytes, ephemeral: keys.publicKey, dealers: [1, 4, 5], dealings: [], ...change };
  }

  function put(to: Node, asked: Request, by: Identity = receiver.identity, at = 1e6) {
    const bytes = sealEnvelope(by, NETWORK, 'dkgRepair', encode(requestCodec, asked)).raw;
    const { state, effects } = machine.step(to.state, { type: 'request', id: 'q', bytes, at });
    const reply = effects.find((effect) => effect.type === 'reply');
    return { state, effects, answer: reply && decode(answerCodec, reply.bytes) };
  }

  function dealings(asked: Request): Uint8Array[] {
    return asked.dealers.map((dealer) => {
      const { answer } = put(net.nodes[dealer]!, asked);
      return answer?.type === 'dealing' ? answer.raw : new Uint8Array(0);
    });
  }

  function masked(asked: Request): { x: number; y: bigint }[] {
    const purpose = purposeOf(VICTIM, asked);
    const whole = { ...asked, dealings: dealings(asked) };
    return net.nodes.flatMap((node) => {
      const answer = node.index === VICTIM ? undefined : put(node, whole).answer;
      if (answer?.type !== 'masked') return [];
      const context = Buffer.concat([Buffer.from('witan/dkg/repair/masked'), purpose, Buffer.of(node.index)]);
      const plain = openSealed(keys.privateKey, answer.sealed.ephemeral, answer.sealed.ciphertext, context);
      return [{ x: node.index + 1, y: BigInt(`0x${toHex(plain)}`) }];
    });
  }

  test('lies on a polynomial that is the share at the receiver and random elsewhere', () => {
    const a = masked(request());
    const b = masked(request({ dealers: [0, 2, 6] }));
    expect(a).toHaveLength(6);
    for (const points of [a, b]) {
      expect(interpolateAt(points.slice(0, 5), VICTIM + 1)).toBe(receiver.state.secretShare);
      expect(interpolateAt(points.slice(1), VICTIM + 1)).toBe(receiver.state.secretShare);
      expect(equals(mulBase(interpolateAt(points, 0)), mulBase(interpolateAt(points.slice(0, 5), 0)))).toBe(true);
      expect(encodeG1(mulBase(interpolateAt(points, 0)))).not.toEqual(net.nodes[0]!.state.outcome!.key);
      for (const { x, y } of points) expect(y).not.toBe(net.nodes[x - 1]!.state.secretShare);
    }
    // Every purpose has a mask of its own: nothing of one helps against another.
    expect(interpolateAt(a, 0)).not.toBe(interpolateAt(b, 0));
  });

  test('is the same bytes when it is asked again, and no state changes but the count of answers', () => {
    const asked = request();
    const whole = { ...asked, dealings: dealings(asked) };
    for (const each of [asked, whole]) {
      const [first, second] = [put(helper, each), put(helper, each)];
      expect(first.answer).toEqual(second.answer);
      expect(first.effects.filter((effect) => effect.type === 'persist')).toEqual([]);
      expect({ ...first.state, progress: undefined }).toEqual({ ...helper.state, progress: undefined });
    }
  });

  test.each([
    ['too few dealers', { dealers: [4, 5] }],
    ['too many', { dealers: [1, 2, 4, 5] }],
    ['one twice', { dealers: [1, 5, 5] }],
    ['not sorted', { dealers: [5, 4, 1] }],
    ['the receiver among them', { dealers: [1, VICTIM, 5] }],
    ['one who is none', { dealers: [1, 5, 7] }],
    ['dealings of some', { dealings: [new Uint8Array(3)] }],
  ])('is nothing to a question with %s', (_name, change) => {
    const { answer, state, effects } = put(helper, request(change));
    expect(answer).toBeUndefined();
    expect(state).toEqual(helper.state);
    expect(effects).toMatchObject([{ type: 'report', report: { type: 'rejected', reason: 'invalid' } }]);
  });

  test('is nothing to strangers, to itself, and for another session', () => {
    const stranger = Identity.fromSeed(sha256(new Uint8Array([77])));
    expect(put(helper, request(), stranger).effects).toMatchObject([{ report: { reason: 'not-participant' } }]);
    expect(put(helper, request({ dealers: [0, 1, 2] }), helper.identity).answer).toBeUndefined();
    expect(put(helper, request({ session: new Uint8Array(32) })).effects).toMatchObject([
      { report: { reason: 'wrong-session' } },
    ]);
  });

  test('is nothing while the session is not done, and limited afterwards', () => {
    const young = new Net(identities(7)).start();
    const early = machine.step(young.nodes[5]!.state, {
      type: 'request',
      id: 'q',
      bytes: sealEnvelope(receiver.identity, NETWORK, 'dkgRepair', encode(requestCodec, request())).raw,
      at: 0,
    });
    const reply = early.effects.find((effect) => effect.type === 'reply')!;
    expect(decode(answerCodec, reply.bytes)).toEqual({ type: 'none' });
    let node = helper;
    const asked = (nth: number) => {
      const { answer, state } = put(node, attemptOf(nth));
      node = { ...node, state };
      return answer!.type;
    };
    const kinds = Array.from({ length: 12 }, (_, nth) => asked(nth));
    expect(kinds.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => 'dealing'));
    expect(kinds.slice(8)).toEqual(['none', 'none', 'none', 'none']);
  });

  test('is not kept from its receiver by others who put its questions again, of repair and of anti-entropy', () => {
    let node = helper;
    const asked = (nth: number, at: number) => {
      const { answer, state } = put(node, attemptOf(nth), receiver.identity, at);
      node = { ...node, state };
      return answer!;
    };
    const first = asked(0, 1e6);
    const young = new Net(identities(7));
    young.start([young.nodes[VICTIM]!]);
    const tick = (state: State, at: number) => machine.step(state, { type: 'timer', id: 'progress', at });
    const { effects } = tick(tick(young.nodes[VICTIM]!.state, 5000).state, 9000);
    const question = effects.flatMap((effect) => (effect.type === 'request' ? [effect.bytes] : []))[0]!;
    for (let at = 1e6; at < 1e6 + 900; at += 10) {
      expect(asked(0, at)).toEqual(first);
      node = { ...node, state: machine.step(node.state, { type: 'request', id: 'q', bytes: question, at }).state };
    }
    expect(asked(1, 1e6 + 901).type).toBe('dealing');
    // What is remembered for it is bounded: of so many attempts the first is forgotten, and the last is not.
    for (let nth = 2; nth <= 65; nth++) asked(nth, 2e6 + nth * 1000);
    expect([...node.state.progress.help.values()].map(({ size }) => size)).toEqual([64]);
  });

  test('is not kept from its receiver by others who put its first question to one who does not deal', () => {
    const asked = request({ dealers: [0, 1, 2] });
    let { state } = helper;
    for (let nth = 0; nth < 20; nth++) ({ state } = put({ ...helper, state }, asked));
    expect(put({ ...helper, state }, { ...asked, dealings: dealings(asked) }).answer?.type).toBe('masked');
  });

  test('names the dealers whose dealing is for something else, of somebody else, or wrong', () => {
    const asked = request();
    const own = dealings(asked);
    const other = dealings(request({ ephemeral: forms.sessionKeys(secretOf(8)).publicKey }));
    const refused = (at: number, raw: Uint8Array) => put(helper, { ...asked, dealings: own.with(at, raw) }).answer;
    expect(refused(0, other[0]!)).toEqual({ type: 'refused', dealers: [1] });
    expect(refused(1, own[0]!)).toEqual({ type: 'refused', dealers: [4] });
    const dealing = decode(dealingCodec, openEnvelope(own[2]!, NETWORK).body);
    const commitment = dealing.commitment.with(0, dealing.commitment[1]!);
    const wrong = sealEnvelope(
      helper.identity,
      NETWORK,
      'dkgRepairDealing',
      encode(dealingCodec, { ...dealing, commitment }),
    ).raw;
    expect(refused(2, wrong)).toEqual({ type: 'refused', dealers: [5] });
  });
});

test('one whose journal is lost gets no share: it may have forgotten votes', () => {
  const net = new Net(identities(7)).start().run();
  const victim = net.nodes[VICTIM]!;
  net.crash(victim, true);
  victim.journal = [];
  victim.state = net.fresh(victim.identity);
  victim.up = true;
  net.step(victim, { type: 'start', seed: secretOf(5), at: net.now });
  net.run();
  expect(isDone(victim.state)).toBe(true);
  expect(holds(victim)).toBe(false);
  const tried = () => machine.step(victim.state, { type: 'repair', secret: secretOf(1), at: 0 }).effects;
  expect(tried()).toEqual([]);
  // Nor after a restart, or once the seed is gone.
  net.step(victim, { type: 'retire', at: net.now });
  expect(tried()).toEqual([]);
  net.crash(victim, true);
  net.restart(victim);
  expect(isDone(victim.state)).toBe(true);
  expect(tried()).toEqual([]);
});

test('nobody asks who has a share, who only follows, or where the others have too few', () => {
  const asks = (state: State) => machine.step(state, { type: 'repair', secret: secretOf(1), at: 0 }).effects;
  const net = new Net(identities(4)).start().run();
  expect(asks(net.nodes[0]!.state)).toEqual([]);
  const three = new Net(identities(3)).start().run();
  expect(asks({ ...three.nodes[0]!.state, secretShare: undefined })).toEqual([]);
  const follower = new Net(identities(4)).fresh(identities(1, 'follower')[0]!);
  expect(asks(follower)).toEqual([]);
  expect(asks(recovered(net.fresh(net.nodes[0]!.identity), []))).toEqual([]);
});
