import { encodeG1, mulBase } from '@witan/crypto';
import { encode, sealEnvelope } from '@witan/wire';
import { expect, test } from 'vitest';
import {
  currentShare,
  DEFAULT_PARAMS,
  type Event,
  forms,
  initialState,
  type Ledger,
  type State,
  sectionMachine,
  votingShare,
} from '../src/index.ts';
import {
  decide,
  dkgOf,
  GENESIS_KEY,
  GENESIS_SECRET,
  handoverOf,
  identities,
  NETWORK,
  secretOf,
  sectionOf,
} from './support.ts';

const machine = sectionMachine();
const [me] = identities(1);
const stranger = identities(1, 'stranger')[0]!;
const SECOND = secretOf('second key');
const join: Event = {
  type: 'received',
  bytes: sealEnvelope(stranger, NETWORK, 'joinRequest', encode(forms.joinBody, { prefix: '' })).raw,
  at: 1,
};

const env = { identity: me!, network: NETWORK, prefix: '', genesisKey: GENESIS_KEY, params: DEFAULT_PARAMS };

/** What the first node, alone in its section, has on its disk once it has made the genesis key. */
const records = machine
  .step(initialState(env), { type: 'create', secret: GENESIS_SECRET, at: 1 })
  .effects.flatMap((effect) => (effect.type === 'persist' ? [effect.record] : []));

function recovered(restoredAt?: number): State {
  const state = initialState({ ...env, ...(restoredAt === undefined ? {} : { restoredAt }) });
  return machine.resume(records.reduce(machine.recover, state), 1).state;
}

function step(state: State, event: Event) {
  const { state: after, effects } = machine.step(state, event);
  const facts = effects.flatMap((effect) => (effect.type === 'persist' ? [forms.decodeFact(effect.record).type] : []));
  return { after, hasVoted: facts.includes('voted') };
}

const started = decide(sectionOf([me!]), dkgOf([me!]));
const handedOver = decide(started, {
  ...handoverOf(started, SECOND),
  publicKeyShares: [encodeG1(mulBase(SECOND))],
});

const isAble = (state: State) => [currentShare(state) !== undefined, votingShare(state) !== undefined];
const after = (state: State, ledgers: readonly Ledger[]) =>
  ledgers.reduce(
    (now, { decisions }) => step(now, { type: 'certified', bytes: decisions.at(-1)!, at: 1 }).after,
    state,
  );

test('a node that was put back signs with the share that it has, and does not vote with it', () => {
  expect([isAble(recovered()), step(recovered(), join).hasVoted]).toEqual([[true, true], true]);
  for (const restoredAt of [Number.POSITIVE_INFINITY, 0]) {
    const state = recovered(restoredAt);
    expect([isAble(state), step(state, join).hasVoted]).toEqual([[true, false], false]);
  }
});

test('the past ends where it is told to, and with the next key the node votes', () => {
  const { after: told } = step(recovered(Number.POSITIVE_INFINITY), { type: 'restored', generation: 0, at: 1 });
  const followed = after(told, [started, handedOver]);
  expect(isAble(followed)).toEqual([false, false]);
  const { after: able } = step(followed, { type: 'share', key: handedOver.key, share: SECOND, at: 1 });
  expect([isAble(able), step(able, join).hasVoted]).toEqual([[true, true], true]);
});

test('a key that was handed over before the end of the past is of the past', () => {
  const followed = after(recovered(handedOver.generation), [started, handedOver]);
  const { after: able } = step(followed, { type: 'share', key: handedOver.key, share: SECOND, at: 1 });
  expect([isAble(able), step(able, join).hasVoted]).toEqual([[true, false], false]);
});
