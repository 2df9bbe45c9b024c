import { supermajority } from '@witan/chain';
import type { Identity } from '@witan/crypto';
import { describe, expect, test } from 'vitest';
import {
  type Avoided,
  chooseElders,
  DEFAULT_PARAMS,
  DEFAULT_POLICY,
  type Event,
  forms,
  initialState,
  type Ledger,
  type SessionStatus,
  type Sight,
  type State,
  sectionMachine,
} from '../src/index.ts';
import { nextAction, nextLookMs, startAmong, startDkg } from '../src/policy.ts';
import {
  decide,
  dkgOf,
  eldersOf,
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

const nodes = identities(10);
const policy = { ...DEFAULT_POLICY, elderCount: 4 };
const { absentAfterMs, unheardAfterMs, settleMs, retryAfterMs, joinForMs } = policy;

const silentFor =
  (ms: number, ...silent: Identity[]) =>
  (sight: Sight): Sight => ({
    ...sight,
    heard: new Map([...sight.heard, ...silent.map((node) => [node.name, NOW - ms] as const)]),
  });

const namesOf = (members: readonly { name: string }[]) => members.map((each) => each.name);

describe('elders', () => {
  const elders = nodes.slice(0, 4);
  const others = nodes.slice(4, 6);
  const ledger = eldersOf(nodes.slice(0, 6), elders);
  const choose = (sight: Sight, avoided?: Avoided) => namesOf(chooseElders(ledger, sight, policy, avoided));

  test('stay as long as they are heard: nothing is to be decided', () => {
    expect(choose(seeing(nodes))).toEqual(namesOf(elders));
    expect(nextAction(ledger, seeing(nodes), policy)).toBeUndefined();
  });

  test('that are away for a while stay', () => {
    const sight = silentFor(absentAfterMs, elders[0]!)(seeing(nodes));
    expect(choose(sight)).toEqual(namesOf(elders));
  });

  test('that are absent for long are replaced by the oldest who is here', () => {
    const sight = silentFor(absentAfterMs + 1, elders[0]!)(seeing(nodes));
    expect(choose(sight)).toEqual(namesOf([...elders.slice(1), others[0]!]));
    expect(participantsOf(startDkg(ledger, sight, policy))).toEqual(choose(sight));
  });

  test('are not replaced by those who have not been heard lately', () => {
    const gone = silentFor(absentAfterMs + 1, elders[0]!)(seeing([...elders, others[1]!]));
    expect(choose(gone)).toEqual(namesOf([...elders.slice(1), others[1]!]));
    const late = silentFor(unheardAfterMs + 1, others[0]!)(gone);
    expect(choose(late)).toEqual(namesOf([...elders.slice(1), others[1]!]));
    const justInTime = silentFor(unheardAfterMs, others[0]!)(gone);
    expect(choose(justInTime)).toEqual(namesOf([...elders.slice(1), others[0]!]));
  });

  test('are never fewer because one is absent and nobody can take its place', () => {
    const sight = silentFor(absentAfterMs * 9, elders[0]!, elders[2]!)(seeing(elders));
    expect(choose(sight)).toEqual(namesOf(elders));
    expect(nextAction(ledger, sight, policy)).toBeUndefined();
  });

  test('that nobody has ever heard of count from when this node began to look', () => {
    const sight = seeing([...elders.slice(1), ...others], { since: NOW - absentAfterMs });
    expect(choose(sight)).toEqual(namesOf(elders));
    expect(choose({ ...sight, since: NOW - absentAfterMs - 1 })).not.toContain(elders[0]!.name);
  });

  test('that are blamed are left out, though nobody replaces them', () => {
    const blamed = new Set([elders[1]!.name]);
    expect(choose(seeing(elders), { blamed })).toEqual(namesOf(elders.toSpliced(1, 1)));
    expect(choose(seeing(nodes), { blamed })).toEqual(namesOf([...elders.toSpliced(1, 1), others[0]!]));
  });

  test('that are silent are left out where somebody replaces them', () => {
    const silent = new Set([elders[1]!.name]);
    expect(choose(seeing(elders), { silent })).toEqual(namesOf(elders));
    expect(choose(seeing(nodes), { silent })).toEqual(namesOf([...elders.toSpliced(1, 1), others[0]!]));
  });

  test('come by age, and who came first goes before who came later', () => {
    const late = decide(ledger, { type: 'join', nodes: [nodes[7]!.publicKey] }, secretOf('second key'));
    const wide = { ...policy, elderCount: 6 };
    expect(namesOf(chooseElders(late, seeing(nodes), wide))).toEqual(namesOf(nodes.slice(0, 6)));
    expect(namesOf(chooseElders(late, seeing(nodes), { ...policy, elderCount: 7 }))).toContain(nodes[7]!.name);
  });
});

describe('a first DKG', () => {
  const ledger = sectionOf(nodes.slice(0, 6));

  test('is wanted once the members have settled, among the oldest', () => {
    const settled = seeing(nodes, { changedAt: NOW - settleMs });
    expect(startDkg(ledger, seeing(nodes, { changedAt: NOW - settleMs + 1 }), policy)).toBeUndefined();
    expect(startDkg(ledger, settled, policy)).toMatchObject({ threshold: 3, chainLength: 1, attempt: 0 });
    expect(participantsOf(startDkg(ledger, settled, policy))).toHaveLength(4);
    expect(nextLookMs(ledger, seeing(nodes, { changedAt: NOW - 100 }), policy)).toBe(settleMs - 100);
  });

  test('comes after those who want to join', () => {
    const joins = new Map([[nodes[8]!.name, { publicKey: nodes[8]!.publicKey, at: NOW - joinForMs }]]);
    expect(nextAction(ledger, seeing(nodes, { joins }), policy)).toEqual({
      type: 'join',
      nodes: [nodes[8]!.publicKey],
    });
    const forgotten = new Map([[nodes[8]!.name, { publicKey: nodes[8]!.publicKey, at: NOW - joinForMs - 1 }]]);
    expect(nextAction(ledger, seeing(nodes, { joins: forgotten }), policy)?.type).toBe('dkg');
  });

  test('is not wanted of one alone, nor again while one is pending', () => {
    expect(startDkg(sectionOf(nodes.slice(0, 1)), seeing(nodes), policy)).toBeUndefined();
    const pending = decide(ledger, dkgOf(nodes.slice(0, 4)));
    expect(startDkg(pending, seeing(nodes), policy)).toBeUndefined();
  });

  test('has the same participants at all who see the same, and is sorted', () => {
    const names = participantsOf(startDkg(ledger, seeing(nodes.toReversed()), policy))!;
    expect(names).toEqual(participantsOf(startDkg(ledger, seeing(nodes), policy)));
    expect(names).toEqual(names.toSorted());
  });
});

describe('a session that does not end', () => {
  const members = nodes.slice(0, 6);
  const pending = decide(sectionOf(members), dkgOf(members.slice(0, 4)));
  const id = pending.pending!.id;
  const after = (status: Partial<SessionStatus>, on: Ledger = pending): Sight =>
    seeing(members, {
      sessions: new Map([
        [
          on.pending!.id,
          { since: NOW, state: 'running', outcome: undefined, givenUp: 0, blamed: [], silent: [], ...status },
        ],
      ]),
    });
  const blamed = [members[1]!.name];

  test('is waited for, and then tried again as the next attempt', () => {
    expect(startDkg(pending, after({ since: NOW - retryAfterMs }), policy)).toBeUndefined();
    expect(nextLookMs(pending, after({ since: NOW - 1000 }), policy)).toBe(retryAfterMs - 1000 + 1);
    expect(startDkg(pending, after({ since: NOW - retryAfterMs - 1 }), policy)).toMatchObject({ attempt: 1 });
  });

  test('is tried again at once when it has failed', () => {
    expect(startDkg(pending, after({ state: 'failed' }), policy)).toMatchObject({ attempt: 1 });
  });

  test('is tried again, where it may have failed before this node looked, once it has heard who else is there', () => {
    const looking = (ms: number, begunMs = ms): Sight => ({
      ...after({ state: 'failed', blamed, since: NOW - begunMs }),
      since: NOW - ms,
    });
    const again = startDkg(pending, looking(unheardAfterMs), policy);
    expect(again).toMatchObject({ attempt: 1 });
    expect(startDkg(pending, looking(unheardAfterMs - 1), policy)).toBeUndefined();
    expect(nextLookMs(pending, looking(unheardAfterMs - 100), policy)).toBe(100);
    expect(startDkg(pending, looking(2, 1), policy)).toEqual(again);
    expect(startAmong(pending, looking(0), policy, new Set(participantsOf(again)))).toEqual(again);
  });

  test('is tried again without those who were blamed or waited for in vain', () => {
    const silent = [members[2]!.name];
    const names = participantsOf(startDkg(pending, after({ state: 'failed', blamed, silent }), policy));
    expect(names).toEqual(namesOf([members[0]!, ...members.slice(3, 6)]));
  });

  test('is tried again with the silent in whose place nobody comes, but without the blamed', () => {
    const silent = namesOf([members[0]!, ...members.slice(2, 4)]);
    const names = participantsOf(startDkg(pending, after({ state: 'failed', blamed, silent }), policy));
    expect(names).toEqual(namesOf([members[0]!, members[2]!, ...members.slice(4, 6)]));
  });

  test('is tried again with all when too many would be left out for it to be their fault', () => {
    const most = namesOf(members.slice(1, 6));
    const names = participantsOf(startDkg(pending, after({ state: 'failed', blamed: most }), policy))!;
    expect(names).toHaveLength(4);
    expect(names.length).toBeGreaterThanOrEqual(supermajority(4));
  });

  test('is voted for as proposed by one who knows of fewer faults', () => {
    const sight = after({ state: 'failed', blamed });
    const proposed = startDkg(pending, after({ state: 'failed' }), policy);
    expect(startAmong(pending, sight, policy, new Set(participantsOf(proposed)))).toEqual(proposed);
    expect(startAmong(pending, after({ blamed }), policy, new Set(participantsOf(proposed)))).toBeUndefined();
  });

  test('is not tried again once it is done: what comes next is the handover to its key', () => {
    const { key, publicKeyShares } = handoverOf(pending, secretOf('second key'));
    const outcome = { key, publicKeyShares, confirmed: namesOf(members) };
    const done = after({ state: 'done', outcome, since: 0 });
    expect(startDkg(pending, done, policy)).toBeUndefined();
    expect(nextAction(pending, done, policy)).toEqual(handoverOf(pending, secretOf('second key')));
  });

  test('is not mistaken for one that is done', () => {
    const { key, publicKeyShares } = handoverOf(pending, secretOf('second key'));
    const again = decide(pending, dkgOf(members.slice(0, 4), { attempt: 1 }));
    const outcome = { key, publicKeyShares, confirmed: namesOf(members) };
    const old = { state: 'done', outcome, since: NOW, givenUp: 0, blamed: [], silent: [] } as const;
    const sight = seeing(members, { sessions: new Map([[id, old]]) });
    expect(nextAction(again, sight, policy)).toBeUndefined();
  });
});

describe('over the attempts at one key', () => {
  const machine = sectionMachine();
  const members = nodes.slice(0, 7);
  const seven = { ...policy, elderCount: 7 };
  const settings = { network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };
  const after = (state: State, ...events: readonly Event[]) =>
    events.reduce((now, event) => machine.step(now, event).state, state);
  const certified = (ledger: Ledger): Event => ({ type: 'certified', bytes: ledger.decisions.at(-1)!, at: NOW });
  const failed = (ledger: Ledger, blamed: readonly Identity[], silent: readonly Identity[] = []): Event => {
    const status = { state: 'failed', outcome: undefined, blamed: namesOf(blamed), silent: namesOf(silent) } as const;
    return { type: 'session', id: ledger.pending!.id, status, at: NOW };
  };
  /** What it would start next, if all were heard of. */
  const next = ({ ledger, sight }: State) => startDkg(ledger!, { ...seeing(members), sessions: sight.sessions }, seven);

  const first = decide(sectionOf(members), dkgOf(members));
  const before = after(
    initialState({ ...settings, identity: members[6]! }),
    ...first.decisions.map((bytes): Event => ({ type: 'certified', bytes, at: NOW })),
    failed(first, [members[0]!], [members[5]!]),
  );
  const second = decide(first, next(before)!);
  const again = after(before, certified(second), failed(second, [members[1]!]));

  test('who was blamed once takes part in none of them any more, and who was silent may', () => {
    expect(participantsOf(next(before))).toEqual(namesOf(members.slice(1)));
    expect(participantsOf(next(after(before, certified(second), failed(second, []))))).toEqual(
      namesOf(members.slice(1)),
    );
    expect(next(again)).toMatchObject({ attempt: 2 });
    expect(participantsOf(next(again))).toEqual(namesOf(members.slice(2)));
  });

  describe('blame', () => {
    const [liar, other, silent] = members as [Identity, Identity, Identity];
    const blames = (ledger: Ledger, node: Identity): Event => ({
      type: 'blamed',
      id: ledger.pending!.id,
      node: node.name,
      at: NOW,
    });
    const start = initialState({ ...settings, identity: members[6]! });
    const known = first.decisions.map((bytes): Event => ({ type: 'certified', bytes, at: NOW }));
    /** What a process has on disk that was told of these things, and what the next one makes of it. */
    const diskOf = (...events: readonly Event[]) => {
      let state = start;
      return events.flatMap((event) => {
        const step = machine.step(state, event);
        state = step.state;
        return step.effects.flatMap((effect) => (effect.type === 'persist' ? [effect] : []));
      });
    };
    const restarted = (...events: readonly Event[]) => {
      const records = diskOf(...events).map(({ record }) => record);
      return machine.resume(records.reduce(machine.recover, start), NOW).state;
    };

    test.each([
      ['as it is told at once', [blames(first, liar)]],
      ['as it is told with the end', [failed(first, [liar], [silent])]],
    ])('outlives a restart in its attempt and in all after it, %s', (_, told) => {
      expect(participantsOf(next(after(restarted(...known, ...told), failed(first, []))))).toEqual(
        namesOf(members.filter((member) => member !== liar)),
      );
      const later = restarted(...known, ...told, certified(second), blames(second, other));
      expect(participantsOf(next(after(later, failed(second, []))))).toEqual(
        namesOf(members.filter((member) => member !== liar && member !== other)),
      );
      expect(later.sight.sessions.get(second.pending!.id)).toMatchObject({ state: 'running', silent: [] });
    });

    test('is on disk before anybody hears of it, and written down once', () => {
      const told = [blames(first, liar), blames(first, liar), failed(first, [liar]), failed(first, [liar])];
      const [fact, ...more] = diskOf(...known, ...told).slice(known.length);
      expect(more).toEqual([]);
      expect(fact).toMatchObject({ durable: true, secret: false });
      expect(forms.decodeFact(fact!.record)).toEqual({
        type: 'blamed',
        session: new Uint8Array(Buffer.from(first.pending!.id, 'hex')),
        nodes: [new Uint8Array(Buffer.from(liar.name, 'hex'))],
      });
    });

    test('counts for the attempt that it was told of, or for none', () => {
      const late = [blames(first, other), failed(first, [silent])];
      expect(diskOf(...known, certified(second), ...late).slice(known.length + 1)).toEqual([]);
      expect(restarted(...known, certified(second), ...late).sight.sessions.get(second.pending!.id)?.blamed).toEqual(
        [],
      );
      const over = decide(first, handoverOf(first, secretOf('second key')));
      expect(diskOf(...known, certified(over), ...late).slice(known.length + 1)).toEqual([]);
    });
  });

  test('what is told of an attempt that was given up counts no more', () => {
    const late = after(again, failed(first, [members[3]!]));
    expect(next(late)).toEqual(next(again));
  });

  test('a liar is proposed again by nobody here, and voted for if another proposes it', () => {
    const { ledger, sight } = again;
    const proposed = new Set(namesOf(members));
    const own = { ...seeing(members), sessions: sight.sessions };
    expect(participantsOf(startAmong(ledger!, own, seven, proposed))).toEqual(namesOf(members));
  });

  test('with the next key it is forgotten: who was left out is young again', () => {
    const third = decide(second, next(again)!);
    const over = decide(third, handoverOf(third, secretOf('second key')));
    const fresh = decide(over, dkgOf(members, { chainLength: 2 }), secretOf('second key'));
    const state = after(again, certified(third), certified(over), certified(fresh));
    expect([...state.sight.sessions.values()]).toMatchObject([{ blamed: [], silent: [] }]);
  });
});
