import { WitanError } from '@witan/errors';
import { expect, test } from 'vitest';
import { Stage } from '../src/index.ts';
import { readStatement } from '../src/statement.ts';
import { shareVerification } from './support.ts';

shareVerification();

/** What became of a session the section's actor has no record of. Tried again it would be after `retryAfterMs`, 45 s. */
const SOON_MS = 10_000;
const REFUSES_MS = 500;

/** Ids of the sessions that were begun, in order. */
function sessionsOf({ world }: Stage): ReadonlySet<string> {
  const begun = new Set<string>();
  world.watchers.push({ dkg: (_, { id }, { type }) => void (type === 'started' && begun.add(id)) });
  return begun;
}

test('a key that is made is handed over, also when most disks refuse the votes for it at first', () => {
  const stage = new Stage({ nodes: 8, elders: 7, seed: 11, policy: { absentAfterMs: 2_000 } });
  const { world } = stage;
  expect(stage.run('shares')).toBe(true);
  const begun = sessionsOf(stage);
  stage.addRule({ what: 'heartbeat', from: [stage.node('n3')], to: undefined, times: Infinity }, 'lose');

  const ready = new Set<string>();
  let refuses: { readonly from: number; readonly but: string } | undefined;
  const refused = new Set<string>();
  world.watchers.push({ dkg: (node, _, { type }) => void (type === 'done' && ready.add(node.name)) });
  world.onSend = ({ name }, { bytes }) => {
    if (ready.size < 7 || refuses || readStatement(bytes)?.what !== 'section-proposal') return;
    refuses = { from: world.clock.now(), but: name };
  };
  world.onWrite = ({ name }, when, stream) => {
    if (!refuses || when !== 'before' || stream !== 'section' || name === refuses.but) return;
    if (world.clock.now() >= refuses.from + REFUSES_MS) return;
    refused.add(name);
    throw new WitanError('WITAN_ERR_STORE_FULL', 'told to fail');
  };
  expect(world.run(20_000, () => refuses !== undefined)).toBe(true);
  const chains = () => world.nodes.map(({ elder }) => elder!.state.ledger!.chain.length);
  expect(world.run(SOON_MS, () => chains().every((length) => length === 3))).toBe(true);
  expect([begun.size, refused.size]).toEqual([1, 6]);
});

test('a session that has failed is tried again at once by an elder that was killed as it failed', () => {
  const stage = new Stage({ nodes: 7, elders: 4, seed: 1 });
  const { world } = stage;
  const begun = sessionsOf(stage);
  const [first, ...liars] = ['n0', 'n1', 'n2', 'n3'].map((label) => stage.node(label));
  for (const liar of liars) stage.lie(liar, 'wrong-share', undefined, undefined);
  world.watchers.push({
    dkg: (node, _, { type }) => {
      if (node === first && type === 'failed') stage.kill(first!);
    },
  });
  expect(world.run(20_000, () => first!.starts > 0 && first!.elder === undefined)).toBe(true);
  world.run(300);
  stage.start(first!);
  expect(stage.run('handover', SOON_MS)).toBe(true);
  expect(begun.size).toBe(2);
  const names = first!.elder!.state.ledger!.elders.map(({ name }) => world.label(name));
  expect(names).toEqual(['n0', 'n4', 'n5', 'n6']);
});
