import type { Action } from '@witan/chain';
import { Identity, setDecodeCache, setVerificationCache, sha256 } from '@witan/crypto';
import { encodeHistoryRequest, HISTORIES_KEPT } from '@witan/elder';
import { DEFAULT_PARAMS, forms, initialState, type Ledger, sectionMachine } from '@witan/section';
import { bool, bytes as bytesOf, decode, encode, fixed, type Infer, sealEnvelope, struct, u32 } from '@witan/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CatchingUp } from '../src/backend-live/catching-up.ts';
import { type Answers, certify, gatewayBefore, genesis, key, node, TAG, utf8 } from './one-node.ts';

const PATIENCE_MS = 10_000;

// The gateway and the node that it asks verify the same bytes.
beforeAll(() => {
  setDecodeCache(1024);
  setVerificationCache(1024);
});
afterAll(() => {
  setDecodeCache(0);
  setVerificationCache(0);
});

const stranger = Identity.fromSeed(sha256(utf8('stranger')));
const joins = (generation: number): Action => ({
  type: 'join',
  nodes: [Identity.fromSeed(sha256(utf8(`newcomer ${generation}`))).publicKey],
});
const starts = (generation: number): Action => ({
  type: 'dkg',
  chainLength: 1,
  participants: [node.publicKey],
  threshold: 1,
  attempt: generation,
});

/** The genesis, and so many decisions after it. */
function decided(count: number, action: (generation: number) => Action) {
  const decisions = [genesis];
  for (let generation = 1; generation <= count; generation++) {
    decisions.push(certify(generation, decisions.at(-1)!.hash, action(generation)));
  }
  return decisions;
}
const rawOf = (decisions: readonly { readonly raw: Uint8Array }[]) => decisions.map(({ raw }) => raw);

type Answer = Infer<typeof forms.answerCodec>;
const answer = (said: Partial<Answer> = {}) =>
  encode(forms.answerCodec, { generation: undefined, decisions: [], ballots: [], values: [], more: false, ...said });

/** Answers as the node does that has all of these. */
function honest(decisions: readonly Uint8Array[]): (question: Uint8Array) => Uint8Array {
  const machine = sectionMachine();
  const env = { identity: node, network: TAG, prefix: '', genesisKey: key, params: DEFAULT_PARAMS };
  let state = initialState(env);
  for (const bytes of decisions) ({ state } = machine.step(state, { type: 'certified', bytes, at: 1 }));
  return (question) => {
    const { effects } = machine.step(state, { type: 'request', id: 'q', bytes: question, at: 1 });
    return effects.flatMap((effect) => (effect.type === 'reply' ? [effect.bytes] : []))[0]!;
  };
}

/** As a node does that has nothing to tell of the session. */
function answerHistory(question: Uint8Array): Uint8Array {
  const { session, after } = decode(struct({ session: fixed(32), after: u32 }), question);
  const page = struct({ session: fixed(32), after: u32, next: u32, more: bool, entries: bytesOf(1024) });
  const said = { session, after, next: after, more: false, entries: utf8('[]') };
  return sealEnvelope(node, TAG, 'dkgHistory', encode(page, said)).raw;
}

let sequence = 0;
function heartbeat(by: Identity, generation: number): Uint8Array {
  const said = { prefix: '', service: 1, generation, key, usableShare: true, sequence: ++sequence };
  return sealEnvelope(by, TAG, 'heartbeat', encode(forms.heartbeatBody, said)).raw;
}

/** A gateway that is asked every 50 ms whether it is ready, while each of these speaks twice a second. */
function watch(answers: Answers, speakers: readonly (() => Uint8Array)[] = []) {
  const made = gatewayBefore(answers, 20);
  const { backend, clock, hear } = made;
  const section = () => backend.checks().find(({ name }) => name === 'section')!;
  const readyBy = (endMs: number) => {
    for (let step = 0; clock.now() < endMs; step++) {
      if (step % 10 === 0) for (const speak of speakers) hear('heartbeats', speak());
      clock.advance(50);
      if (section().ok) return clock.now();
    }
    return undefined;
  };
  const news = () => made.events.filter(({ type }) => type !== 'heartbeat').map(({ type }) => type);
  return { ...made, section, readyBy, news };
}

describe('a gateway that starts before a section with a long history', () => {
  const decisions = rawOf(decided(300, joins));

  test('is not ready before it has the last page of it', () => {
    const { backend, clock, section } = watch({ 'ae.section': honest(decisions) });
    const shown: string[] = [];
    for (let step = 0; step < 200; step++) {
      const { ok, detail } = section();
      const generation = backend.ledger?.generation;
      expect([generation, ok]).toEqual([generation, generation === 300]);
      if (detail !== shown.at(-1)) shown.push(detail!);
      clock.advance(5);
    }
    expect(shown).toEqual([
      'not known yet',
      'catching up, generation 127',
      'catching up, generation 255',
      'generation 300, 0 of 1 elders can sign',
    ]);
  });

  test('nor while the next page does not come: an elder says that there is one', () => {
    const told = honest(decisions);
    let [questions, isMended] = [0, false];
    const { readyBy, backend, section } = watch(
      { 'ae.section': (question) => (questions++ === 0 || isMended ? told(question) : undefined) },
      [() => heartbeat(node, 300)],
    );
    expect(readyBy(3 * PATIENCE_MS)).toBeUndefined();
    expect(section()).toMatchObject({ ok: false, detail: 'catching up, generation 127' });
    isMended = true;
    expect(readyBy(4 * PATIENCE_MS)).toBeGreaterThan(3 * PATIENCE_MS);
    expect(backend.ledger?.generation).toBe(300);
  });
});

describe('a gateway whose first question reaches', () => {
  const decisions = rawOf(decided(20, starts));

  test.each<[string, Uint8Array]>([
    ['one that knows nothing', answer()],
    ['one that says less than it knows', answer({ generation: 20, decisions: decisions.slice(0, 4) })],
    ['one that keeps the rest for later', answer({ generation: 20, decisions: decisions.slice(0, 4), more: true })],
  ])('%s tells nothing of what was before as news, and is ready when it knows it', (_what, first) => {
    const told = honest(decisions);
    let questions = 0;
    const { readyBy, backend, clock, news } = watch(
      { 'ae.section': (question) => (questions++ === 0 ? first : told(question)) },
      [() => heartbeat(node, 20)],
    );
    expect(readyBy(3000)).toBeDefined();
    expect(backend.ledger?.generation).toBe(20);
    clock.advance(PATIENCE_MS);
    expect(news()).toEqual([]);
    expect(backend.sessions().map(({ startedAt }) => startedAt)).toEqual(Array.from({ length: 20 }, () => null));
  });

  test('one that knows all, and is told of a decision later, tells it: also if it has to ask for it', () => {
    const later = rawOf(decided(21, starts));
    let told = honest(decisions);
    const { readyBy, clock, news, hear } = watch({ 'ae.section': (question) => told(question) });
    expect(readyBy(3000)).toBeDefined();
    clock.advance(3000);
    told = honest(later);
    hear('heartbeats', heartbeat(node, 21));
    clock.advance(1000);
    expect(news()).toEqual(['decision', 'dkg.failed', 'dkg.started']);
  });
});

test('of a long history each node is asked what it may still have, the newest first, once all of it is known', () => {
  const decisions = decided(300, starts);
  const asked: Uint8Array[] = [];
  const { readyBy, backend, clock, rejected } = watch({
    'ae.section': honest(rawOf(decisions)),
    'dkg.history': (question) => {
      expect(backend.ledger?.generation).toBe(300);
      asked.push(question);
      return answerHistory(question);
    },
  });
  expect(readyBy(3000)).toBeDefined();
  clock.advance(PATIENCE_MS);
  const newest = decisions.slice(-HISTORIES_KEPT - 1).reverse();
  expect(asked).toEqual(newest.map(({ hash }) => encodeHistoryRequest(hash, 0)));
  expect(rejected).toEqual([]);
});

describe('who names a later generation and has no decision of it', () => {
  const answers = { 'ae.section': honest([genesis.raw]) };

  test('keeps a gateway that starts from being ready for a while, and not for ever', () => {
    const { readyBy } = watch(answers, [() => heartbeat(node, 0), () => heartbeat(stranger, 1_000_000)]);
    const readyMs = readyBy(10 * PATIENCE_MS);
    expect(readyMs).toBeGreaterThanOrEqual(PATIENCE_MS);
    expect(readyMs).toBeLessThan(PATIENCE_MS + 1000);
  });

  test('makes no gateway unready that has been ready for longer', () => {
    const { readyBy, clock, hear, section } = watch(answers, [() => heartbeat(node, 0)]);
    expect(readyBy(1000)).toBeDefined();
    clock.advance(3000);
    hear('heartbeats', heartbeat(stranger, 1_000_000));
    expect(section().ok).toBe(true);
  });
});

describe('a gateway that was there before the section', () => {
  test('is ready once there is one, though nobody answers, and tells of its beginning', () => {
    const { readyBy, clock, hear, section, news } = watch({});
    expect(readyBy(60_000)).toBeUndefined();
    expect(section().detail).toBe('not known yet');
    hear('events', genesis.raw);
    expect(section()).toMatchObject({ ok: true });
    hear('heartbeats', heartbeat(node, 0));
    clock.advance(1000);
    expect(news()).toEqual(['decision', 'membership', 'membership']);
  });

  test('is so within three seconds of its start, if that was at the same time', () => {
    const { readyBy, hear } = watch({}, [() => heartbeat(node, 0)]);
    hear('events', genesis.raw);
    expect(readyBy(3000)).toBeDefined();
  });
});

describe('elders of whom one has to be honest', () => {
  const elders = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name }) as Ledger['elders'][number]);
  const known = { generation: 5, elders };
  const said = (names: string, generation: number) => new Map([...names].map((name) => [name, generation]));

  test.each([
    ['abc', false],
    ['ab', true],
    ['abxyz', true],
  ])('are waited for for ever when they name a later generation: %s', (names, isReady) => {
    const catchingUp = new CatchingUp(0);
    catchingUp.take({ type: 'answered', at: 0, from: 'a', recovered: 6, result: 'new', more: false }, true, 0);
    expect(catchingUp.isUpToDate(known, said(names, 6), 100)).toBe(false);
    expect(catchingUp.isUpToDate(known, said(names, 6), 1_000_000)).toBe(isReady);
    expect(catchingUp.isUpToDate({ ...known, generation: 6 }, said(names, 6), 100)).toBe(true);
  });
});
