import { encodeG1, type Identity, mulBase, setVerificationCache, toHex } from '@witan/crypto';
import { decode, encode, type Infer, type Kind, networkTag, sealEnvelope } from '@witan/wire';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  DEFAULT_PARAMS,
  type Event,
  forms,
  initialState,
  type SectionReport,
  type State,
  sectionMachine,
} from '../src/index.ts';
import {
  certify,
  decide,
  dkgOf,
  eldersOf,
  GENESIS_KEY,
  GENESIS_SECRET,
  genesisOf,
  identities,
  NETWORK,
  nextOf,
  secretOf,
  sectionOf,
} from './support.ts';

beforeAll(() => setVerificationCache(1024));

const machine = sectionMachine();
const nodes = identities(6);
const [first, second] = nodes;
const [stranger] = identities(1, 'stranger');
/** The first node, with a few members, before its first DKG. */
const elder = settledElder();

function settledElder(): State {
  let state = fresh(first!);
  ({ state } = machine.step(state, { type: 'create', secret: GENESIS_SECRET, at: 0 }));
  for (const raw of sectionOf(nodes.slice(0, 4)).decisions.slice(1)) {
    ({ state } = machine.step(state, { type: 'certified', bytes: raw, at: 1 }));
  }
  expect(state.ledger?.generation).toBe(1);
  return state;
}

function fresh(identity: Identity): State {
  return initialState({ identity, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS });
}

/** It trusts the first genesis that it sees. */
function unpinned(): State {
  const { env } = fresh(second!);
  return initialState({ ...env, genesisKey: undefined });
}

/** What may change: the ledger, votes, shares, what it sees. Not the clock. */
function pictureOf(state: State): string {
  const { heard, beats, joins, sessions, changedAt } = state.sight;
  const { ledger, agreement, shares, progress } = state;
  return JSON.stringify(
    {
      generation: ledger?.generation,
      head: ledger?.head,
      agreement,
      shares: [...shares.keys()],
      progress,
      heard,
      beats,
      joins,
      sessions,
      changedAt,
    },
    (_key, value) =>
      value instanceof Map
        ? [...value]
        : value instanceof Set
          ? [...value]
          : typeof value === 'bigint'
            ? `${value}`
            : value,
  );
}

function handle(state: State, event: Event) {
  const { state: after, effects } = machine.step(state, event);
  const reports = effects.flatMap((effect) => (effect.type === 'report' ? [effect.report as SectionReport] : []));
  return { after, effects, reports };
}

/** Refused with a reason, or passed over as nothing: nothing changes, nothing is written down or said. */
function expectUnmoved(state: State, event: Event, reason?: string | readonly string[]): void {
  const { after, effects, reports } = handle(state, event);
  const reasons = reports.flatMap((report) => (report.type === 'rejected' ? [report.reason] : []));
  if (reason === undefined) expect(reasons).toEqual([]);
  else {
    expect(reasons).toHaveLength(1);
    expect([reason].flat()).toContain(reasons[0]);
  }
  expect(effects.filter(({ type }) => type === 'persist' || type === 'broadcast' || type === 'request')).toEqual([]);
  expect(pictureOf(after)).toBe(pictureOf(state));
}

test('a crowd that was heard before the section was known does not keep its members from being heard', () => {
  let state = fresh(second!);
  for (const by of identities(4096, 'crowd')) ({ state } = machine.step(state, received(heartbeat(by))));
  expect(state.sight.heard.size).toBe(4096);
  const joined = sectionOf(nodes.slice(0, 4));
  for (const raw of joined.decisions) ({ state } = machine.step(state, certified(raw)));
  for (const by of nodes.slice(0, 4)) ({ state } = machine.step(state, received(heartbeat(by, { sequence: 1 }))));
  const names = nodes.slice(0, 4).map(({ name }) => name);
  expect([...state.sight.heard.keys()].sort()).toEqual(names);
  expect([...state.sight.beats.keys()].sort()).toEqual(names);
});

const received = (bytes: Uint8Array, at = 0): Event => ({ type: 'received', bytes, at });
const certified = (bytes: Uint8Array): Event => ({ type: 'certified', bytes, at: 0 });
const seal = (by: Identity, kind: Kind, body: Uint8Array, network = NETWORK) =>
  sealEnvelope(by, network, kind, body).raw;
const joinRequest = (by: Identity, prefix = '') => seal(by, 'joinRequest', encode(forms.joinBody, { prefix }));

function heartbeat(by: Identity, change: Partial<Infer<typeof forms.heartbeatBody>> = {}): Uint8Array {
  const beat = { prefix: '', service: 1, generation: 1, key: GENESIS_KEY, usableShare: true, sequence: 0, ...change };
  return seal(by, 'heartbeat', encode(forms.heartbeatBody, beat));
}

function vote(by: Identity, change: { prefix?: string; generation?: number; instance?: Uint8Array } = {}): Uint8Array {
  const body = encode(forms.voteBody, {
    prefix: change.prefix ?? '',
    generation: change.generation ?? 2,
    vote: {
      instance: change.instance ?? elder.agreement!.options.instance,
      view: 0,
      step: 'prevote',
      value: new Uint8Array(32),
      fast: false,
      extra: new Uint8Array(0),
    },
  });
  return seal(by, 'sectionVote', body);
}

describe('bytes', () => {
  test('at random are refused, whatever they are said to be', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectUnmoved(elder, received(bytes), ['malformed', 'invalid']);
        expectUnmoved(elder, certified(bytes), ['malformed', 'invalid']);
        expectUnmoved(fresh(second!), certified(bytes), ['malformed', 'invalid']);
      }),
      { numRuns: 25 },
    );
  });

  test('cut off or changed are refused', () => {
    const raw = joinRequest(stranger!);
    fc.assert(
      fc.property(fc.nat(raw.length - 1), fc.nat(7), (at, bit) => {
        expectUnmoved(elder, received(raw.subarray(0, at)), ['malformed', 'invalid']);
        const changed = raw.with(at, raw[at]! ^ (1 << bit));
        expectUnmoved(elder, received(changed), ['malformed', 'invalid', 'unsupported', 'signature']);
      }),
      { numRuns: 40 },
    );
  });

  test('too large are refused', () => {
    const bytes = new Uint8Array(700 * 1024);
    expectUnmoved(elder, received(bytes), ['malformed', 'invalid']);
    expectUnmoved(elder, certified(bytes), ['malformed', 'invalid']);
  });
});

describe('a message', () => {
  test.each<[string, Uint8Array, string]>([
    [
      'of another network',
      seal(stranger!, 'joinRequest', encode(forms.joinBody, { prefix: '' }), networkTag('x')),
      'invalid',
    ],
    ['of a kind that has no place here', seal(second!, 'dkgMessage', new Uint8Array(40)), 'invalid'],
    ['with a body of another form', seal(second!, 'sectionVote', new Uint8Array(40).fill(200)), 'malformed'],
    ['asking to join another section', joinRequest(stranger!, '01'), 'invalid'],
    ['asking to join as a member', joinRequest(second!), 'duplicate'],
    ['a heartbeat of no member', heartbeat(stranger!), 'not-member'],
    ['a heartbeat in another section', heartbeat(second!, { prefix: '01' }), 'invalid'],
    ['a heartbeat of a service that there is none of', heartbeat(second!, { service: 9 }), 'malformed'],
    ['a vote of one who is no elder', vote(second!), 'not-member'],
    ['a vote of a stranger', vote(stranger!), 'not-member'],
    ['a vote for another section', vote(first!, { prefix: '01' }), 'invalid'],
    ['a vote on something else', vote(first!, { instance: new Uint8Array(32) }), 'invalid'],
  ])('%s is refused', (_what, bytes, reason) => expectUnmoved(elder, received(bytes), reason));

  test('under the name of another is refused', () => {
    const raw = joinRequest(stranger!);
    const posing = raw.slice();
    posing.set(nodes[5]!.publicKey, Buffer.from(raw).indexOf(stranger!.publicKey));
    expectUnmoved(elder, received(posing), 'signature');
    const beat = heartbeat(nodes[3]!);
    expectUnmoved(elder, received(beat.with(-1, beat.at(-1)! ^ 1)), 'signature');
  });

  test('that an elder has said before makes nobody alive, whenever it is repeated', () => {
    const beats = [5, 6].map((sequence) => heartbeat(second!, { sequence }));
    let state = elder;
    for (const bytes of beats) state = handle(state, received(bytes, 10)).after;
    expect(state.sight.heard.get(second!.name)).toBe(10);
    expectUnmoved(state, received(beats[1]!, 500), 'duplicate');
    expectUnmoved(state, received(beats[0]!, 500), 'stale');
    const next = handle(state, received(heartbeat(second!, { sequence: 7 }), 500)).after;
    expect(next.sight.heard.get(second!.name)).toBe(500);
  });

  test('of an elder’s vote counts once', () => {
    const ledger = eldersOf(nodes.slice(0, 4));
    const among = ledger.decisions.reduce((state, raw) => handle(state, certified(raw)).after, fresh(nodes[4]!));
    const { instance } = among.agreement!.options;
    const bytes = vote(second!, { generation: ledger.generation + 1, instance });
    const { after, reports } = handle(among, received(bytes));
    expect(reports).toEqual([]);
    expect(after.agreement).not.toBe(among.agreement);
    for (let i = 0; i < 3; i++) expectUnmoved(after, received(bytes), 'duplicate');
  });

  test('about a generation that is over is passed over', () => {
    expectUnmoved(elder, received(vote(first!, { generation: 1 })));
  });

  test('about a later generation asks, and takes nothing from it', () => {
    const { after, effects } = handle(elder, received(vote(second!, { generation: 9 })));
    expect(after.ledger).toBe(elder.ledger);
    expect(effects.map((effect) => effect.type)).toContain('setTimer');
    expect(after.progress.ahead).toEqual({ node: second!.name, generation: 8 });
  });
});

test('join requests of many identities are bounded, and forgotten with time', () => {
  let state = fresh(second!);
  for (const identity of identities(300, 'crowd')) state = handle(state, received(joinRequest(identity))).after;
  expect(state.sight.joins.size).toBe(256);
  const later = DEFAULT_PARAMS.policy.joinForMs + 1;
  state = handle(state, received(joinRequest(stranger!), later)).after;
  expect([...state.sight.joins.keys()]).toEqual([stranger!.name]);
});

describe('a certified decision', () => {
  const ledger = elder.ledger!;
  const start = dkgOf(nodes.slice(0, 4));

  test('that is the next is taken, from wherever it came', () => {
    const { after } = handle(elder, certified(certify(GENESIS_SECRET, nextOf(ledger), start)));
    expect(after.ledger?.pending).toBeDefined();
  });

  test('that is forged — a DkgStart under another key — is refused', () => {
    expectUnmoved(elder, certified(certify(secretOf('liar'), nextOf(ledger), start)), 'signature');
  });

  test('that does not follow the last one is refused', () => {
    const claim = { ...nextOf(ledger), parent: new Uint8Array(32) };
    expectUnmoved(elder, certified(certify(GENESIS_SECRET, claim, start)), 'invalid');
  });

  test('that is stale, or repeated, is refused as that', () => {
    for (const raw of ledger.decisions) expectUnmoved(elder, certified(raw), 'duplicate');
    const stale = certify(GENESIS_SECRET, { ...nextOf(ledger), generation: 1 }, start);
    expectUnmoved(elder, certified(stale), 'stale');
  });

  test('that hands over to a key that no session made is refused', () => {
    const handover = {
      type: 'handover',
      session: new Uint8Array(32),
      key: encodeG1(mulBase(5n)),
      threshold: 1,
      elders: [stranger!.publicKey],
      publicKeyShares: [encodeG1(mulBase(5n))],
    } as const;
    expectUnmoved(elder, certified(certify(GENESIS_SECRET, nextOf(ledger), handover)), 'invalid');
  });

  test('of another genesis is refused by who has one pinned, and by who has one already', () => {
    const other = genesisOf(stranger!, secretOf('another genesis'));
    expectUnmoved(fresh(second!), certified(other), 'untrusted-key');
    expectUnmoved(elder, certified(other), 'stale');
    const trusting = handle(unpinned(), certified(ledger.decisions[0]!)).after;
    expectUnmoved(trusting, certified(other), 'stale');
  });
});

describe('an answer', () => {
  const tag = `ae/${first!.name}`;
  const follower = followerWith(1);
  const asking: State = { ...follower, progress: { ...follower.progress, asking: first!.name } };
  const more = decide(elder.ledger!, dkgOf(nodes.slice(0, 4)));
  const EMPTY: Infer<typeof forms.answerCodec> = { generation: 9, decisions: [], ballots: [], values: [], more: true };

  function followerWith(decisions: number): State {
    return elder
      .ledger!.decisions.slice(0, decisions)
      .reduce((state, raw) => handle(state, certified(raw)).after, fresh(second!));
  }

  function answer(bytes: Uint8Array, state: State = asking) {
    const { after, effects, reports } = handle(state, { type: 'response', tag, ok: true, bytes, at: 1 });
    const result = reports.find((report) => report.type === 'answered');
    return { after, result, asks: effects.filter((effect) => effect.type === 'request').length };
  }

  test('with what is missing is taken, and asked for more only if there is', () => {
    const good = { ...EMPTY, decisions: more.decisions.slice(1) };
    const taken = answer(encode(forms.answerCodec, good));
    expect(taken.result).toMatchObject({ recovered: 2, result: 'new' });
    expect(taken.after.ledger?.generation).toBe(2);
    expect(taken.asks).toBe(1);
    expect(answer(encode(forms.answerCodec, { ...good, more: false })).asks).toBe(0);
  });

  const lie = certify(secretOf('liar'), nextOf(elder.ledger!), dkgOf(nodes.slice(0, 4)));
  test.each<[string, Uint8Array, string]>([
    ['of garbage', new Uint8Array(30).fill(7), 'refused'],
    ['of nothing at all', new Uint8Array(0), 'refused'],
    ['that is empty and promises more', encode(forms.answerCodec, EMPTY), 'nothing'],
    [
      'with only what is known',
      encode(forms.answerCodec, { ...EMPTY, decisions: [elder.ledger!.decisions[0]!] }),
      'nothing',
    ],
    ['with decisions that do not follow', encode(forms.answerCodec, { ...EMPTY, decisions: [lie, lie] }), 'refused'],
    ['with garbage for decisions', encode(forms.answerCodec, { ...EMPTY, decisions: [new Uint8Array(50)] }), 'refused'],
    ['with garbage for votes', encode(forms.answerCodec, { ...EMPTY, ballots: [new Uint8Array(80)] }), 'nothing'],
    [
      'with values that nobody voted for',
      encode(forms.answerCodec, { ...EMPTY, values: [new Uint8Array(9)] }),
      'nothing',
    ],
  ])('%s brings nothing, and asks nobody', (_what, bytes, result) => {
    const taken = answer(bytes);
    expect(taken.result).toMatchObject({ recovered: 0, result });
    expect(taken.asks).toBe(0);
    expect(taken.after.ledger).toBe(asking.ledger);
    expect(taken.after.progress.asking).toBeUndefined();
  });

  test('with a lie after what is true keeps what is true', () => {
    const decisions = [...elder.ledger!.decisions, lie];
    const taken = answer(encode(forms.answerCodec, { ...EMPTY, decisions }));
    expect(taken.after.ledger?.generation).toBe(1);
    expect(taken.result).toMatchObject({ recovered: 1, result: 'refused' });
    expect(taken.asks).toBe(0);
  });
});

describe('a question', () => {
  const question = (by: Identity, generation: number | undefined, prefix = '', network = NETWORK) =>
    seal(by, 'sectionHoldings', encode(forms.holdingsBody, { prefix, generation, agreement: undefined }), network);

  function ask(state: State, bytes: Uint8Array, at = 0) {
    const { after, effects, reports } = handle(state, { type: 'request', id: 'q', bytes, at });
    const reply = effects.find((effect) => effect.type === 'reply');
    return { after, reports, answer: reply && decode(forms.answerCodec, reply.bytes) };
  }

  test('is answered with the decisions since the asker’s', () => {
    const all = elder.ledger!.decisions.map(toHex);
    expect(ask(elder, question(stranger!, undefined)).answer?.decisions.map(toHex)).toEqual(all);
    expect(ask(elder, question(second!, 0)).answer?.decisions.map(toHex)).toEqual(all.slice(1));
    expect(ask(elder, question(second!, 1)).answer).toMatchObject({ decisions: [], more: false });
    expect(ask(elder, question(second!, 2 ** 32 - 1)).answer).toMatchObject({ decisions: [], more: false });
    expect(ask(elder, question(second!, 0, '1')).answer).toMatchObject({ decisions: [], more: false });
  });

  test.each<[string, Uint8Array, string]>([
    ['of random bytes', new Uint8Array(100).fill(3), 'malformed'],
    ['of another network', question(second!, 0, '', networkTag('x')), 'invalid'],
    ['under another’s name', question(second!, 0).with(-1, 0).with(-2, 0).with(-3, 0), 'signature'],
    ['that is something else', joinRequest(stranger!), 'invalid'],
    ['with a body of another form', seal(second!, 'sectionHoldings', new Uint8Array(60).fill(9)), 'malformed'],
  ])('%s gets no answer, and is counted', (_what, bytes, reason) => {
    const { answer, reports } = ask(elder, bytes);
    expect(answer).toBeUndefined();
    expect(reports).toMatchObject([{ type: 'rejected', reason }]);
  });

  test('too many of one in a second are answered with nothing, and nobody else is', () => {
    let state = elder;
    const served = Array.from({ length: 80 }, () => {
      const { after, answer } = ask(state, question(second!, undefined));
      state = after;
      return answer!.decisions.length > 0;
    });
    expect(served.filter(Boolean)).toHaveLength(64);
    expect(ask(state, question(stranger!, undefined)).answer?.decisions).toHaveLength(2);
    expect(ask(state, question(second!, undefined), 1500).answer?.decisions).toHaveLength(2);
  });
});
