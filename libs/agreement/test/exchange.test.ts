import { describe, expect, test } from 'vitest';
import { holdings, initial, type Missing, onVote, votesMissing } from '../src/index.ts';
import { hashOf, Member, options, utf8, vote } from './support.ts';

const text = (bytes: readonly Uint8Array[]) => bytes.map((each) => Buffer.from(each).toString()).sort();
const readable = ({ proposals, votes, values }: Missing) => ({
  proposals: text(proposals),
  votes: text(votes),
  values: text(values),
});
const NOTHING = { proposals: [], votes: [], values: [] };
const between = (from: Member, to: Member) => readable(votesMissing(from.state, holdings(to.state)));
const member = (me: number) => new Member(options(4, me));

describe('what another member lacks', () => {
  test('nothing, when both have the same', () => {
    expect(between(member(1), member(2))).toEqual(NOTHING);
    const [a, b] = [member(1), member(2)];
    for (const m of [a, b]) {
      m.propose(0, 0, 'ok a');
      m.votes([0, 1, 2, 3], 0, 'prevote', 'ok a');
    }
    expect(between(a, b).proposals).toEqual([]);
    expect(between(a, b).votes).toEqual(['own 0 precommit']);
    expect(holdings(a.state)).toMatchObject({ prevotes: Uint8Array.of(0b1111), precommits: Uint8Array.of(0b0010) });
  });

  test('votes and the proposal of the view of both', () => {
    const [a, b] = [member(1), member(2)];
    a.propose(0, 0, 'ok a');
    a.votes([0, 3], 0, 'prevote', null);
    b.votes([3], 0, 'prevote', null);
    expect(between(a, b)).toEqual({
      proposals: ['0 0 proposes ok a'],
      votes: ['0 0 prevote null', 'own 0 prevote'],
      values: [],
    });
  });

  test('votes by which it gets to a later view', () => {
    const [a, b] = [member(1), member(2)];
    a.votes([0, 2, 3], 7, 'precommit', null);
    expect(a.state.view).toBe(7);
    expect(between(a, b).votes).toEqual(['0 7 precommit null', '2 7 precommit null', '3 7 precommit null']);
  });

  test('the votes that led out of the view before, when nobody has voted in this one', () => {
    const [a, b] = [member(1), member(2)];
    a.votes([0, 2, 3], 7, 'precommit', null);
    a.timeout(7, 'precommit');
    expect(a.state.view).toBe(8);
    expect(between(a, b).votes).toEqual(['0 7 precommit null', '2 7 precommit null', '3 7 precommit null']);
    b.votes([0, 2, 3], 7, 'precommit', null);
    expect(between(a, b)).toEqual(NOTHING);
  });

  test('the quorum that a repeated proposal names, also where a voter said two things', () => {
    const [a, b] = [member(1), member(3)];
    for (const m of [a, b]) {
      m.votes([0, 2], 2, 'precommit', null);
      m.propose(2, 2, 'ok b', 1);
    }
    a.votes([0, 1, 2], 1, 'prevote', 'ok b');
    b.votes([1], 1, 'prevote', 'ok b');
    b.votes([2], 1, 'prevote', null);
    expect(holdings(b.state).polka).toEqual({ view: 1, hash: hashOf('ok b'), prevotes: Uint8Array.of(0b0010) });
    const votes = ['0 1 prevote ' + 'ok b', '2 1 prevote ok b'];
    expect(between(a, b).votes.filter((each) => each.includes(' 1 prevote'))).toEqual(votes);
    expect(b.votes([2], 1, 'prevote', 'ok b')).toEqual([]);
    expect(holdings(b.state).polka?.prevotes).toEqual(Uint8Array.of(0b0110));
    expect(b.votes([0], 1, 'prevote', 'ok b')).toEqual(['prevote 2 ok b']);
    expect(holdings(b.state).polka).toBeUndefined();
  });

  test('values that it wants', () => {
    const [a, b] = [member(1), member(2)];
    a.propose(0, 0, 'ok a');
    b.votes([0, 3], 0, 'prevote', 'ok a');
    expect(holdings(b.state).wants).toEqual([hashOf('ok a')]);
    expect(between(a, b).values).toEqual(['ok a']);
    expect(readable(votesMissing(a.state, { ...holdings(b.state), wants: [hashOf('else')] })).values).toEqual([]);
  });

  test('votes that are not signed yet are given to nobody', () => {
    const state = onVote(initial(options(4, 1)), { ...vote(0, 0, 'prevote', null), raw: utf8('') }).state;
    expect(votesMissing(state, holdings(initial(options(4, 2))))).toEqual(NOTHING);
  });

  test('a member that has decided still answers', () => {
    const [a, b] = [member(1), member(2)];
    a.propose(0, 0, 'ok a');
    a.votes([0, 2, 3], 0, 'precommit', 'ok a');
    expect(a.state.decision?.view).toBe(0);
    expect(between(a, b).votes).toHaveLength(4);
  });

  test('bitmaps that are too short ask for everything', () => {
    const a = member(1);
    a.votes([0, 3], 0, 'prevote', null);
    const none = new Uint8Array();
    const theirs = {
      view: 0,
      proposal: true,
      prevotes: none,
      precommits: none,
      polka: undefined,
      first: undefined,
      wants: [],
    };
    expect(votesMissing(a.state, theirs).votes).toHaveLength(2);
  });
});
