import { describe, expect, test } from 'vitest';
import { onValue } from '../src/index.ts';
import { hashOf, Member, options, utf8 } from './support.ts';

// Four members, a quorum of three, one may be faulty. Member 0 leads view 0.
const member = (me: number, app = {}) => new Member(options(4, me), app);
const wants = (text: string, determined = false) => ({ candidate: { value: utf8(text), determined } });

/** Member 3, locked on "ok a" in view 0 and gone to view 1 by its precommit timer. */
function locked(): Member {
  const m = member(3);
  m.propose(0, 0, 'ok a');
  m.votes([0, 1], 0, 'prevote', 'ok a');
  m.votes([1, 2], 0, 'precommit', null);
  m.timeout(0, 'precommit');
  return m;
}

describe('the leader (lines 14 to 19)', () => {
  test('proposes its candidate and prevotes it, the vote first', () => {
    expect(member(0, wants('ok a')).advance()).toEqual(['prevote 0 ok a', 'propose 0 ok a -']);
  });

  test('proposes once', () => {
    const m = member(0, wants('ok a'));
    m.advance();
    expect(m.become(wants('ok b'))).toEqual([]);
  });

  test('proposes as soon as it has a candidate', () => {
    const m = member(0);
    expect(m.advance()).toEqual([]);
    expect(m.become(wants('ok a'))).toEqual(['prevote 0 ok a', 'propose 0 ok a -']);
  });

  test('does not propose what it cannot vouch for', () => {
    expect(member(0, wants('huh')).advance()).toEqual(['timer 0 propose 100']);
  });

  test('proposes again what had a quorum of prevotes, with its view', () => {
    const m = new Member(options(4, 1), wants('ok mine'));
    m.propose(0, 0, 'ok a');
    m.votes([0, 2], 0, 'prevote', 'ok a');
    m.votes([0, 2], 0, 'precommit', null);
    expect(m.timeout(0, 'precommit')).toEqual(['prevote 1 ok a', 'propose 1 ok a 0']);
  });

  test('proposes again also when the quorum came after its own precommit for nothing', () => {
    const m = new Member(options(4, 1), wants('ok mine'));
    m.propose(0, 0, 'ok a');
    m.votes([0, 2], 0, 'prevote', null);
    m.timeout(0, 'prevote');
    m.votes([3], 0, 'prevote', 'ok a');
    expect(m.state.valid).toBeUndefined();
    m.votes([2], 0, 'prevote', 'ok a'); // member 2 said two things: it counts for any value
    expect(m.state.valid).toEqual({ view: 0, hash: hashOf('ok a') });
    expect(m.state.locked).toBeUndefined();
    m.votes([0, 2], 0, 'precommit', null);
    expect(m.timeout(0, 'precommit')).toEqual(['prevote 1 ok a', 'propose 1 ok a 0']);
  });
});

describe('a fresh proposal (lines 22 to 27)', () => {
  test('valid: prevoted', () => {
    expect(member(3).propose(0, 0, 'ok a')).toEqual(['prevote 0 ok a']);
  });

  test('invalid: prevote for nothing', () => {
    expect(member(3).propose(0, 0, 'bad')).toEqual(['prevote 0 nil']);
  });

  test('unknown: waits for the application, until the propose timer', () => {
    const m = member(3, wants('ok mine'));
    expect(m.propose(0, 0, 'huh')).toEqual(['timer 0 propose 100']);
    expect(m.become({ judge: () => 'valid' })).toEqual(['prevote 0 huh']);

    const other = member(3, wants('ok mine'));
    other.propose(0, 0, 'huh');
    expect(other.timeout(0, 'propose')).toEqual(['prevote 0 nil']);
  });

  test('of another value than the lock: prevote for nothing', () => {
    expect(locked().propose(1, 1, 'ok b')).toEqual(['prevote 1 nil']);
  });

  test('of the locked value: prevoted', () => {
    expect(locked().propose(1, 1, 'ok a')).toEqual(['prevote 1 ok a']);
  });

  test('of somebody who does not lead the view: refused', () => {
    expect(member(3).offer(1, 0, 'ok a').rejected).toBe('not-leader');
    expect(member(3).offer(undefined, 0, 'ok a').rejected).toBe('not-leader');
    expect(member(3).offer(4, 0, 'ok a').rejected).toBe('stranger');
  });

  test('the second of one leader in one view: refused, with both as evidence', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    expect(m.offer(0, 0, 'ok a').rejected).toBe('duplicate');
    const { rejected, evidence } = m.offer(0, 0, 'ok b');
    expect(rejected).toBe('equivocation');
    expect(evidence?.map((each) => Buffer.from(each.value).toString())).toEqual(['ok a', 'ok b']);
  });
});

describe('a repeated proposal (lines 28 to 33)', () => {
  test('waits for the quorum of prevotes that it names', () => {
    const m = member(3);
    m.votes([0, 1], 2, 'precommit', null);
    expect(m.state.view).toBe(2);
    expect(m.propose(2, 2, 'ok b', 1)).toEqual([]);
    expect(m.votes([0, 1], 1, 'prevote', 'ok b')).toEqual([]);
    expect(m.votes([2], 1, 'prevote', 'ok b')).toEqual(['prevote 2 ok b']);
  });

  test('frees from an older lock', () => {
    const m = locked();
    m.votes([0, 1, 2], 1, 'prevote', 'ok b'); // not seen in view 1 in time
    m.votes([0, 1], 2, 'precommit', null);
    expect(m.propose(2, 2, 'ok b', 1)).toEqual(['prevote 2 ok b']);
  });

  test('does not free from a newer lock', () => {
    const m = member(3);
    m.votes([0, 1], 1, 'precommit', null);
    m.propose(1, 1, 'ok a');
    m.votes([0, 1], 1, 'prevote', 'ok a');
    expect(m.state.locked?.view).toBe(1);
    m.votes([0, 1], 2, 'precommit', null);
    m.votes([0, 1, 2], 0, 'prevote', 'ok b');
    expect(m.propose(2, 2, 'ok b', 0)).toEqual(['prevote 2 nil']);
  });

  test('names an earlier view or is refused', () => {
    expect(member(3).offer(1, 1, 'ok', 1).rejected).toBe('invalid');
    expect(member(3).offer(1, 1, 'ok', -1).rejected).toBe('invalid');
  });
});

describe('an open first view', () => {
  const open = (me: number, app = {}) => new Member(options(4, me, { openFirstView: true }), app);

  test('takes the first valid proposal, from anyone', () => {
    const m = open(3);
    expect(m.propose(undefined, 0, 'bad')).toEqual([]);
    expect(m.propose(undefined, 0, 'huh')).toEqual([]);
    expect(m.propose(2, 0, 'ok a')).toEqual(['prevote 0 ok a']);
    expect(m.propose(undefined, 0, 'ok b')).toEqual([]);
  });

  test('has no leader, the views after it have', () => {
    const m = open(1, wants('ok mine'));
    expect(m.advance()).toEqual(['timer 0 propose 100']);
    m.timeout(0, 'propose');
    m.votes([0, 2, 3], 0, 'prevote', null);
    m.votes([2, 3], 0, 'precommit', null);
    expect(m.timeout(0, 'precommit')).toEqual(['prevote 1 ok mine', 'propose 1 ok mine -']);
    expect(m.offer(undefined, 1, 'ok').rejected).toBe('not-leader');
  });

  test('takes the own value when nobody proposes anything', () => {
    const m = open(1, wants('ok mine'));
    m.advance();
    expect(m.timeout(0, 'propose')).toEqual(['prevote 0 ok mine']);
    const without = open(1);
    without.votes([2, 3], 0, 'prevote', null);
    expect(without.timeout(0, 'propose')).toContain('prevote 0 nil');
  });

  test('takes what f+1 members voted for as proposed', () => {
    const m = open(3);
    expect(m.votes([0], 0, 'prevote', 'ok a')).toEqual([]);
    expect(m.votes([1], 0, 'prevote', 'ok a')).toEqual(['timer 0 propose 100', 'need ok a']);
    m.state = onValue(m.state, utf8('ok a')).state;
    expect(m.advance()).toEqual(['prevote 0 ok a', 'precommit 0 ok a']);
  });

  test('holds one proposal of a member and a few of strangers, and drops invalid ones', () => {
    const m = open(3);
    expect(m.offer(2, 0, 'huh').rejected).toBeUndefined();
    m.propose(2, 0, 'huh');
    expect(m.offer(2, 0, 'huh 2').rejected).toBe('equivocation');
    for (const i of [1, 2, 3, 4, 5, 6]) m.propose(undefined, 0, `bad ${i}`);
    for (const i of [1, 2, 3, 4]) m.propose(undefined, 0, `huh ${i}`);
    expect(m.offer(undefined, 0, 'huh 5').rejected).toBe('full');
    expect(m.state.values.size).toBe(5);
  });
});

describe('a determined candidate', () => {
  test('stands for a proposal in view 0, open or not', () => {
    expect(member(3, wants('ok a', true)).advance()).toEqual(['prevote 0 ok a']);
    const m = new Member(options(4, 0, { openFirstView: true }), wants('ok a', true));
    expect(m.advance()).toEqual(['prevote 0 ok a']);
  });

  test('decides without any proposal', () => {
    const m = new Member(options(4, 3, { openFirstView: true }), wants('ok a', true));
    m.advance();
    expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a']);
    expect(m.votes([0, 1], 0, 'precommit', 'ok a')).toEqual(['decide 0 ok a']);
  });

  test('stands for nothing in later views', () => {
    const m = member(3, wants('ok a', true));
    m.votes([0, 1], 1, 'prevote', null);
    expect(m.advance()).toEqual([]);
    expect(m.state).toMatchObject({ view: 1, step: 'propose' });
  });
});

describe('the propose timer (lines 20, 21, 57 to 60)', () => {
  test('of view 0 is set once there is a candidate', () => {
    const m = member(3);
    expect(m.advance()).toEqual([]);
    expect(m.become(wants('ok a'))).toEqual(['timer 0 propose 100']);
    expect(m.advance()).toEqual([]);
    expect(m.timeout(0, 'propose')).toEqual(['prevote 0 nil']);
  });

  test('of view 0 is set once an honest member has voted', () => {
    const m = member(3);
    expect(m.votes([1], 0, 'prevote', null)).toEqual([]);
    expect(m.votes([2], 0, 'prevote', null)).toEqual(['timer 0 propose 100']);
  });

  test('of later views is set on entering, grows, and ends growing', () => {
    expect(member(3).votes([1, 2], 1, 'prevote', null)).toEqual(['timer 1 propose 110']);
    expect(member(3).votes([1, 2], 9, 'prevote', null)).toEqual(['timer 9 propose 120']);
  });

  test('means nothing when it was not set, or for another view', () => {
    const m = member(3);
    expect(m.timeout(0, 'propose')).toEqual([]);
    m.become(wants('ok a'));
    expect(m.timeout(1, 'propose')).toEqual([]);
    m.propose(0, 0, 'ok b');
    expect(m.timeout(0, 'propose')).toEqual([]);
  });
});

describe('prevotes (lines 34 to 46 and 61 to 64)', () => {
  test('a quorum for a value: lock and precommit', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    expect(m.votes([0], 0, 'prevote', 'ok a')).toEqual([]);
    expect(m.votes([1], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a']);
    expect(m.state.locked).toEqual({ view: 0, hash: hashOf('ok a') });
    expect(m.state.valid).toEqual({ view: 0, hash: hashOf('ok a') });
  });

  test('a quorum for nothing: precommit nothing', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1, 2], 0, 'prevote', null)).toEqual(['precommit 0 nil']);
    expect(m.state.locked).toBeUndefined();
  });

  test('a quorum of different ones: the timer, then precommit nothing', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1], 0, 'prevote', null)).toEqual(['timer 0 prevote 50']);
    expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 nil']);
  });

  test('a quorum after a prevote for nothing still locks', () => {
    const m = member(3, wants('ok mine'));
    m.advance();
    m.timeout(0, 'propose');
    m.propose(0, 0, 'ok a');
    m.votes([0, 1], 0, 'prevote', 'ok a');
    expect(m.votes([2], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a']);
  });

  test('a quorum for what is not known to be valid: nothing is precommitted', () => {
    const m = member(3, wants('ok mine'));
    m.propose(0, 0, 'huh');
    m.timeout(0, 'propose');
    expect(m.votes([0, 1, 2], 0, 'prevote', 'huh')).toEqual(['timer 0 prevote 50']);
    expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 nil']);
  });
});

describe('precommits (lines 47 to 53 and 65 to 67)', () => {
  test('a quorum for a value decides, with a certificate of just those', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    m.votes([2], 0, 'precommit', null);
    expect(m.votes([0, 1], 0, 'precommit', 'ok a')).toEqual(['timer 0 precommit 30']);
    expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a', 'decide 0 ok a']);
    expect(Buffer.from(m.state.decision!.certificate).toString()).toBe('0: 0,1,3');
    expect(m.votes([2], 1, 'prevote', null)).toEqual([]);
  });

  test('of an earlier or a later view decide too', () => {
    const late = member(3);
    late.propose(0, 0, 'ok a');
    late.votes([0, 1], 2, 'prevote', null);
    late.votes([0, 1], 0, 'precommit', 'ok a');
    expect(late.votes([2], 0, 'precommit', 'ok a')).toEqual(['decide 0 ok a']);

    const early = new Member(options(4, 3), wants('ok a'));
    expect(early.votes([0, 1, 2], 5, 'precommit', 'ok a')).toEqual(['decide 5 ok a']);
  });

  test('in different views do not add up', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    m.votes([0, 1], 0, 'precommit', 'ok a');
    expect(m.votes([2], 1, 'precommit', 'ok a')).toEqual([]);
    expect(m.state.decision).toBeUndefined();
  });

  test('decide what is not known to be invalid, and never what is', () => {
    const m = member(3);
    expect(m.votes([0, 1, 2], 0, 'precommit', 'huh')).toContain('need huh');
    m.state = onValue(m.state, utf8('huh')).state;
    expect(m.advance()).toEqual(['decide 0 huh']);

    const other = member(3);
    other.propose(0, 0, 'bad');
    other.votes([0, 1, 2], 0, 'precommit', 'bad');
    expect(other.state.decision).toBeUndefined();
  });

  test('a quorum of any: the timer, then the next view', () => {
    const m = member(3);
    m.propose(0, 0, 'ok a');
    m.votes([1], 0, 'precommit', null);
    m.votes([2], 0, 'precommit', 'ok b');
    expect(m.votes([0], 0, 'precommit', 'ok a')).toEqual(['timer 0 precommit 30']);
    expect(m.timeout(0, 'precommit')).toEqual(['timer 1 propose 110']);
    expect(m.state).toMatchObject({ view: 1, step: 'propose' });
  });

  test('bad ones do not count for a decision, but for leaving the view', () => {
    const bad = [1];
    const m = member(3, {
      certify: (_v: number, _h: string, votes: ReadonlyMap<number, unknown>) =>
        bad.some((each) => votes.has(each)) ? { bad } : { certificate: utf8('good') },
    });
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1, 2], 0, 'precommit', 'ok a')).toEqual(['timer 0 precommit 30']);
    expect(m.votes([1], 0, 'precommit', 'ok a')).toEqual([]);
    expect(m.votes([0, 1, 2], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a', 'decide 0 ok a']);
  });

  test('an application that cannot certify and blames nobody does not hang it', () => {
    const m = member(3, { certify: () => ({ bad: [] }) });
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1, 2], 0, 'precommit', 'ok a')).toEqual(['timer 0 precommit 30']);
  });
});

describe('going on to where the others are (lines 55 and 56)', () => {
  test('takes f+1 others, and goes to the view that an honest one has reached', () => {
    const m = member(3);
    expect(m.votes([0], 1_000_000, 'prevote', null)).toEqual([]);
    expect(m.state.view).toBe(0);
    m.votes([1], 4, 'precommit', null);
    expect(m.state).toMatchObject({ view: 4, step: 'propose' });
  });
});

describe('one member alone', () => {
  test('decides what it proposes, once its vote is signed', () => {
    const m = new Member(options(1, 0), wants('ok a'));
    expect(m.advance()).toEqual([
      'prevote 0 ok a',
      'propose 0 ok a -',
      'precommit 0 ok a',
      'timer 0 precommit 30',
      'decide 0 ok a',
    ]);
  });
});

describe('an observer', () => {
  test('only tallies and decides', () => {
    const m = new Member(options(4, -1), { ...wants('ok mine', true) });
    expect(m.advance()).toEqual([]);
    expect(m.propose(0, 0, 'ok a')).toEqual([]);
    expect(m.votes([0, 1], 1, 'prevote', 'ok b')).toEqual(['need ok b']);
    expect(m.state.view).toBe(1);
    expect(m.votes([0, 1, 2], 0, 'precommit', 'ok a')).toEqual(['need ok a']);
  });
});
