import { describe, expect, test } from 'vitest';
import {
  DEFAULT_PARAMS,
  DEFAULT_POLICY,
  initialState,
  type SessionNews,
  type SessionStatus,
  type Sight,
  type State,
  sectionMachine,
} from '../src/index.ts';
import { nextAction, nextLookMs, startAmong } from '../src/policy.ts';
import {
  decide,
  dkgOf,
  GENESIS_KEY,
  handoverOf,
  identities,
  NETWORK,
  NOW,
  participantsOf,
  secretOf,
  sectionOf,
  seeing,
} from './support.ts';

const nodes = identities(7);
const policy = { ...DEFAULT_POLICY, elderCount: 7 };
const { confirmWithinMs, unheardAfterMs } = policy;
const names = nodes.map(({ name }) => name);
const [first, , third] = names as [string, string, string];

const pending = decide(sectionOf(nodes), dkgOf(nodes));

const handover = handoverOf(pending, secretOf('second key'));

/** The session is done, for so long, and these have not shown a share. */
function lacking(lack: readonly string[], doneForMs: number, change: Partial<Sight & SessionStatus> = {}): Sight {
  const { givenUp = 0, blamed = [], ...sight } = change;
  const { key, publicKeyShares } = handover;
  const confirmed = names.filter((name) => !lack.includes(name));
  const status: SessionStatus = {
    since: 0,
    doneAt: NOW - doneForMs,
    state: 'done',
    outcome: { key, publicKeyShares, confirmed },
    givenUp,
    blamed,
    silent: [],
  };
  return seeing(nodes, { sessions: new Map([[pending.pending!.id, status]]), ...sight });
}
const heardAgo = (name: string, ms: number) => new Map([...seeing(nodes).heard, [name, NOW - ms]]);

describe('of a key that is made', () => {
  test('is wanted once all participants have shown a share', () => {
    expect(nextAction(pending, lacking([], 0), policy)).toEqual(handover);
    expect(nextLookMs(pending, lacking([], 0), policy)).toBeUndefined();
  });

  test('waits for one that is there and has not', () => {
    expect(nextAction(pending, lacking([third], 1_000), policy)).toBeUndefined();
    expect(nextLookMs(pending, lacking([third], 500), policy)).toBe(unheardAfterMs + 1);
    expect(nextLookMs(pending, lacking([third], confirmWithinMs - 100), policy)).toBe(101);
  });

  test('does not wait for one that is not heard', () => {
    const gone = lacking([third], 0, { heard: heardAgo(third, unheardAfterMs + 1) });
    expect(nextAction(pending, gone, policy)).toEqual(handover);
    const going = lacking([third], 0, { heard: heardAgo(third, unheardAfterMs - 50) });
    expect(nextAction(pending, going, policy)).toBeUndefined();
    expect(nextLookMs(pending, going, policy)).toBe(51);
  });

  test('waits for the own share, though nobody hears oneself', () => {
    const heard = heardAgo(first, 1_000_000);
    const own = lacking([first], 0, { heard, self: first });
    expect(nextAction(pending, own, policy)).toBeUndefined();
    expect(nextLookMs(pending, own, policy)).toBe(confirmWithinMs + 1);
  });

  test('does not wait for a proven liar', () => {
    expect(nextAction(pending, lacking([third], 0, { blamed: [third] }), policy)).toEqual(handover);
  });

  test('waits for one that may not have been heard because this elder began to look a moment ago', () => {
    const heard = new Map([...seeing(nodes).heard].filter(([name]) => name !== third));
    const back = (ago: number) => lacking([third], 0, { heard, since: NOW - ago });
    expect(nextAction(pending, back(100), policy)).toBeUndefined();
    expect(nextLookMs(pending, back(100), policy)).toBe(unheardAfterMs - 100 + 1);
    expect(nextAction(pending, back(unheardAfterMs + 1), policy)).toEqual(handover);
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
    const second = (doneForMs: number) => lacking([third], doneForMs, { givenUp: 1 });
    expect(nextAction(pending, second(confirmWithinMs), policy)).toBeUndefined();
    expect(nextAction(pending, second(confirmWithinMs + 1), policy)).toEqual(handover);
  });

  test('is not given up for what came of other attempts', () => {
    const machine = sectionMachine();
    const me = { network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS, identity: nodes[0]! };
    const hear = (state: State, bytes: Uint8Array) => machine.step(state, { type: 'certified', bytes, at: 1 }).state;
    const told = (state: State, id: string, outcome: SessionNews['outcome']) => {
      const status = { state: outcome ? 'done' : 'failed', outcome, blamed: [], silent: [] } as const;
      return machine.step(state, { type: 'session', id, status, at: 2 }).state;
    };
    const { key, publicKeyShares } = handover;
    const outcomes = [undefined, { key, publicKeyShares, confirmed: [] }, undefined];
    let [state, ledger] = [pending.decisions.reduce(hear, initialState(me)), pending];
    const givenUp = outcomes.map((outcome, before) => {
      state = told(state, ledger.pending!.id, outcome);
      ledger = decide(ledger, dkgOf(nodes, { attempt: before + 1 }));
      state = hear(state, ledger.decisions.at(-1)!);
      return state.sight.sessions.get(ledger.pending!.id)?.givenUp;
    });
    expect(givenUp).toEqual([0, 1, 1]);
  });
});
