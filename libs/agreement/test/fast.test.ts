import { describe, expect, test } from 'vitest';
import { holdings, onValue, votesMissing } from '../src/index.ts';
import { Member, options, utf8 } from './support.ts';

// Four members, a quorum of three, one may be faulty. Member 0 leads view 0, member 1 view 1.
const CANDIDATE = { value: utf8('ok a'), determined: true };
const fast = { fastPath: true };
const member = (me: number, app = {}) =>
  new Member(options(4, me, fast), { candidate: CANDIDATE, awaited: [0, 1, 2, 3], isFast: () => true, ...app });

describe('the fast path', () => {
  test('the same prevote of all in view 0 decides', () => {
    const m = member(3);
    expect(m.advance()).toEqual(['prevote 0 ok a fast']);
    expect(m.votes([0, 1], 0, 'prevote', 'ok a', true)).toEqual(['timer 0 prevote 50']);
    expect(m.votes([2], 0, 'prevote', 'ok a', true)).toEqual(['decide 0 ok a']);
    expect(Buffer.from(m.state.decision!.certificate).toString()).toBe('0: 0,1,2,3');
  });

  test('not when one does not say that it may, and then there is a second vote', () => {
    const m = member(3);
    m.advance();
    m.votes([0, 1], 0, 'prevote', 'ok a', true);
    expect(m.votes([2], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a']);
    expect(m.votes([0, 1], 0, 'precommit', 'ok a')).toEqual(['decide 0 ok a']);
  });

  test('not in a group without one, and not in a later view', () => {
    const slow = new Member(options(4, 3), { candidate: CANDIDATE, isFast: () => true });
    expect(slow.advance()).toEqual(['prevote 0 ok a']);
    expect(slow.votes([0, 1, 2], 0, 'prevote', 'ok a', true)).toEqual(['precommit 0 ok a']);
    const m = member(3);
    m.votes([0, 1], 1, 'prevote', null);
    expect(m.propose(1, 1, 'ok a')).toEqual([]);
    expect(m.votes([0, 1, 2], 0, 'prevote', null)).toContain('prevote 1 ok a');
    expect(m.votes([0, 1, 2], 1, 'prevote', 'ok a', true)).toContain('precommit 1 ok a');
  });

  test('of a voter that said two things the one that counts is enough', () => {
    const m = member(3);
    m.advance();
    m.votes([2], 0, 'prevote', null);
    m.votes([0, 1], 0, 'prevote', 'ok a', true);
    expect(m.votes([2], 0, 'prevote', 'ok a', true)).toContain('decide 0 ok a');
  });

  test('is seen by who only looks on', () => {
    const m = new Member(options(4, -1, fast));
    m.offer(0, 0, 'ok a');
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1, 2, 3], 0, 'prevote', 'ok a', true)).toEqual(['decide 0 ok a']);
  });
});

describe('after a first view that may have decided', () => {
  const led = (me: number, app = {}) => {
    const m = member(me, { candidate: { value: utf8('ok b'), determined: false }, ...app });
    m.votes([0, 2], 1, 'prevote', null);
    expect(m.state.view).toBe(1);
    return m;
  };

  test('one that had no vote in it says so', () => {
    const m = member(3, { candidate: undefined });
    expect(m.votes([0, 2], 1, 'prevote', null)).toEqual(['prevote 0 nil', 'timer 1 propose 110']);
    expect(m.advance()).toEqual([]);
  });

  test('that word frees where each vote alone would bind', () => {
    const m = member(1, { candidate: undefined });
    m.votes([0], 0, 'prevote', 'ok a', true);
    m.votes([2], 0, 'prevote', 'ok c', true);
    expect(m.votes([0, 2], 1, 'prevote', null)).toContain('prevote 0 nil');
    expect(m.become({ candidate: { value: utf8('ok b'), determined: false } })).toContain('propose 1 ok b -');
  });

  test('something else gets no vote before f+1 are known not to have voted for it', () => {
    const m = led(3);
    m.votes([0], 0, 'prevote', 'ok a', true);
    expect(m.propose(1, 1, 'ok b')).toEqual([]);
    expect(m.votes([2], 0, 'prevote', null)).toContain('prevote 1 ok b');
  });

  test('a vote for it without the word that it may decide is a vote otherwise', () => {
    const m = led(3);
    m.votes([0], 0, 'prevote', 'ok a');
    expect(m.propose(1, 1, 'ok b')).toContain('prevote 1 ok b');
  });

  test('the leader proposes it, not what it wants itself', () => {
    const m = led(1);
    const said = [...m.votes([0], 0, 'prevote', 'ok a', true), ...m.votes([2], 0, 'prevote', 'ok a', true)];
    expect(said).toEqual(['need ok a']);
    m.state = onValue(m.state, utf8('ok a')).state;
    expect(m.advance()).toEqual(['prevote 1 ok a', 'propose 1 ok a -', 'timer 1 prevote 60']);
  });

  test('votes of the first view are what a member in a later one asks for', () => {
    const [a, b] = [led(3), led(1)];
    a.votes([0, 2], 0, 'prevote', 'ok a', true);
    const missing = votesMissing(a.state, holdings(b.state)).votes.map((raw) => Buffer.from(raw).toString());
    expect(missing).toEqual(expect.arrayContaining(['0 0 prevote ok a fast', '2 0 prevote ok a fast']));
    b.votes([0, 2], 0, 'prevote', 'ok a', true);
    const rest = votesMissing(a.state, holdings(b.state)).votes.map((raw) => Buffer.from(raw).toString());
    expect(rest.some((each) => each.startsWith('0 0'))).toBe(false);
  });
});
