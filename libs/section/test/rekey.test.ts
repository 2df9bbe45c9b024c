import { expect, test } from 'vitest';
import { DEFAULT_POLICY, type Ledger } from '../src/index.ts';
import { nextAction, startAmong } from '../src/policy.ts';
import { decide, dkgOf, eldersOf, handoverOf, identities, NOW, participantsOf, secretOf, seeing } from './support.ts';

const nodes = identities(5);
const elders = nodes.slice(0, 4);
const shareless = elders[1]!;
const policy = { ...DEFAULT_POLICY, elderCount: 4 };
const { rekeyAfterMs, unheardAfterMs } = policy;
const NOBODY: ReadonlySet<string> = new Set();

/** All of them are there, and one has said for so long that it has no share. */
const sightOf = (forMs: number) => seeing(nodes, { shareless: new Map([[shareless.name, NOW - forMs]]) });

/** So many keys one after another of the same elders, each made under the one before. */
function withKeys(count: number): Ledger {
  let ledger = eldersOf(nodes, elders);
  let secret = secretOf('second key');
  for (let keys = 1; keys < count; keys++) {
    ledger = decide(ledger, dkgOf(elders, { chainLength: ledger.chain.length }), secret);
    const next = secretOf(`key ${keys}`);
    ledger = decide(ledger, handoverOf(ledger, next), secret);
    secret = next;
  }
  return ledger;
}

const everyElder = elders.map(({ name }) => name);

test('an elder that has had no share for a minute gets a key made with it, and not before', () => {
  const ledger = withKeys(1);
  expect(nextAction(ledger, sightOf(rekeyAfterMs - 1), policy)).toBeUndefined();
  expect(participantsOf(nextAction(ledger, sightOf(rekeyAfterMs), policy))).toEqual(everyElder);
});

test('one that is not there does not: the key would be made without it again', () => {
  const { heard, ...sight } = sightOf(10 * rekeyAfterMs);
  const unheard = new Map(heard).set(shareless.name, NOW - unheardAfterMs - 1);
  expect(nextAction(withKeys(1), { ...sight, heard: unheard }, policy)).toBeUndefined();
});

test('the wait doubles with each key that the same elders have had', () => {
  for (const [keys, factor] of [
    [2, 2],
    [3, 4],
    [4, 8],
  ] as const) {
    const ledger = withKeys(keys);
    expect(nextAction(ledger, sightOf(factor * rekeyAfterMs - 1), policy)).toBeUndefined();
    expect(participantsOf(nextAction(ledger, sightOf(factor * rekeyAfterMs), policy))).toEqual(everyElder);
  }
});

test('it is voted for when another proposes it a little earlier, and not when somebody has just said it', () => {
  const ledger = withKeys(2);
  const proposed = new Set(everyElder);
  for (const among of [proposed, NOBODY]) {
    expect(startAmong(ledger, sightOf(0), policy, among)).toBeUndefined();
    expect(startAmong(ledger, sightOf(rekeyAfterMs - 1), policy, among)).toBeUndefined();
    expect(participantsOf(startAmong(ledger, sightOf(rekeyAfterMs), policy, among))).toEqual(everyElder);
  }
});
