import { expect, test } from 'vitest';
import { type Plan, simulate } from '../src/index.ts';
import { shareVerification } from './support.ts';

shareVerification();

/** Sessions are given up before the first deadline has passed, so that a storm has many attempts. */
const HASTY = { settleMs: 100, absentAfterMs: 2_500, unheardAfterMs: 1_500, retryAfterMs: 1_200, rekeyAfterMs: 8_000 };
const OFTEN: Partial<Plan> = {
  misfortuneMs: 300,
  downMs: 2_000,
  stormMs: 12_000,
  spare: 'nobody',
  traitorsReform: true,
};
const FOUR: Plan['traitors'] = new Map([[1, ['silence']]]);
const SEVEN: Plan['traitors'] = new Map([
  [2, ['silence', 'no-answer']],
  [4, ['silence', 'false-complaint']],
]);

/** Of these seeds attempts lost places for silence as long as they could. */
test.each([
  [46, 4, 1, FOUR],
  [48, 4, 0, FOUR],
  [49, 7, 1, SEVEN],
])(
  'seed %i: however often a session is tried again, silence makes it no smaller',
  (seed, elderCount, spare, traitors) => {
    const policy = { ...HASTY, elderCount };
    const { violations, tallied } = simulate(seed, { plan: { ...OFTEN, nodes: elderCount + spare, policy, traitors } });
    // So hasty as they are they also give up sessions of which all is well, which is no rest.
    expect(violations.filter(({ invariant }) => invariant !== 'live')).toEqual([]);
    expect(tallied.retries).toBeGreaterThan(1);
  },
);
