import { EVENTS, type EventInput, formErrors, Session } from '@witan/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ReportEntry } from '../src/backend-live/report-entry.ts';
import { SessionBook } from '../src/backend-live/session-book.ts';
import { identities, startOf } from './made-session.ts';

const members = identities(4);
const names = members.map(({ name }) => name);
const [first, second, third, fourth] = names as [string, string, string, string];
const stranger = identities(1, 'stranger')[0]!.name;
const KEY = 'ab'.repeat(48);
const NOW = 1_700_000_000_000;
const hash = (of: string) => of.slice(0, 8).repeat(8);

function setUp() {
  const events: EventInput[] = [];
  const book = new SessionBook(
    (event) => void events.push(event),
    () => NOW,
  );
  const { certified, id } = startOf(members);
  book.open(certified, false);
  return { book, events, id, types: () => events.map(({ type }) => type) };
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
      fc.property(turns, fc.boolean(), (order, twice) => {
        const { book, id, types } = setUp();
        const next = HISTORIES.map(() => 0);
        for (const node of order) {
          const told = HISTORIES[node]![next[node]!++]!;
          book.take(id, names[node]!, twice ? [told, told] : [told]);
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
    const events: EventInput[] = [];
    const book = new SessionBook(
      (event) => void events.push(event),
      () => NOW,
    );
    const { certified, id } = startOf(members);
    book.open(certified, true);
    book.take(id, first, HISTORIES[0]!, true);
    expect(events).toEqual([]);
    expect(book.get(id).phases[0]).toMatchObject({ received: 4, closeView: 0 });
  });

  test('nobody tells who takes no part, and nothing of a session that is not known', () => {
    const { book, id, events } = setUp();
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
    book.take(id, first, [invented]);
    expect(shown(book, id).phases).toEqual(before.phases);
    expect(events).toHaveLength(1);
  });
});

describe('a session that waits', () => {
  const phase = entry(0, { type: 'phase', phase: 'contribution', expected: 4 } as never);
  const heard = (from: string) => entry(1, { type: 'message', phase: 'contribution', from, id: hash(from) } as never);
  const stalled = (waitingOn: string[]) => entry(2000, { type: 'stalled', phase: 'contribution', waitingOn } as never);

  test('names those whom nobody has heard, and all whom anybody misses in a stall', () => {
    const { book, id, types } = setUp();
    book.take(id, first, [phase, heard(first), heard(second)]);
    expect(book.get(id)).toMatchObject({ state: 'running', waitingOn: [third, fourth] });
    book.take(id, first, [stalled([fourth])]);
    book.take(id, second, [stalled([third, fourth])]);
    expect(book.get(id)).toMatchObject({ state: 'stalled', waitingOn: [third, fourth] });
    expect(types().filter((type) => type === 'dkg.stalled')).toHaveLength(1);
  });

  test('goes on when all who waited do', () => {
    const { book, id } = setUp();
    for (const node of [first, second]) book.take(id, node, [phase, stalled([third])]);
    book.take(id, first, [entry(3000, { type: 'resumed', phase: 'contribution' } as never)]);
    expect(book.get(id).state).toBe('stalled');
    book.take(id, second, [entry(3000, { type: 'phase', phase: 'complaining', expected: 4 } as never)]);
    expect(book.get(id)).toMatchObject({ state: 'running', phase: 'complaining' });
  });

  test('waits for nobody when the key is in use, whatever is told late', () => {
    const { book, id } = setUp();
    book.take(id, first, [phase, stalled([third])]);
    book.handedOver(id, KEY, false);
    book.take(id, second, [stalled([third])]);
    expect(book.get(id)).toMatchObject({ state: 'done', resultKey: KEY, waitingOn: [] });
  });

  test('has failed when the section begins another, which is told', () => {
    const { book, id, events } = setUp();
    book.take(id, first, [phase, stalled([third])]);
    const next = startOf(members, 3, 1);
    book.open(next.certified, false);
    expect(book.get(id)).toMatchObject({ state: 'failed', waitingOn: [] });
    expect(events.slice(-2).map(({ type }) => type)).toEqual(['dkg.failed', 'dkg.started']);
    expect(events.at(-2)!.data).toMatchObject({ session: id, reason: 'superseded' });
    expect(book.all().map(({ id: each }) => each)).toEqual([next.id, id]);
  });
});

test('many sessions: the oldest are forgotten', () => {
  const { book, id } = setUp();
  for (let generation = 3; generation < 3 + 250; generation++) {
    const { certified, id: each } = startOf(members, generation);
    book.open(certified, false);
    book.handedOver(each, KEY, false);
  }
  expect(book.all()).toHaveLength(200);
  expect(book.has(id)).toBe(false);
});
