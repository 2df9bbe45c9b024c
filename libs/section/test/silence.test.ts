import { supermajority, tolerated } from '@witan/chain';
import type { Identity } from '@witan/crypto';
import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, type Ledger, type SessionStatus, type Sight } from '../src/index.ts';
import { startAmong, startDkg } from '../src/policy.ts';
import { decide, dkgOf, eldersOf, identities, NOW, participantsOf, secretOf, sectionOf, seeing } from './support.ts';

const policy = DEFAULT_POLICY;
const nodes = identities(9);
const namesOf = (members: readonly Identity[]) => members.map((each) => each.name).toSorted();

/** Of a session that has not ended in time. */
const stalled = (on: Ledger, heard: readonly Identity[], status: Partial<SessionStatus>): Sight => {
  const since = NOW - policy.retryAfterMs - 1;
  const known: SessionStatus = {
    since,
    state: 'running',
    outcome: undefined,
    givenUp: 0,
    blamed: [],
    silent: [],
    ...status,
  };
  return seeing(heard, { sessions: new Map([[on.pending!.id, known]]) });
};

/** Whom another attempt would be among, and whether one among others would be voted for. */
const again = (on: Ledger, heard: readonly Identity[], status: Partial<SessionStatus>) => {
  const sight = stalled(on, heard, status);
  return {
    names: participantsOf(startDkg(on, sight, policy)),
    takes: (proposed: readonly Identity[]) => {
      const wanted = participantsOf(startAmong(on, sight, policy, new Set(namesOf(proposed))));
      return wanted?.join() === namesOf(proposed).join();
    },
  };
};

describe.each([4, 5, 6, 7])('a session of all %i elders is tried again', (n) => {
  const elders = nodes.slice(0, n);
  const pending = decide(eldersOf(elders), dkgOf(elders, { chainLength: 2 }), secretOf('second key'));
  const liars = elders.slice(0, tolerated(n));
  const others = elders.slice(liars.length);
  const [cutOff, ...heard] = others as [Identity, ...Identity[]];

  test('with all of them when liars were silent and another was not heard', () => {
    const { names } = again(pending, elders, { silent: namesOf([...liars, cutOff]) });
    expect(names).toEqual(namesOf(elders));
  });

  test('with all of them, though some are away for good, of whom it does not take more than may be', () => {
    const { names } = again(pending, heard, { silent: namesOf([...liars, cutOff]) });
    expect(names).toEqual(namesOf(elders));
    expect(others.length).toBeGreaterThanOrEqual(supermajority(n));
  });

  test('not with fewer because a liar proposes so, whom each knows to be silent', () => {
    const { takes } = again(pending, elders, { silent: namesOf([...liars, cutOff]) });
    expect(takes([...liars, ...heard])).toBe(false);
    expect(takes(others)).toBe(false);
    expect(takes(heard)).toBe(false);
    expect(takes(elders)).toBe(true);
  });

  test('with fewer by those who are proven to lie, and no smaller after that', () => {
    const { names, takes } = again(pending, elders, { blamed: namesOf(liars), silent: [cutOff.name] });
    expect(names).toEqual(namesOf(others));
    expect(takes(others)).toBe(true);
    expect(takes(heard)).toBe(false);
    const second = decide(pending, dkgOf(others, { chainLength: 2, attempt: 1 }), secretOf('second key'));
    const third = again(second, elders, { blamed: namesOf(liars), silent: namesOf(heard) });
    expect(third.names).toEqual(namesOf(others));
    expect(third.takes(heard)).toBe(false);
  });

  test('with one in the place of a silent one where there is one, and no fewer', () => {
    const spare = nodes[n]!;
    const among = decide(
      eldersOf([...elders, spare], elders),
      dkgOf(elders, { chainLength: 2 }),
      secretOf('second key'),
    );
    const silent = namesOf([...liars, cutOff]);
    const small = { ...policy, elderCount: n };
    const sight = stalled(among, [...elders, spare], { silent });
    const names = participantsOf(startDkg(among, sight, small))!;
    expect(names).toHaveLength(n);
    expect(names).toEqual(expect.arrayContaining(namesOf([spare, ...heard])));
    const proposed = namesOf([spare, ...liars, ...heard]);
    expect(participantsOf(startAmong(among, sight, small, new Set(proposed)))).toEqual(proposed);
  });
});

describe('a first session of those who have come to one elder is tried again', () => {
  const seven = nodes.slice(0, 7);
  const pending = decide(sectionOf(seven), dkgOf(seven));
  const silent = namesOf(seven.slice(4));
  const away = (ms: number) => ({
    ...stalled(pending, seven.slice(0, 4), { silent }),
    heard: new Map(seven.map((node, at) => [node.name, at < 4 ? NOW : NOW - ms])),
  });

  test('with all of them, silent or not', () => {
    expect(again(pending, seven, { silent }).names).toEqual(namesOf(seven));
    expect(again(pending, seven, { silent }).takes(seven.slice(0, 6))).toBe(false);
  });

  test('with those who have not been heard for a while, but not for ever: they are no elders yet', () => {
    expect(participantsOf(startDkg(pending, away(policy.absentAfterMs), policy))).toEqual(namesOf(seven));
    expect(participantsOf(startDkg(pending, away(policy.absentAfterMs + 1), policy))).toEqual(
      namesOf(seven.slice(0, 4)),
    );
  });

  test('with who else has come, rather than with one that is not heard', () => {
    const more = decide(pending, { type: 'join', nodes: [nodes[7]!.publicKey] });
    const sight = { ...away(policy.unheardAfterMs + 1), sessions: stalled(more, [], {}).sessions };
    const names = participantsOf(startDkg(more, { ...sight, heard: sight.heard.set(nodes[7]!.name, NOW) }, policy))!;
    expect(names).toHaveLength(7);
    expect(names).toContain(nodes[7]!.name);
  });
});
