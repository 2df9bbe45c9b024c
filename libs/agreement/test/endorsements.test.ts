import { expect, test } from 'vitest';
import { onVote, type VoteRecord, type VoteStep } from '../src/index.ts';
import { recordsOf } from '../src/tally.ts';
import { hashOf, Member, options, utf8 } from './support.ts';

/*
 * Why `endorse` is given the view. Members 0, 1 and 2 are honest, 3 is not. Each of them does only what the algorithm
 * says; "ok w" is decided in view 3; and yet a quorum of members has precommitted to "ok v".
 */

const member = (me: number, text: string) =>
  new Member(options(4, me), { candidate: { value: utf8(text), determined: false } });

const castBy = (m: Member): VoteRecord[] =>
  [...m.state.votes[m.state.options.me]!.values()].flatMap((ballot) => [...recordsOf(ballot)]);

/** `to` hears what `from` really voted there. */
function hear(to: Member, from: Member, view: number, step: VoteStep): void {
  const cast = castBy(from).find((vote) => vote.view === view && vote.step === step)!;
  to.state = onVote(to.state, cast).state;
  to.advance();
}

test('precommits to one value in different views do not prove a decision', () => {
  const [a, b, c] = [member(0, 'ok v'), member(1, 'ok w'), member(2, 'ok v')] as const;
  const locks = () => [a, b, c].map((m) => m.state.locked?.view);
  /** Each hears the faulty one and one other say something that makes no quorum, and its timers run out. */
  const goOn = (view: number) => {
    for (const [m, other] of [
      [a, b],
      [b, c],
      [c, b],
    ] as const) {
      m.votes([3], view, 'precommit', null);
      hear(m, other, view, 'precommit');
      m.timeout(view, 'precommit');
      expect(m.state.view).toBe(view + 1);
    }
  };

  // View 0: member 0 proposes v, and alone sees a quorum for it.
  a.advance();
  c.propose(0, 0, 'ok v');
  b.advance();
  b.timeout(0, 'propose');
  a.votes([3], 0, 'prevote', 'ok v');
  hear(a, c, 0, 'prevote');
  for (const m of [b, c]) {
    m.votes([3], 0, 'prevote', null);
    hear(m, m === b ? c : b, 0, 'prevote');
    m.timeout(0, 'prevote');
  }
  expect(locks()).toEqual([0, undefined, undefined]);
  goOn(0);

  // View 1: member 1 proposes w, and alone sees a quorum for it.
  a.propose(1, 1, 'ok w');
  c.propose(1, 1, 'ok w');
  b.votes([3], 1, 'prevote', 'ok w');
  hear(b, c, 1, 'prevote');
  for (const m of [a, c]) {
    m.votes([3], 1, 'prevote', null);
    hear(m, b, 1, 'prevote');
    m.timeout(1, 'prevote');
  }
  expect(locks()).toEqual([0, 1, undefined]);
  goOn(1);

  // View 2: member 2, which has seen neither quorum, proposes v, and alone sees the quorum for it.
  a.propose(2, 2, 'ok v');
  b.propose(2, 2, 'ok v');
  c.votes([3], 2, 'prevote', 'ok v');
  hear(c, a, 2, 'prevote');
  for (const m of [a, b]) {
    m.votes([3], 2, 'prevote', null);
    hear(m, c, 2, 'prevote');
    m.timeout(2, 'prevote');
  }
  expect(locks()).toEqual([0, 1, 2]);
  goOn(2);

  // View 3: w is proposed again with its quorum of view 1, which frees member 0, and is decided.
  for (const m of [a, b]) {
    hear(m, b, 1, 'prevote');
    hear(m, c, 1, 'prevote');
    m.votes([3], 1, 'prevote', 'ok w');
    m.propose(3, 3, 'ok w', 1);
    m.votes([3], 3, 'prevote', 'ok w');
  }
  hear(a, b, 3, 'prevote');
  hear(b, a, 3, 'prevote');
  hear(a, b, 3, 'precommit');
  expect(a.votes([3], 3, 'precommit', 'ok w')).toEqual(['decide 3 ok w']);

  const precommitters = (text: string) =>
    [a, b, c].map((m) => castBy(m).some((vote) => vote.step === 'precommit' && vote.hash === hashOf(text)));
  expect(precommitters('ok w')).toEqual([true, true, false]);
  // With the faulty member's own that makes three: a quorum, of two views.
  expect(precommitters('ok v')).toEqual([true, false, true]);
});
