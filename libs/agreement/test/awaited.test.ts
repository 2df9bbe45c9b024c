import { expect, test } from 'vitest';
import { Member, options } from './support.ts';

// Four members, a quorum of three, one may be faulty. Member 0 leads view 0.
const member = () => new Member(options(4, 3), { awaited: [2] });

test('awaited prevotes are awaited until the timer', () => {
  const m = member();
  m.propose(0, 0, 'ok a');
  expect(m.votes([0, 1], 0, 'prevote', 'ok a')).toEqual(['timer 0 prevote 50']);
  expect(m.state.valid).toBeUndefined();
  expect(m.timeout(0, 'prevote')).toEqual(['precommit 0 ok a']);
  expect(m.state.valid?.view).toBe(0);
});

test.each(['ok b', null])('whatever they are for: %s', (other) => {
  const m = member();
  m.propose(0, 0, 'ok a');
  m.votes([0, 1], 0, 'prevote', 'ok a');
  expect(m.votes([2], 0, 'prevote', other)).toEqual(['precommit 0 ok a']);
});
