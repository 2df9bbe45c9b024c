import type { Identity } from '@witan/crypto';
import { peekEnvelope } from '@witan/wire';
import { describe, expect, test } from 'vitest';
import { Strangers } from '../src/strangers.ts';
import { handOver, identities, sectionOf, startSession, TAG, wordOf } from './support.ts';

const [liar, honest, other] = identities(3) as [Identity, Identity, Identity];
const KIB = 1024;
const MIB = 1024 * KIB;

const sessionOf = (name: number | string) => Buffer.from(String(name)).toString('hex').padStart(64, '0');
const TRUE = sessionOf('true');
const say = (author: Identity, session: string, more: number | string = 0) =>
  peekEnvelope(wordOf(author, session, more), TAG);
const long = (length: number, more = 0) => String(more).padEnd(length, 'x');
const bytesOf = (all: readonly Uint8Array[]) => all.reduce((sum, { length }) => sum + length, 0);

test('messages of a session that is not known are given back in the order in which they came, once', () => {
  const strangers = new Strangers();
  const [a1, b1, a2, c1] = [
    say(honest, TRUE, 1),
    say(other, TRUE, 1),
    say(honest, TRUE, 2),
    say(other, sessionOf('c')),
  ];
  expect(strangers.hold(TRUE, a1)).toBe('first');
  expect(strangers.hold(TRUE, b1)).toBe('first');
  expect(strangers.hold(TRUE, a2)).toBe('further');
  expect(strangers.hold(sessionOf('c'), c1)).toBe('first');
  expect(strangers.release(TRUE)).toEqual([a1.raw, b1.raw, a2.raw]);
  expect(strangers.release(TRUE)).toEqual([]);
  expect(strangers.release(sessionOf('c'))).toEqual([c1.raw]);
  expect(strangers.hold(TRUE, a1)).toBe('first');
});

test('what is said again, with a good signature or without, takes no room', () => {
  const strangers = new Strangers();
  const message = say(honest, TRUE);
  strangers.hold(TRUE, message);
  for (let i = 0; i < 100; i++) expect(strangers.hold(TRUE, say(honest, TRUE))).toBe('further');
  expect(strangers.release(TRUE)).toEqual([message.raw]);
});

test('what its author has not signed takes no room of the author', () => {
  const strangers = new Strangers();
  for (let i = 0; i < 100; i++) {
    const forged = wordOf(honest, TRUE, i);
    forged[forged.length - 1]! ^= 1;
    expect(() => strangers.hold(TRUE, peekEnvelope(forged, TAG))).toThrow('WITAN_ERR_SIGNATURE');
  }
  expect(strangers.release(TRUE)).toEqual([]);
  expect(strangers.hold(TRUE, say(honest, TRUE))).toBe('first');
});

describe('a liar costs nobody what an honest node has said,', () => {
  const truth = [1, 2, 3].map((more) => say(honest, TRUE, more));
  /** What is left of the truth when the liar has spoken before it, in the midst of it and after it. */
  const after = (lies: (index: number) => ReturnType<typeof say>, session: (index: number) => string, count = 100) => {
    const strangers = new Strangers();
    let next = 0;
    const lie = () => {
      for (let i = 0; i < count; i++) strangers.hold(session(next), lies(next++));
    };
    lie();
    for (const message of truth) {
      strangers.hold(TRUE, message);
      lie();
    }
    return strangers.release(TRUE).filter((raw) => peekEnvelope(raw, TAG).author === honest.name);
  };
  const all = truth.map(({ raw }) => raw);

  test('whatever sessions it makes up', () => {
    expect(after((i) => say(liar, sessionOf(i)), sessionOf)).toEqual(all);
  });

  test('however much it says of the true one', () => {
    const same = () => TRUE;
    expect(after((i) => say(liar, TRUE, i), same)).toEqual(all);
    expect(after((i) => say(liar, TRUE, long(100 * KIB, i)), same, 10)).toEqual(all);
  });

  test('also when it has many names, and fills all the room there is', () => {
    const lies = identities(80, 'liar').flatMap((each) =>
      ['a', 'b'].map((name) => ({ session: sessionOf(name), message: say(each, sessionOf(name), long(120 * KIB)) })),
    );
    const strangers = new Strangers();
    const fill = () => {
      for (const { session, message } of lies) strangers.hold(session, message);
    };
    fill();
    for (const message of truth) strangers.hold(TRUE, message);
    fill();
    expect(strangers.release(TRUE)).toEqual(all);
    const held = ['a', 'b'].flatMap((session) => strangers.release(sessionOf(session)));
    expect(bytesOf(held)).toBeLessThanOrEqual(8 * MIB);
    expect(bytesOf(held)).toBeGreaterThan(7 * MIB);
  });
});

describe('of one author', () => {
  test('a bounded number of messages of a session is held', () => {
    const strangers = new Strangers();
    const taken = Array.from({ length: 100 }, (_, i) => strangers.hold(TRUE, say(liar, TRUE, i)));
    expect(taken.filter((result) => result !== 'full')).toHaveLength(16);
    expect(strangers.hold(TRUE, say(honest, TRUE))).toBe('first');
    expect(strangers.release(TRUE)).toHaveLength(17);
  });

  test('a bounded number of bytes of a session is held, in however few messages', () => {
    const strangers = new Strangers();
    expect(strangers.hold(TRUE, say(liar, TRUE, long(128 * KIB)))).toBe('full');
    expect(strangers.hold(TRUE, say(liar, TRUE, long(127 * KIB)))).toBe('first');
    expect(strangers.hold(TRUE, say(liar, TRUE, long(KIB)))).toBe('full');
    expect(strangers.hold(TRUE, say(honest, TRUE, long(127 * KIB)))).toBe('first');
    expect(strangers.release(TRUE)).toHaveLength(2);
    expect(strangers.hold(TRUE, say(liar, TRUE, long(127 * KIB)))).toBe('first');
  });

  test('the two sessions that it spoke of last are held', () => {
    const strangers = new Strangers();
    for (let i = 0; i < 300; i++) strangers.hold(sessionOf(i), say(liar, sessionOf(i)));
    strangers.hold(sessionOf(298), say(liar, sessionOf(298), 1));
    strangers.hold(sessionOf(300), say(liar, sessionOf(300)));
    const released = Array.from({ length: 301 }, (_, i) => strangers.release(sessionOf(i)).length);
    expect(released.slice(-3)).toEqual([2, 0, 1]);
    expect(released.reduce((sum, count) => sum + count)).toBe(3);
  });
});

describe('when the section is known', () => {
  const ledger = sectionOf([liar, honest, other]);
  const decided = startSession(ledger, [liar, honest, other]);
  const id = decided.pending!.id;

  test('what is no member’s is let go of', () => {
    const strangers = new Strangers();
    const crowd = identities(100, 'stranger');
    for (const each of crowd) strangers.hold(TRUE, say(each, TRUE));
    strangers.hold(TRUE, say(honest, TRUE));
    strangers.follow(ledger);
    expect(strangers.release(TRUE)).toEqual([say(honest, TRUE).raw]);
  });

  test('what is said of its sessions waits no more, also of those that are over', () => {
    const strangers = new Strangers();
    strangers.hold(id, say(honest, id));
    strangers.hold(TRUE, say(honest, TRUE));
    expect(strangers.isDecided(id)).toBe(false);
    strangers.follow(ledger);
    strangers.follow(handOver(decided));
    expect([id, TRUE].map((session) => strangers.isDecided(session))).toEqual([true, false]);
    expect(strangers.release(id)).toEqual([]);
    expect(strangers.release(TRUE)).toHaveLength(1);
  });
});
