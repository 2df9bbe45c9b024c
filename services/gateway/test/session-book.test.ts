import { EVENTS, type EventInput, formErrors, Session } from '@witan/api';
import { forms } from '@witan/dkg';
import { encode, sealEnvelope } from '@witan/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReportEntry } from '../src/backend-live/report-entry.ts';
import { SessionBook } from '../src/backend-live/session-book.ts';
import { identities, startOf, TAG } from './made-session.ts';

const members = identities(4);
const names = members.map(({ name }) => name);
const [first, second, third, fourth] = names as [string, string, string, string];
const stranger = identities(1, 'stranger')[0]!.name;
const KEY = 'ab'.repeat(48);
const NOW = 1_700_000_000_000;
const hash = (of: string) => of.slice(0, 8).repeat(8);

function setUp(isHistory = false) {
  const events: EventInput[] = [];
  const silent = new Set<string>();
  const book = new SessionBook({
    network: TAG,
    publish: (event) => void events.push(event),
    now: () => NOW,
    isSilent: (node) => silent.has(node),
  });
  const { certified, id } = startOf(members);
  book.open(certified, isHistory);
  /** They all say the same. */
  const tell = (nodes: readonly string[], ...entries: ReportEntry[]) => {
    for (const node of nodes) book.take(id, node, entries, isHistory);
  };
  return { book, events, id, silent, tell, types: () => events.map(({ type }) => type) };
}

const entry = <E extends Omit<ReportEntry, 'wallMs' | 'at'>>(afterMs: number, rest: E) =>
  ({ wallMs: NOW + afterMs, at: afterMs, ...rest }) as unknown as ReportEntry;

/** What one participant sees of the first two phases, `lateMs` after the first one, with a repair of its own. */
function seenBy(node: string, lateMs: number): ReportEntry[] {
  const at = (afterMs: number, rest: Omit<ReportEntry, 'wallMs' | 'at'>) => entry(afterMs + lateMs, rest);
  const heard = (phase: 'initialisation' | 'contribution', afterMs: number) =>
    names.map((from, index) => at(afterMs + index, { type: 'message', phase, from, id: hash(from) } as never));
  return [
    at(0, { type: 'started' }),
    at(0, { type: 'phase', phase: 'initialisation', expected: 4 } as never),
    ...heard('initialisation', 1),
    at(10, { type: 'closed', phase: 'initialisation', view: 0, included: names } as never),
    at(10, { type: 'phase', phase: 'contribution', expected: 4 } as never),
    at(11, { type: 'asked', to: first, reason: node === first ? 'restart' : 'no-progress' } as never),
    at(12, { type: 'answered', from: first, recovered: 2, result: 'new' } as never),
    ...heard('contribution', 13),
    at(20, { type: 'blame', node: fourth, reason: 'equivocation', phase: 'contribution', evidence: ['AA'] } as never),
    at(30, { type: 'closed', phase: 'contribution', view: 1, included: [first, second, third] } as never),
  ];
}

const HISTORIES = names.map((node, index) => seenBy(node, 3 * index));

/** All that is shown, but for the order of lists that have none. */
function shown(book: SessionBook, id: string) {
  const session = book.get(id);
  const sorted = <T>(all: readonly T[]) => all.map((each) => JSON.stringify(each)).sort();
  return { ...session, repairs: sorted(session.repairs), blame: sorted(session.blame) };
}

describe('a session, as its participants tell of it', () => {
  test('is the same whoever tells first, and however often', () => {
    const inOrder = setUp();
    for (const [index, entries] of HISTORIES.entries()) inOrder.book.take(inOrder.id, names[index]!, entries);
    const expected = shown(inOrder.book, inOrder.id);
    const news = inOrder.types().sort();
    const turns = fc.shuffledSubarray(
      HISTORIES.flatMap((entries, node) => entries.map(() => node)),
      { minLength: HISTORIES.flat().length },
    );
    fc.assert(
      fc.property(turns, fc.boolean(), fc.boolean(), (order, twice, isWatched) => {
        const { book, id, types } = setUp();
        const next = HISTORIES.map(() => 0);
        for (const node of order) {
          const told = HISTORIES[node]![next[node]!++]!;
          book.take(id, names[node]!, twice ? [told, told] : [told]);
          if (isWatched) book.get(id);
        }
        expect(shown(book, id)).toEqual(expected);
        expect(types().sort()).toEqual(news);
      }),
      { numRuns: 60 },
    );
  });

  test('is news once, in the form of the API', () => {
    const { book, events, id, types } = setUp();
    for (const [index, entries] of HISTORIES.entries()) book.take(id, names[index]!, entries);
    const count = (type: string) => types().filter((each) => each === type).length;
    expect(types()[0]).toBe('dkg.started');
    expect(count('dkg.phase')).toBe(2);
    expect(count('dkg.message')).toBe(8);
    expect(count('dkg.closed')).toBe(2);
    expect(count('dkg.blamed')).toBe(1);
    expect(count('dkg.repaired')).toBe(4);
    for (const event of events)
      expect([event, formErrors(EVENTS[event.type], { id: 'x-1', ...event })]).toEqual([event, []]);
    expect(formErrors(Session, book.get(id))).toEqual([]);
    const repairs = events.flatMap((event) => (event.type === 'dkg.repaired' ? [event.data] : []));
    expect(repairs.find(({ node }) => node === first)).toMatchObject({ reason: 'restart', recovered: 2 });
  });

  test('is known and no news where it is history', () => {
    const { book, id, events } = setUp(true);
    for (const [index, entries] of HISTORIES.entries()) book.take(id, names[index]!, entries, true);
    expect(events).toEqual([]);
    expect(book.get(id).phases[0]).toMatchObject({ received: 4, closeView: 0 });
  });

  test('nobody tells who takes no part, and nothing of a session that is not known', () => {
    const { book, id, events, tell } = setUp();
    const before = shown(book, id);
    expect(() => book.take(id, stranger, HISTORIES[0]!)).toThrow('WITAN_ERR_NOT_MEMBER');
    expect(() => book.take('ee'.repeat(32), first, HISTORIES[0]!)).toThrow('WITAN_ERR_WRONG_SESSION');
    expect(() => book.get('ee'.repeat(32))).toThrow('WITAN_ERR_NOT_FOUND');
    const invented = entry(1, {
      type: 'message',
      phase: 'initialisation',
      from: stranger,
      id: hash(stranger),
    } as never);
    tell(names, invented);
    expect(shown(book, id).phases).toEqual(before.phases);
    expect(events).toHaveLength(1);
  });
});

describe('a session that waits', () => {
  const phase = entry(0, { type: 'phase', phase: 'contribution', expected: 4 } as never);
  const heard = (from: string) => entry(1, { type: 'message', phase: 'contribution', from, id: hash(from) } as never);
  const stalled = (waitingOn: string[]) => entry(2000, { type: 'stalled', phase: 'contribution', waitingOn } as never);

  test('names those whom nobody has heard, and in a stall those whom more than liars miss', () => {
    const { book, id, tell, types } = setUp();
    tell([first, second], phase, heard(first), heard(second));
    expect(book.get(id)).toMatchObject({ state: 'running', waitingOn: [third, fourth] });
    tell([first], stalled([fourth]));
    expect(book.get(id).state).toBe('running');
    tell([second], stalled([third, fourth]));
    expect(book.get(id)).toMatchObject({ state: 'stalled', waitingOn: [fourth] });
    expect(types().filter((type) => type === 'dkg.stalled')).toHaveLength(1);
  });

  test('is told of by those who are left, however few', () => {
    const { book, id, tell, types, silent } = setUp();
    tell([first], phase, heard(first), stalled([second, third, fourth]));
    expect(book.get(id)).toMatchObject({ state: 'running', phase: 'initialisation' });
    for (const node of [second, third, fourth]) silent.add(node);
    book.review();
    expect(book.get(id)).toMatchObject({ state: 'stalled', phase: 'contribution', waitingOn: [second, third, fourth] });
    expect(types()).toEqual(['dkg.started', 'dkg.phase', 'dkg.message', 'dkg.stalled']);
    book.review();
    expect(types()).toHaveLength(4);
  });

  test('waits in the phase that enough of them have come to, whoever says it first', () => {
    const stalls = (events: readonly EventInput[]) =>
      events.flatMap((event) => (event.type === 'dkg.stalled' ? [event.data] : []));
    const waits = (phase: string) => entry(2000, { type: 'stalled', phase, waitingOn: [fourth] } as never);
    const later = entry(1500, { type: 'phase', phase: 'complaining', expected: 4 } as never);
    const { book, id, tell, events } = setUp();
    tell([fourth], waits('finalisation'));
    tell([first], phase, waits('contribution'));
    expect(stalls(events)).toMatchObject([{ phase: 'contribution' }]);
    tell([first, second], phase, later);
    tell([second, third], waits('complaining'));
    expect(stalls(events).slice(1)).toMatchObject([{ phase: 'complaining' }]);
    expect(book.get(id)).toMatchObject({ state: 'stalled', phase: 'complaining' });

    // One that came late has not heard of the beginnings yet.
    const late = setUp();
    late.tell([second, third], waits('complaining'));
    expect(stalls(late.events)).toMatchObject([{ phase: 'complaining' }]);
    expect(late.book.get(late.id)).toMatchObject({ state: 'stalled', phase: 'complaining' });
  });

  test('goes on when those who waited do, and can wait again', () => {
    const { book, id, tell, types } = setUp();
    tell([first, second, fourth], phase, stalled([third]));
    tell([first], entry(3000, { type: 'resumed', phase: 'contribution' } as never));
    expect(book.get(id).state).toBe('stalled');
    tell([second], entry(3000, { type: 'phase', phase: 'complaining', expected: 4 } as never));
    expect(book.get(id).state).toBe('running');
    tell([second, fourth], entry(3000, { type: 'phase', phase: 'complaining', expected: 4 } as never));
    expect(book.get(id)).toMatchObject({ state: 'running', phase: 'complaining' });
    tell([first, second], stalled([third]));
    expect(types().filter((type) => type === 'dkg.stalled')).toHaveLength(2);
  });

  test('is told to wait when they say so, and to go on by its next phase', () => {
    const { events, id, tell, book } = setUp();
    const news = () => events.splice(0).map(({ type, at, data }) => ({ type, at: Date.parse(at) - NOW, data }));
    tell([first, second, fourth], phase, heard(first), heard(second), heard(fourth));
    news();
    for (const afterMs of [2000, 4000, 8000]) {
      tell([first, second], { ...stalled([third]), wallMs: NOW + afterMs });
    }
    expect(news()).toEqual([
      { type: 'dkg.stalled', at: 2000, data: { session: id, phase: 'contribution', waitingOn: [third] } },
    ]);
    const included = [first, second, fourth];
    const goesOn = [
      entry(9000, { type: 'closed', phase: 'contribution', view: 0, included } as never),
      entry(9000, { type: 'phase', phase: 'complaining', expected: 3 } as never),
    ];
    tell([first], ...goesOn);
    tell([second], ...goesOn);
    expect(book.get(id).state).toBe('running');
    expect(news()).toMatchObject([
      { type: 'dkg.closed', at: 9000, data: { phase: 'contribution', durationMs: 9000 } },
      { type: 'dkg.phase', at: 9000, data: { phase: 'complaining' } },
    ]);
  });

  test('for days goes on as any other', () => {
    const { book, id, tell, types } = setUp();
    tell([first, second, fourth], phase);
    for (let i = 0; i < 3000; i++) {
      tell(
        [first, second],
        stalled([third]),
        entry(i, { type: 'asked', to: third, reason: 'no-progress' } as never),
        entry(i, { type: 'answered', from: third, recovered: 0, result: 'timeout' } as never),
      );
    }
    expect(book.get(id).state).toBe('stalled');
    tell([first, second], entry(90_000, { type: 'phase', phase: 'complaining', expected: 4 } as never));
    expect(book.get(id)).toMatchObject({ state: 'running', phase: 'complaining' });
    tell([first, second], entry(99_000, { type: 'done', key: KEY, usableShare: true } as never));
    expect(book.get(id)).toMatchObject({ state: 'done', durationMs: 99_000 });
    expect(types().slice(-3)).toEqual(['dkg.stalled', 'dkg.phase', 'dkg.done']);
  });

  test('is put together again only when something has come, or somebody has gone', () => {
    const { book, id, silent, tell } = setUp();
    const waits = book.get(id);
    expect(book.get(id)).toBe(waits);
    tell([first], stalled([third]));
    expect(book.get(id)).toMatchObject({ state: 'running' });
    for (const name of [second, third, fourth]) silent.add(name);
    expect(book.get(id)).toMatchObject({ state: 'stalled' });
    book.handedOver(id, KEY, [], false);
    const ended = book.get(id);
    expect(ended).toMatchObject({ state: 'done', resultKey: KEY });
    expect(book.all()[0]).toBe(ended);
  });

  test('waits for nobody when the key is in use, whatever is told late', () => {
    const { book, id, tell, types } = setUp();
    tell([first, second], phase, stalled([third]));
    book.handedOver(id, KEY, [], false);
    tell([second, fourth], stalled([third]));
    expect(book.get(id)).toMatchObject({ state: 'done', resultKey: KEY, waitingOn: [] });
    expect(types().at(-1)).toBe('dkg.done');
  });

  test('has failed when the section begins another, which is told', () => {
    const { book, id, events, tell } = setUp();
    tell([first, second], phase, stalled([third]));
    const next = startOf(members, 3, 1);
    book.open(next.certified, false);
    expect(book.get(id)).toMatchObject({ state: 'failed', waitingOn: [] });
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['dkg.failed', 'dkg.started']);
    expect(events.at(-2)!.data).toMatchObject({ session: id, reason: 'superseded' });
    expect(book.all().map(({ id: each }) => each)).toEqual([next.id, id]);
  });

  test('that has failed is told to have once, and when', () => {
    const { book, id, tell, types } = setUp();
    tell([first, second], phase, entry(700, { type: 'failed', reason: 'only 1 dealers are qualified' } as never));
    expect(book.get(id)).toMatchObject({ state: 'failed', durationMs: 700 });
    book.open(startOf(members, 3, 1).certified, false);
    expect(types().filter((type) => type === 'dkg.failed')).toHaveLength(1);
  });
});

describe('a participant that lies', () => {
  const LIES: readonly (readonly [string, ReportEntry])[] = [
    ['a key', entry(5, { type: 'done', key: 'ff'.repeat(48), usableShare: true } as never)],
    ['a failure', entry(5, { type: 'failed', reason: 'because I say so' } as never)],
    ['a stall', entry(5, { type: 'stalled', phase: 'contribution', waitingOn: [second] } as never)],
    ['a phase', entry(5, { type: 'phase', phase: 'finalisation', expected: 4 } as never)],
    ['a message', entry(5, { type: 'message', phase: 'contribution', from: second, id: hash(second) } as never)],
    ['a close', entry(5, { type: 'closed', phase: 'initialisation', view: 9, included: [first] } as never)],
    ['a time long ago', entry(-NOW, { type: 'started' } as never)],
    ['blame', blame('not-justified')],
    ['blame with evidence that is none', blame('equivocation', 'AAAA')],
  ];

  function blame(reason: string, ...evidence: string[]): ReportEntry {
    return entry(5, { type: 'blame', node: second, reason, phase: 'contribution', evidence } as never);
  }

  test.each(LIES)('about %s is not believed alone, and is when an honest one says so too', (_what, lie) => {
    const { book, id, tell, events } = setUp();
    const before = JSON.stringify(book.get(id));
    tell([fourth], lie, lie);
    expect(JSON.stringify(book.get(id))).toBe(before);
    expect(events).toHaveLength(1);
    tell([first], lie);
    expect(JSON.stringify(book.get(id))).not.toBe(before);
  });

  test('cannot change what the section has decided', () => {
    const { book, id, tell } = setUp();
    tell([third, fourth], ...LIES.map(([, lie]) => lie));
    book.handedOver(id, KEY, [], false);
    expect(book.get(id)).toMatchObject({ state: 'done', resultKey: KEY });
  });

  test('does not fill the memory, nor what is answered', () => {
    const { book, id, tell } = setUp();
    const reasons = ['not-justified', 'invalid-message', 'equivocation'];
    for (let at = 0; at < 5000; at++) {
      const evidence = [String.fromCharCode(65 + (at % 26)).repeat(64 * 1024)];
      const reason = reasons[at % 3];
      tell(
        [fourth],
        entry(at, { type: 'blame', node: names[at % 4], reason, phase: 'contribution', evidence } as never),
        entry(at, { type: 'answered', from: first, recovered: 1, result: 'new' } as never),
        entry(at, {
          type: 'message',
          phase: 'contribution',
          from: first,
          id: at.toString(16).padStart(64, '0'),
        } as never),
      );
    }
    const shown = JSON.stringify(book.get(id));
    expect(shown.length).toBeLessThan(64 * 1024);
    expect(book.get(id).repairs).toHaveLength(100);
    expect(book.get(id).blame).toEqual([]);
  });

  test('says one close of a phase, and of whom each once: it makes no others up, nor grows by them', () => {
    const { book, id, tell } = setUp();
    const closed = (...included: readonly string[]) =>
      entry(30, { type: 'closed', phase: 'contribution', view: 0, included } as never);
    const close = () => book.get(id).phases.find(({ name }) => name === 'contribution')!.close;
    const made = Array.from({ length: 64 }, (_, at) => names[at % 4]!);
    // Told by two, of whom one is honest if it were believed.
    tell([third, fourth], closed(...made));
    expect(close()).toBeNull();
    tell([fourth], closed(first, second), closed(first, second, third), closed(first));
    tell([third], closed(first));
    expect(close()).toBeNull();
    tell([second], closed(first, second));
    expect(close()).toEqual({ view: 0, included: [first, second] });
  });

  test('and is caught by one alone is shown with the proof', () => {
    const { book, id, tell, types } = setUp();
    const word = (fill: number, of = id) => {
      const payload = { type: 'initialisation', ephemeral: new Uint8Array(32).fill(fill) } as const;
      const follows = { type: 'close', hash: new Uint8Array(32) } as const;
      const session = new Uint8Array(Buffer.from(of, 'hex'));
      const body = encode(forms.messageCodec, { session, follows, payload });
      return Buffer.from(sealEnvelope(members[1]!, TAG, 'dkgMessage', body).raw).toString('base64url');
    };
    const other = startOf(members, 9).id;
    for (const evidence of [[], [word(1)], [word(1), word(1)], [word(1), word(2, other)]]) {
      const { book: each, id: same } = setUp();
      each.take(same, fourth, [blame('equivocation', ...evidence)]);
      expect([evidence.length, each.get(same).blame]).toEqual([evidence.length, []]);
    }
    const proof = [word(1), word(2)];
    // Told first with nothing to show for it: what proves it is what is shown.
    tell([fourth], blame('equivocation'));
    tell([first], blame('equivocation', ...proof));
    expect(book.get(id).blame).toEqual([
      { node: second, reason: 'equivocation', phase: 'contribution', evidence: proof },
    ]);
    expect(types()).toEqual(['dkg.started', 'dkg.blamed']);
    const alone = setUp();
    alone.tell([first], blame('equivocation', ...proof));
    expect(alone.book.get(id).blame).toHaveLength(1);
  });
});

test('many sessions: the oldest are forgotten', () => {
  const { book, id } = setUp();
  for (let generation = 3; generation < 3 + 250; generation++) {
    const { certified, id: each } = startOf(members, generation);
    book.open(certified, false);
    book.handedOver(each, KEY, [], false);
  }
  expect(book.all()).toHaveLength(200);
  expect(book.has(id)).toBe(false);
});
