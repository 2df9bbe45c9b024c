import { describe, expect, test } from 'vitest';
import { DEFAULT_POLICY, type Ledger, type SessionStatus, type Sight } from '../src/index.ts';
import { nextAction, nextLookMs, startAmong } from '../src/policy.ts';
import { decide, dkgOf, handoverOf, identities, NOW, participantsOf, secretOf, sectionOf, seeing } from './support.ts';

const nodes = identities(7);
const policy = { ...DEFAULT_POLICY, elderCount: 7 };
const { confirmWithinMs, unheardAfterMs } = policy;
const names = nodes.map(({ name }) => name);
const [first, , third] = names as [string, string, string];

const attempt = (number: number): Ledger =>
  Array.from({ length: number }).reduce<Ledger>(
    (ledger, _, before) => decide(ledger, dkgOf(nodes, { attempt: before + 1 })),
    decide(sectionOf(nodes), dkgOf(nodes)),
  );

const pending = attempt(0);

/** The session is done, for so long, and these have not shown a share. */
function lacking(lack: readonly string[], doneForMs: number, on = pending, change: Partial<Sight> = {}): Sight {
  const { key, publicKeyShares } = handoverOf(on, secretOf('second key'));
  const confirmed = names.filter((name) => !lack.includes(name));
  const status: SessionStatus = {
    since: 0,
    doneAt: NOW - doneForMs,
    state: 'done',
    outcome: { key, publicKeyShares, confirmed },
    blamed: [],
    silent: [],
  };
  return seeing(nodes, { sessions: new Map([[on.pending!.id, status]]), ...change });
}

const handover = handoverOf(pending, secretOf('second key'));
const heardAgo = (name: string, ms: number) => new Map([...seeing(nodes).heard, [name, NOW - ms]]);

describe('of a key that is made', () => {
  test('is wanted once all participants have shown a share', () => {
    expect(nextAction(pending, lacking([], 0), policy)).toEqual(handover);
    expect(nextLookMs(pending, lacking([], 0), policy)).toBeUndefined();
  });

  test('waits for one that is there and has not', () => {
    expect(nextAction(pending, lacking([third], 1_000), policy)).toBeUndefined();
    expect(nextLookMs(pending, lacking([third], 1_000), policy)).toBe(unheardAfterMs + 1);
    expect(nextLookMs(pending, lacking([third], confirmWithinMs - 100), policy)).toBe(101);
  });

  test('does not wait for one that is not heard', () => {
    const gone = lacking([third], 0, pending, { heard: heardAgo(third, unheardAfterMs + 1) });
    expect(nextAction(pending, gone, policy)).toEqual(handover);
    const going = lacking([third], 0, pending, { heard: heardAgo(third, unheardAfterMs - 50) });
    expect(nextAction(pending, going, policy)).toBeUndefined();
    expect(nextLookMs(pending, going, policy)).toBe(51);
  });

  test('waits for the own share, though nobody hears oneself', () => {
    const heard = heardAgo(first, 1_000_000);
    const own = lacking([first], 0, pending, { heard, self: first });
    expect(nextAction(pending, own, policy)).toBeUndefined();
    expect(nextLookMs(pending, own, policy)).toBe(confirmWithinMs + 1);
  });

  test('does not wait for a proven liar', () => {
    const sight = lacking([third], 0);
    const [[id, status]] = [...sight.sessions] as [[string, SessionStatus]];
    const blamed = { ...sight, sessions: new Map([[id, { ...status, blamed: [third] }]]) };
    expect(nextAction(pending, blamed, policy)).toEqual(handover);
  });

  test('is given up for another session among the same, when it has waited for long', () => {
    const sight = lacking([third], confirmWithinMs + 1);
    const action = nextAction(pending, sight, policy);
    expect(action).toMatchObject({ type: 'dkg', attempt: 1 });
    expect(participantsOf(action)).toEqual(participantsOf(dkgOf(nodes)));
    expect(startAmong(pending, sight, policy, new Set(names))).toEqual(action);
    expect(startAmong(pending, lacking([third], confirmWithinMs), policy, new Set(names))).toBeUndefined();
  });

  test('comes about in the end, also if one that is there never shows a share', () => {
    const last = attempt(1);
    expect(nextAction(last, lacking([third], confirmWithinMs, last), policy)).toBeUndefined();
    expect(nextAction(last, lacking([third], confirmWithinMs + 1, last), policy)).toEqual(
      handoverOf(last, secretOf('second key')),
    );
  });
});
