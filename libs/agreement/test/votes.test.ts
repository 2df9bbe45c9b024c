import { describe, expect, test } from 'vitest';
import { censusOf } from '../src/census.ts';
import {
  attachRaw,
  holdings,
  initial,
  onProposal,
  onValue,
  onVote,
  recoverVote,
  silent,
  type VoteRecord,
  votesMissing,
} from '../src/index.ts';
import { hashOf, Member, options, utf8, vote } from './support.ts';

const wants = (text: string) => ({ candidate: { value: utf8(text), determined: false } });

describe('taking votes', () => {
  const fresh = initial(options(4, 3));
  const { state } = onVote(fresh, vote(0, 0, 'prevote', 'ok a'));

  test('a repeated one is a duplicate and changes nothing', () => {
    expect(onVote(state, vote(0, 0, 'prevote', 'ok a'))).toEqual({ state, rejected: 'duplicate' });
    expect(onVote(state, vote(0, 0, 'prevote', 'ok a')).state).toBe(state);
  });

  test('one that contradicts an earlier one is evidence, once', () => {
    const second = onVote(state, vote(0, 0, 'prevote', null));
    expect(second.rejected).toBe('equivocation');
    expect(second.evidence).toEqual([vote(0, 0, 'prevote', 'ok a'), vote(0, 0, 'prevote', null)]);
    const third = onVote(second.state, vote(0, 0, 'prevote', 'ok b'));
    expect(third).toEqual({ state: second.state, rejected: 'equivocation' });
    expect(onVote(second.state, vote(0, 0, 'prevote', null)).rejected).toBe('duplicate');
  });

  test.each([-1, 4, 1.5, Number.NaN])('of voter %s: a stranger', (voter) => {
    expect(onVote(fresh, vote(voter, 0, 'prevote', null))).toEqual({ state: fresh, rejected: 'stranger' });
  });

  test('a member known to have said two things counts for any value', () => {
    const m = new Member(options(4, 3));
    m.propose(0, 0, 'ok a');
    m.votes([1], 0, 'prevote', 'ok a');
    m.votes([2], 0, 'prevote', 'ok b');
    expect(m.state.step).toBe('prevote');
    expect(m.votes([2], 0, 'prevote', null)).toContain('precommit 0 ok a');
  });

  test('but not in a certificate', () => {
    const m = new Member(options(4, 3));
    m.propose(0, 0, 'ok a');
    m.votes([0, 1], 0, 'precommit', 'ok a');
    m.votes([2], 0, 'precommit', 'ok b');
    m.votes([2], 0, 'precommit', null);
    expect(m.state.decision).toBeUndefined();
  });

  test('the second of two contradicting precommits can be in one', () => {
    const m = new Member(options(4, 3));
    m.propose(0, 0, 'ok a');
    m.votes([0, 1], 0, 'precommit', 'ok a');
    m.votes([2], 0, 'precommit', null);
    expect(m.votes([2], 0, 'precommit', 'ok a')).toEqual(['decide 0 ok a']);
  });

  test('names those not heard', () => {
    expect(silent(state)).toEqual([1, 2, 3]);
  });
});

describe('bounds', () => {
  test('a voter of many views is remembered in a few, the latest and the current among them', () => {
    let state = initial(options(4, 3));
    state = onVote(state, vote(0, 0, 'prevote', null)).state;
    for (let view = 1; view <= 1000; view++) state = onVote(state, vote(0, view, 'prevote', null)).state;
    const views = [...state.votes[0]!.keys()];
    expect(views).toHaveLength(9);
    expect(views).toEqual(expect.arrayContaining([0, 1, 1000]));
    expect(onVote(state, vote(0, 2, 'prevote', null)).rejected).toBe('stale');
    expect(state.votes[1]!.size).toBe(0);
  });

  test('what is counted is what is remembered, whatever views voters have named', () => {
    let { state } = new Member(options(4, 3));
    for (let view = 1; view <= 1000; view++) {
      for (const voter of [0, 1]) {
        const [step, value] = [(['prevote', 'precommit'] as const)[view % 2]!, voter === 0 ? 'ok a' : null];
        state = onVote(state, vote(voter, view, step, value)).state;
        if (view % 3 === 0) state = onVote(state, vote(voter, view, step, 'ok b')).state;
      }
    }
    const { places, supports, highest } = censusOf(state.votes);
    const anew = censusOf([...state.votes]);
    const sorted = <T>(entries: Iterable<readonly [string, T]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(places)).toEqual(sorted(anew.places));
    expect([places.size, supports.length, highest]).toEqual([9, anew.supports.length, 1000]);
  });

  test('the votes behind a lock are kept', () => {
    const m = new Member(options(4, 3));
    m.propose(0, 0, 'ok a');
    m.votes([0, 1], 0, 'prevote', 'ok a');
    for (let view = 1; view < 50; view++) m.votes([0, 1], view, 'prevote', null);
    expect(m.state).toMatchObject({ view: 49, locked: { view: 0 } });
    expect(m.state.votes[0]!.has(0)).toBe(true);
    expect(m.state.votes[0]!.size).toBe(9);
  });

  test('a leader of many views has one proposal remembered for later, the furthest', () => {
    let { state } = new Member(options(4, 3));
    for (let view = 0; view < 400; view += 4) {
      const input = { from: 0, view, validView: undefined, value: utf8(`ok ${view}`), raw: utf8('x') };
      state = onProposal(state, input).state;
    }
    expect(state.proposals.map((proposal) => proposal.view)).toEqual([0, 396]);
    expect([...state.values.keys()]).toEqual([hashOf('ok 0'), hashOf('ok 396')]);
    const earlier = { from: 0, view: 4, validView: undefined, value: utf8('ok'), raw: utf8('x') };
    expect(onProposal(state, earlier).rejected).toBe('stale');
  });

  test('a value is limited', () => {
    const state = initial(options(4, 3));
    const propose = (length: number) =>
      onProposal(state, { from: 0, view: 0, validView: undefined, value: new Uint8Array(length), raw: utf8('x') });
    expect(propose(64 * 1024).rejected).toBeUndefined();
    expect(propose(64 * 1024 + 1)).toEqual({ state, rejected: 'too-large' });
  });

  test('values that only one member votes for are neither asked for nor taken', () => {
    const m = new Member(options(4, 3));
    expect(m.votes([0], 0, 'prevote', 'ok a')).toEqual([]);
    expect(onValue(m.state, utf8('ok a'))).toEqual({ state: m.state, rejected: 'unwanted' });
  });

  test('values of views gone by are forgotten, but for those with votes', () => {
    const m = new Member(options(4, 3), wants('ok mine'));
    m.propose(0, 0, 'bad');
    expect(m.state.values.size).toBe(1);
    m.votes([0, 1], 1, 'prevote', null);
    expect(m.state.values.size).toBe(0);

    const other = new Member(options(4, 3));
    other.propose(0, 0, 'ok a');
    other.votes([0, 1], 1, 'prevote', null);
    expect([...other.state.values.keys()]).toEqual([hashOf('ok a')]);
  });
});

describe('coming back', () => {
  const own = (view: number, step: VoteRecord['step'], value: string | null) => vote(3, view, step, value);
  const recovered = (...votes: [VoteRecord, string?][]) => {
    const m = new Member(options(4, 3), wants('ok mine'));
    for (const [record, text] of votes) m.state = recoverVote(m.state, record, text ? utf8(text) : undefined);
    return m;
  };

  test('a prevote is not cast again, and the precommit after it is', () => {
    const m = recovered([own(0, 'prevote', 'ok a'), 'ok a']);
    expect(m.advance()).toEqual([]);
    expect(m.propose(0, 0, 'ok b')).toEqual([]);
    expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toEqual(['precommit 0 ok a']);
  });

  test('a precommit is not cast again, and is the lock', () => {
    const m = recovered([own(0, 'prevote', 'ok a'), 'ok a'], [own(0, 'precommit', 'ok a'), 'ok a']);
    expect(m.state).toMatchObject({ step: 'precommit', locked: { view: 0, hash: hashOf('ok a') } });
    m.votes([0, 1], 0, 'precommit', null);
    m.timeout(0, 'precommit');
    expect(m.propose(1, 1, 'ok b')).toEqual(['prevote 1 nil']);
  });

  test('a leader with a lock proposes it again, with its view', () => {
    const m = recovered([own(2, 'precommit', 'ok a'), 'ok a']);
    m.votes([0, 1], 2, 'precommit', null);
    expect(m.timeout(2, 'precommit')).toEqual(['prevote 3 ok a', 'propose 3 ok a 2']);
  });

  test('the order of the votes does not matter', () => {
    const votes: [VoteRecord, string?][] = [
      [own(0, 'precommit', 'ok a'), 'ok a'],
      [own(2, 'prevote', null)],
      [own(1, 'precommit', null)],
    ];
    const there = recovered(...votes).state;
    const back = recovered(...votes.toReversed()).state;
    expect(there).toMatchObject({ view: 2, step: 'prevote', locked: { view: 0 } });
    for (const key of ['view', 'step', 'locked', 'valid'] as const) expect(back[key]).toEqual(there[key]);
  });

  test('timers are set again', () => {
    const m = recovered([own(0, 'prevote', null)]);
    expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toContain('timer 0 prevote 50');
  });

  test('the value of a lock is asked for when the journal did not hold it', () => {
    const m = recovered([own(0, 'precommit', 'ok a')]);
    expect(m.advance()).toEqual([`need ${hashOf('ok a')}`]);
    m.state = onValue(m.state, utf8('ok a')).state;
    expect(m.votes([0, 1], 0, 'precommit', 'ok a')).toEqual(['decide 0 ok a']);
  });

  test('an own vote heard again after the journal was lost binds like a recovered one', () => {
    const m = new Member(options(4, 3), wants('ok mine'));
    m.votes([3], 0, 'precommit', 'ok a');
    expect(m.state).toMatchObject({ view: 0, step: 'precommit', locked: { view: 0, hash: hashOf('ok a') } });
    expect(m.propose(0, 0, 'ok b')).toEqual([]);
  });

  test('somebody else is not recovered', () => {
    expect(() => recoverVote(initial(options(4, 3)), vote(2, 0, 'prevote', null), undefined)).toThrow(
      expect.objectContaining({ code: 'WITAN_ERR_INVALID' }),
    );
  });
});

describe('what a vote rests on', () => {
  const member = () => new Member(options(4, 3), wants('ok mine'));

  test('the prevotes that lock are journaled with the precommit, both of a voter that said two things', () => {
    const m = member();
    m.propose(0, 0, 'ok a');
    m.votes([0], 0, 'prevote', 'ok a');
    m.votes([1], 0, 'prevote', null);
    m.votes([1], 0, 'prevote', 'ok b');
    expect(m.justified).toEqual([['0 0 prevote ok a', '1 0 prevote null', '1 0 prevote ok b']]);
  });

  test('the votes that led into a view are journaled with the first vote there', () => {
    const skipping = member();
    skipping.votes([0], 9, 'prevote', null);
    skipping.votes([1], 4, 'precommit', null);
    skipping.timeout(4, 'propose');
    expect(skipping.justified).toEqual([['0 9 prevote null', '1 4 precommit null']]);

    const timedOut = member();
    timedOut.propose(0, 0, 'bad');
    timedOut.votes([0, 1], 0, 'prevote', null);
    timedOut.votes([0, 1], 0, 'precommit', null);
    timedOut.timeout(0, 'precommit');
    timedOut.timeout(1, 'propose');
    expect(timedOut.justified).toEqual([['0 0 precommit null', '1 0 precommit null']]);
  });

  test('with them, a member that comes back leads the others to where it is', () => {
    const back = member();
    back.state = recoverVote(back.state, vote(3, 5, 'prevote', null), undefined);
    back.votes([0, 1, 2], 4, 'precommit', null);
    const behind = new Member(options(4, 1));
    const { votes } = votesMissing(back.state, holdings(behind.state));
    expect(votes).toHaveLength(4);
    behind.votes([3], 5, 'prevote', null);
    behind.votes([0, 1, 2], 4, 'precommit', null);
    behind.timeout(4, 'precommit');
    expect(behind.state.view).toBe(5);
  });
});

describe('the own bytes', () => {
  test('are attached once they are signed, and nothing else is touched', () => {
    const m = new Member(options(4, 0), wants('ok a'));
    m.advance();
    expect(m.state.votes[0]!.get(0)!.prevote!.first.raw).toEqual(utf8('own 0 prevote'));
    expect(m.state.proposals[0]!.raw).toEqual(utf8('own 0 propose'));
    expect(attachRaw(m.state, 5, 'precommit', utf8('x'))).toBe(m.state);
  });
});

describe('options', () => {
  test.each([
    { members: 0 },
    { members: 4, quorum: 2 },
    { members: 6, quorum: 4 },
    { members: 4, quorum: 5 },
    { members: 4, me: 4 },
    { members: 4, me: -2 },
    { members: 4, firstLeader: 4 },
    { members: 4, instance: new Uint8Array(31) },
  ])('%o are refused', ({ members, ...over }) => {
    expect(() => initial(options(members, 0, over))).toThrow(expect.objectContaining({ code: 'WITAN_ERR_INVALID' }));
  });
});
