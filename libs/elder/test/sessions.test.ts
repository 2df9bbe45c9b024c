import type { Identity } from '@witan/crypto';
import { decodeReports, forms } from '@witan/dkg';
import { MemoryJournal } from '@witan/journal';
import { VirtualClock } from '@witan/runtime';
import { encode, openEnvelope, sealEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { encodeHistoryRequest, openHistory } from '../src/history-messages.ts';
import {
  handOver,
  identities,
  type SessionsSetUp,
  sectionOf,
  sessionsOf,
  startSession,
  TAG,
  wordOf,
} from './support.ts';

const ALL = identities(5);
const members = ALL.slice(0, 4);
const [first, second, third, fourth] = members as [Identity, Identity, Identity, Identity];
const stranger = identities(1, 'stranger')[0]!;
const before = sectionOf(members);
const pending = startSession(before, [first, second, third]);
const id = pending.pending!.id;
const topicOf = (session: string) => `section.root.dkg.${session}`;
/** The first message of the session, invalid with a key of low order. */
const initialisationOf = (author: Identity, ephemeral: Uint8Array) => {
  const payload = { type: 'initialisation', ephemeral } as const;
  const follows = { type: 'close', hash: new Uint8Array(32) } as const;
  const body = encode(forms.messageCodec, { session: Buffer.from(id, 'hex'), follows, payload });
  return sealEnvelope(author, TAG, 'dkgMessage', body).raw;
};
const settle = (clock: { advance(ms: number): void }) => clock.advance(1);

/** On which all that is done takes its time. */
class BusyClock extends VirtualClock {
  #workedMs = 0;

  override now(): number {
    this.#workedMs += 0.4;
    return super.now() + this.#workedMs;
  }
}

describe('a session that the section has decided', () => {
  test('is begun by those who take part', () => {
    const { sessions, clock, reports, desk } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    expect([...sessions.all.keys()]).toEqual([id]);
    expect(reports.map(({ report }) => report.type)).toContain('started');
    expect(desk.published.map(({ topic }) => topic)).toContain(topicOf(id));
  });

  test('is watched by an elder, a coordinator, and nobody else', () => {
    const [, ...others] = [first, second, third, fourth];
    const watched = startSession(before, others);
    const all = (identity: Identity, role?: 'coordinator') => {
      const { sessions, clock, desk } = sessionsOf(identity, role);
      sessions.follow(watched);
      settle(clock);
      return { sessions: sessions.all.size, said: desk.published.length };
    };
    // The first is the only elder.
    expect(all(first)).toEqual({ sessions: 1, said: 0 });
    expect(all(stranger, 'coordinator')).toEqual({ sessions: 1, said: 0 });
    expect(all(ALL[4]!)).toEqual({ sessions: 0, said: 0 });
  });

  test('is begun once, however often it is heard of', () => {
    const { sessions, clock, reports } = sessionsOf(second);
    for (let i = 0; i < 3; i++) sessions.follow(pending);
    settle(clock);
    expect(reports.filter(({ report }) => report.type === 'started')).toHaveLength(1);
  });

  test('goes on after a restart as the same one, from the journal', () => {
    const life = sessionsOf(second);
    life.sessions.follow(pending);
    settle(life.clock);
    const said = life.desk.published.find(({ topic }) => topic === topicOf(id))!;
    life.sessions.stop();
    const next = sessionsOf(second, 'elder', life.journal);
    next.sessions.follow(pending);
    settle(next.clock);
    expect(next.reports[0]?.report).toMatchObject({ type: 'started', restarted: true });
    expect(next.desk.published.find(({ topic }) => topic === topicOf(id))?.bytes).toEqual(said.bytes);
  });
});

describe('what the section has gone on without', () => {
  test('is told as superseded, stopped, and gone from the journal', () => {
    const { sessions, clock, journal, superseded, desk } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    expect(journal.streams()).toEqual([`dkg/${id}`]);
    const { seed } = sessions.all.get(id)!.state;
    expect(seed).not.toEqual(new Uint8Array(32));
    const again = startSession(pending, [second, third], 1);
    sessions.follow(again);
    settle(clock);
    expect(superseded.map((session) => session.id)).toEqual([id]);
    expect(seed).toEqual(new Uint8Array(32));
    expect([...sessions.all.keys()]).toEqual([again.pending!.id]);
    expect(journal.streams()).toEqual([`dkg/${again.pending!.id}`]);
    const said = desk.published.length;
    sessions.receive(wordOf(third, id), topicOf(id), again);
    clock.advance(60_000);
    expect(desk.published.slice(said).filter(({ topic }) => topic === topicOf(id))).toEqual([]);
  });

  test('is not what has made the key that is in use: that is kept for those who are late', () => {
    const { sessions, clock, superseded } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    sessions.follow(handOver(pending));
    expect([...sessions.all.keys()]).toEqual([id]);
    expect(superseded).toEqual([]);
  });

  test('is gone from the journal too when an earlier life could not destroy it', () => {
    const { sessions, clock, journal } = sessionsOf(second);
    journal.stream('dkg/ancient').append([Uint8Array.of(1)], true);
    journal.stream('section').append([Uint8Array.of(1)], true);
    sessions.follow(pending);
    settle(clock);
    expect([...journal.streams()].sort()).toEqual([`dkg/${id}`, 'section']);
  });
});

describe('messages of a session that is not known', () => {
  test('wait for its DkgStart, whose absence is told once, and are taken then', () => {
    const { sessions, clock, told, refused, reports } = sessionsOf(second);
    sessions.follow(before);
    for (let i = 0; i < 3; i++) sessions.receive(wordOf(third, id, i), topicOf(id), before);
    expect(told).toMatchObject([{ type: 'behind', node: third.name, generation: before.generation + 1 }]);
    expect(refused).toEqual([]);
    sessions.follow(pending);
    settle(clock);
    // They only have the form of a session's messages; that is for the session to find.
    expect(reports.filter(({ report }) => report.type === 'rejected')).toHaveLength(3);
  });

  test('are refused, with the reason, and nobody is asked', () => {
    const { sessions, told, refused, clock } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    const other = 'ee'.repeat(32);
    sessions.receive(new Uint8Array(100), topicOf(other), pending);
    sessions.receive(wordOf(stranger, other), topicOf(other), pending);
    sessions.receive(wordOf(third, id), topicOf(other), pending);
    const forged = wordOf(third, other);
    forged[forged.length - 1]! ^= 1;
    sessions.receive(forged, topicOf(other), pending);
    expect(refused.map(({ code }) => code)).toEqual([
      'WITAN_ERR_MALFORMED',
      'WITAN_ERR_NOT_MEMBER',
      'WITAN_ERR_WRONG_SESSION',
      'WITAN_ERR_SIGNATURE',
    ]);
    expect(told).toEqual([]);
  });

  test('are held up to a bound of each author, and what is refused is counted', () => {
    const { sessions, refused, told } = sessionsOf(second);
    for (let i = 0; i < 100; i++) sessions.receive(wordOf(third, id, i), topicOf(id), before);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['WITAN_ERR_RATE_LIMITED']));
    expect(refused).toHaveLength(100 - 16);
    sessions.receive(wordOf(first, id), topicOf(id), before);
    expect(refused).toHaveLength(100 - 16);
    // Whoever spoke first may be the one that does not answer.
    expect(told).toMatchObject([third, first].map(({ name }) => ({ type: 'behind', node: name })));
  });

  test('reach it, whatever a member makes up meanwhile', () => {
    const { sessions, clock, reports } = sessionsOf(second);
    sessions.follow(before);
    const makeUp = (from: number) => {
      for (let i = from; i < from + 50; i++) {
        const never = i.toString(16).padStart(64, '0');
        sessions.receive(wordOf(fourth, never), topicOf(never), before);
        sessions.receive(wordOf(fourth, id, 'x'.repeat(10_000) + i), topicOf(id), before);
      }
    };
    makeUp(0);
    sessions.receive(initialisationOf(third, new Uint8Array(32).fill(9)), topicOf(id), before);
    makeUp(50);
    sessions.follow(pending);
    settle(clock);
    const taken = reports.flatMap(({ report }) => (report.type === 'message' ? [report.from] : []));
    expect(taken.sort()).toEqual([second.name, third.name].sort());
  });

  test('of one that is over are no sign that something is missing', () => {
    const { sessions, told, refused, clock } = sessionsOf(second);
    sessions.follow(startSession(pending, [first, second, third], 1));
    settle(clock);
    const earlier = told.length;
    for (let i = 0; i < 3; i++) sessions.receive(wordOf(third, id, i), topicOf(id), before);
    expect(told.slice(earlier)).toEqual([]);
    expect(refused).toEqual([]);
  });
});

describe('what is told of a session', () => {
  test('goes out signed, in bundles, by those who take part', () => {
    const { sessions, clock, desk } = sessionsOf(second);
    sessions.follow(pending);
    clock.advance(249);
    const published = () => desk.published.filter(({ topic }) => topic === 'section.root.reports');
    expect(published()).toEqual([]);
    clock.advance(1);
    expect(published()).toHaveLength(1);
    const { kind, author, body } = openEnvelope(published()[0]!.bytes, TAG);
    expect([kind, author]).toEqual(['dkgReport', second.name]);
    const { session, entries } = decodeReports(body) as {
      session: string;
      entries: { type: string; wallMs: number }[];
    };
    expect(session).toBe(id);
    expect(entries.every(({ wallMs }) => Number.isInteger(wallMs))).toBe(true);
    expect(entries.map(({ type }) => type).slice(0, 2)).toEqual(['started', 'phase']);

    const watching = sessionsOf(stranger, 'coordinator');
    watching.sessions.follow(pending);
    watching.clock.advance(10_000);
    expect(watching.desk.published.filter(({ topic }) => topic.endsWith('reports'))).toEqual([]);
  });

  const historyOf = (sessions: SessionsSetUp['sessions'], of: string, by: Identity) => {
    const request = encodeHistoryRequest(Buffer.from(of, 'hex'), 0);
    const { entries } = openHistory(sessions.historyPage(request), TAG, by.name, request);
    return entries as readonly { type: string; phase?: string; at: number; wallMs: number }[];
  };

  describe('to its end', () => {
    const alone = startSession(sectionOf([first]), [first]);
    const itself = alone.pending!.id;
    const ended = () => {
      const made = sessionsOf(first, 'elder', new MemoryJournal(), new BusyClock(0.25));
      made.sessions.follow(alone);
      settle(made.clock);
      return { ...made, history: () => historyOf(made.sessions, itself, first) };
    };

    test('has its share when that is on the disk: after the message that ended it, and not with it', () => {
      const { reports, history } = ended();
      const entries = history();
      const last = entries.at(-1)!;
      const finalisation = entries.find(({ phase }) => phase === 'finalisation')!;
      expect([last.type, last.at]).toEqual(['done', finalisation.at]);
      expect(last.wallMs).toBeGreaterThan(finalisation.wallMs);
      const { when } = reports.find(({ report }) => report.type === 'done')!;
      expect(when.at).toBeGreaterThan(finalisation.at);
      expect(Math.round(when.wallMs)).toBe(last.wallMs);
    });

    test('goes forward in time, and what was at one time has one', () => {
      const entries = ended().history();
      expect(entries.length).toBeGreaterThan(10);
      const times = entries.map(({ wallMs }) => wallMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const walked = entries.filter(({ type }) => type === 'phase' || type === 'closed');
      const wallOf = new Map(walked.map(({ at, wallMs }) => [at, wallMs]));
      expect(walked.map(({ wallMs }) => wallMs)).toEqual(walked.map(({ at }) => wallOf.get(at)));
    });

    test('is told once, also when it is on the disk too', () => {
      const { clock, journal, history } = ended();
      const before = history();
      clock.advance(1000);
      expect(journal.table.list('history/')).not.toEqual([]);
      expect(history()).toEqual(before);
    });
  });

  test('can be asked for by whoever knows the id', () => {
    const { sessions, clock } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    const entries = (of: string) => {
      const request = encodeHistoryRequest(Buffer.from(of, 'hex'), 0);
      return openHistory(sessions.historyPage(request), TAG, second.name, request).entries;
    };
    expect((entries(id) as unknown[]).length).toBeGreaterThan(1);
    expect(entries('ee'.repeat(32))).toEqual([]);
  });

  test('can be asked for so often, and again a second later', () => {
    const { sessions, clock } = sessionsOf(second);
    const request = encodeHistoryRequest(Buffer.from(id, 'hex'), 0);
    for (let asked = 0; asked < 100; asked++) sessions.historyPage(request);
    expect(() => sessions.historyPage(request)).toThrow('WITAN_ERR_RATE_LIMITED');
    clock.advance(1000);
    expect(sessions.historyPage(request).length).toBeGreaterThan(0);
  });

  test('is kept over restarts when the session is over, without what a later life sees of it again', () => {
    const { sessions, clock, journal } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    const historyBy = (each: typeof sessions) => {
      const request = encodeHistoryRequest(Buffer.from(id, 'hex'), 0);
      return openHistory(each.historyPage(request), TAG, second.name, request).entries as { type: string }[];
    };
    const seen = historyBy(sessions);
    expect(seen.length).toBeGreaterThan(1);
    // The section goes on without it.
    sessions.follow(startSession(before, members, 1));
    expect(historyBy(sessions)).toEqual(seen);
    sessions.stop();
    const after = sessionsOf(second, 'elder', journal.crash({ keepUnsynced: false })).sessions;
    expect(historyBy(after)).toEqual(seen);
    const watching = sessionsOf(stranger, 'coordinator');
    watching.sessions.follow(pending);
    watching.sessions.follow(startSession(before, members, 1));
    expect(watching.journal.table.list('history/')).toEqual([]);
  });

  test('a proof against a participant is told of at once, and once: it outlives the session', () => {
    const { sessions, clock, told, desk } = sessionsOf(second);
    sessions.follow(pending);
    settle(clock);
    const invalid = initialisationOf(third, new Uint8Array(32));
    for (let i = 0; i < 2; i++) sessions.receive(invalid, topicOf(id), pending);
    settle(clock);
    expect(desk.published.length).toBeGreaterThan(0);
    expect(told).toEqual([{ type: 'blamed', id, node: third.name, at: clock.now() - 1 }]);
  });

  test('is told again whenever the section says where it stands: it may have forgotten', () => {
    const alone = startSession(sectionOf([first]), [first]);
    const { sessions, clock, told } = sessionsOf(first);
    const doneOf = () => told.filter(({ type }) => type === 'session');
    sessions.follow(alone);
    settle(clock);
    expect(doneOf()).toMatchObject([{ id: alone.pending!.id, status: { state: 'done' } }]);
    sessions.follow(alone);
    expect(doneOf()).toHaveLength(2);
    expect(doneOf()[1]).toEqual({ ...doneOf()[0], at: clock.now() });

    const other = sessionsOf(second);
    other.sessions.follow(pending);
    settle(other.clock);
    other.sessions.follow(pending);
    expect(other.told).toEqual([]);
    other.sessions.receive(initialisationOf(third, new Uint8Array(32)), topicOf(id), pending);
    settle(other.clock);
    other.sessions.follow(pending);
    expect(other.told.map(({ type }) => type)).toEqual(['blamed', 'blamed']);
  });

  test('a stall names whom it waits for, so that others may come in their place', () => {
    const { sessions, clock, told } = sessionsOf(second);
    sessions.follow(pending);
    clock.advance(30_000);
    const last = told.filter((event) => event.type === 'session').at(-1);
    expect(last).toMatchObject({ id, status: { state: 'running', outcome: undefined } });
    expect(last!.status.blamed).toEqual([]);
    expect([...last!.status.silent].sort()).toEqual([first.name, third.name].sort());
  });
});

test('questions about a session that is not here are refused', () => {
  const { sessions } = sessionsOf(second);
  expect(() => sessions.request(new Uint8Array(9), 'x')).toThrow('WITAN_ERR_MALFORMED');
  expect(() => sessions.request(wordOf(third, id), 'x')).toThrow('WITAN_ERR_WRONG_SESSION');
});
