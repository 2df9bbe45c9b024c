import { describe, expect, test } from 'vitest';
import { Member, options } from './support.ts';

// Four members, a quorum of three, one may be faulty. Member 0 leads view 0.
const member = (me: number, app = {}) => new Member(options(4, me), app);

describe('an objection', () => {
  const objecting = { objects: (value: Uint8Array) => Buffer.from(value).toString() === 'ok bad' };

  test('keeps a member from voting for what is new', () => {
    const m = member(3, objecting);
    expect(m.propose(0, 0, 'ok bad')).toEqual(['prevote 0 nil']);
    const open = new Member(options(4, 3, { openFirstView: true }), objecting);
    expect(open.propose(undefined, 0, 'ok bad')).toEqual([]);
    expect(open.propose(1, 0, 'ok good')).toEqual(['prevote 0 ok good']);
  });

  test('that comes after the vote keeps it from being bound', () => {
    const m = member(3, { awaited: [2], objects: () => false });
    expect(m.propose(0, 0, 'ok bad')).toEqual(['prevote 0 ok bad']);
    m.votes([0, 1], 0, 'prevote', 'ok bad');
    m.votes([2], 0, 'prevote', null);
    m.become(objecting);
    expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 nil']);
    expect(m.state.locked).toBeUndefined();
    expect(m.state.valid).toBeUndefined();
  });

  test('may be on its way when an awaited member votes for something else', () => {
    const m = member(3, { awaited: [2], objects: () => false });
    m.propose(0, 0, 'ok bad');
    m.votes([0, 1], 0, 'prevote', 'ok bad');
    expect(m.votes([2], 0, 'prevote', null)).toEqual([]);
    expect(m.become(objecting)).toEqual([]);
    expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 nil']);
    const heedless = member(3, { awaited: [2] });
    heedless.propose(0, 0, 'ok bad');
    heedless.votes([0, 1], 0, 'prevote', 'ok bad');
    expect(heedless.votes([2], 0, 'prevote', null)).toEqual(['precommit 0 ok bad']);
  });

  test('comes too late for what others may be bound to', () => {
    const m = member(3, objecting);
    m.votes([0, 1, 2], 0, 'prevote', 'ok bad');
    m.votes([0, 1], 1, 'prevote', null);
    expect(m.state.view).toBe(1);
    expect(m.propose(1, 1, 'ok bad', 0)).toContain('prevote 1 ok bad');
    expect(m.votes([1, 2], 1, 'prevote', 'ok bad')).toContain('precommit 1 ok bad');
  });

  test('awaited prevotes are awaited, until the timer', () => {
    const m = member(3, { awaited: [2] });
    m.propose(0, 0, 'ok a');
    expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toEqual(['timer 0 prevote 50']);
    expect(m.state.valid).toBeUndefined();
    expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 ok a']);
    expect(m.state.valid?.view).toBe(0);

    const other = member(3, { awaited: [2] });
    other.propose(0, 0, 'ok a');
    other.votes([0, 1], 0, 'prevote', 'ok a');
    expect(other.votes([2], 0, 'prevote', null)).toEqual(['precommit 0 ok a']);
  });
});
