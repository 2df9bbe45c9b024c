import type { ActionOf } from '@witan/chain';
import { type Identity, nodeName } from '@witan/crypto';
import { expect, test } from 'vitest';
import { DEFAULT_POLICY, type Ledger, type Sight } from '../src/index.ts';
import { nextAction, startAmong } from '../src/policy.ts';
import { decide, dkgOf, eldersOf, handoverOf, identities, secretOf } from './support.ts';

const nodes = identities(5);
const elders = nodes.slice(0, 4);
const shareless = elders[1]!;
const policy = { ...DEFAULT_POLICY, elderCount: 4 };
const { rekeyAfterMs, unheardAfterMs } = policy;
const NOW = 1_000_000_000;
const NOBODY: ReadonlySet<string> = new Set();

/** All of them are there, and one has said for so long that it has no share. */
function seeing(forMs: number, change: Partial<Sight> = {}): Sight {
  return {
    at: NOW,
    since: 0,
    heard: new Map(nodes.map(({ name }) => [name, NOW])),
    beats: new Map(),
    joins: new Map(),
    sessions: new Map(),
    shareless: new Map([[shareless.name, NOW - forMs]]),
    changedAt: 0,
    ...change,
  };
}

/** So many keys one after another of the same elders, each made under the one before. */
function withKeys(count: number, of: readonly Identity[] = elders): Ledger {
  let ledger = eldersOf(nodes, of);
  let secret = secretOf('second key');
  for (let keys = 1; keys < count; keys++) {
    ledger = decide(ledger, dkgOf(of, { chainLength: ledger.chain.length }), secret);
    const next = secretOf(`key ${keys}`);
    ledger = decide(ledger, handoverOf(ledger, next), secret);
    secret = next;
  }
  return ledger;
}

const participantsOf = (action: ReturnType<typeof nextAction>) =>
  (action as ActionOf<'dkg'> | undefined)?.participants.map(nodeName);
const everyElder = elders.map(({ name }) => name);

test('an elder that has had no share for a minute gets a key made with it, and not before', () => {
  const ledger = withKeys(1);
  expect(nextAction(ledger, seeing(rekeyAfterMs - 1), policy)).toBeUndefined();
  expect(participantsOf(nextAction(ledger, seeing(rekeyAfterMs), policy))).toEqual(everyElder);
});

test('one that is not there does not: the key would be made without it again', () => {
  const heard = new Map(nodes.map(({ name }) => [name, name === shareless.name ? NOW - unheardAfterMs - 1 : NOW]));
  expect(nextAction(withKeys(1), seeing(10 * rekeyAfterMs, { heard }), policy)).toBeUndefined();
});

test('the wait doubles with each key that the same elders have had', () => {
  for (const [keys, factor] of [
    [2, 2],
    [3, 4],
    [4, 8],
  ] as const) {
    const ledger = withKeys(keys);
    expect(nextAction(ledger, seeing(factor * rekeyAfterMs - 1), policy)).toBeUndefined();
    expect(participantsOf(nextAction(ledger, seeing(factor * rekeyAfterMs), policy))).toEqual(everyElder);
  }
});

test('it is voted for when another proposes it a little earlier, and not when somebody has just said it', () => {
  const ledger = withKeys(2);
  const proposed = new Set(everyElder);
  for (const among of [proposed, NOBODY]) {
    expect(startAmong(ledger, seeing(0), policy, among)).toBeUndefined();
    expect(startAmong(ledger, seeing(rekeyAfterMs - 1), policy, among)).toBeUndefined();
    expect(participantsOf(startAmong(ledger, seeing(rekeyAfterMs), policy, among))).toEqual(everyElder);
  }
});
