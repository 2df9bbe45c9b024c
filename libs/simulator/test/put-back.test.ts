import { currentShare, heartbeatBody, SERVICES, votingShare } from '@witan/section';
import { decode, encode, sealEnvelope, u32 } from '@witan/wire';
import { expect, test } from 'vitest';
import { NETWORK_TAG, type SimNode, Stage, type World } from '../src/index.ts';
import { shareVerification } from './support.ts';

shareVerification();

type Records = readonly (readonly [stream: string, records: readonly Uint8Array[]])[];

function copyOf({ disk }: SimNode): Records {
  return disk.streams().map((name) => [name, disk.stream(name).read()]);
}

/** What starting from a backup does: the journal is the earlier one, and says so. */
function putBack({ disk }: SimNode, earlier: Records): void {
  for (const name of disk.streams()) disk.drop(name);
  for (const [name, records] of earlier) disk.stream(name).append(records, true);
  disk.table.put('restored', new Uint8Array(0));
}

/** The last generation of its past, if it knows. */
function pastOf({ disk }: SimNode): number | undefined {
  const stored = disk.table.get('restored')!;
  return stored.length === 0 ? undefined : decode(u32, stored);
}

const BOAST_EVERY_MS = 200;

/** Says for ever that it has all decisions that there can be; when asked it has those that there are. */
function boast(world: World, liar: SimNode): void {
  const generation = 2 ** 32 - 1;
  // Later than what its process says, which nobody takes then.
  const sequence = 2 ** 50 + world.clock.now();
  const beat = {
    prefix: '',
    service: SERVICES.indexOf('elder'),
    generation,
    key: undefined,
    usableShare: true,
    sequence,
  };
  const { raw } = sealEnvelope(liar.identity, NETWORK_TAG, 'heartbeat', encode(heartbeatBody, beat));
  world.network.publishFrom(liar.name, 'section.root.heartbeats', raw);
  world.clock.setTimer(BOAST_EVERY_MS, () => boast(world, liar));
}

test('an elder that was put back before the last decisions votes with a later key, whatever a liar claims to have', () => {
  const stage = new Stage({ nodes: 7, elders: 7, seed: 3, policy: { rekeyAfterMs: 5_000 } });
  const { world } = stage;
  const [victim, liar, other] = ['n3', 'n5', 'n6'].map((label) => stage.node(label)) as [SimNode, SimNode, SimNode];
  const backup = copyOf(victim);
  expect(stage.run('shares')).toBe(true);
  boast(world, liar);
  stage.kill(victim);
  putBack(victim, backup);
  const { generation } = other.elder!.state.ledger!;
  stage.start(victim);
  expect(world.run(60_000, () => pastOf(victim) !== undefined)).toBe(true);
  expect(pastOf(victim)).toBeGreaterThanOrEqual(generation);
  expect(votingShare(victim.elder!.state)).toBeUndefined();
  const votes = () => votingShare(victim.elder!.state) !== undefined;
  expect(world.run(60_000, votes)).toBe(true);
  expect(votingShare(victim.elder!.state)).toBe(currentShare(victim.elder!.state));
  // That it was put back itself, and nothing else.
  const wrong = stage.log.take().filter((line) => /VIOLATION|TROUBLE/.test(line));
  expect(wrong).toEqual([expect.stringMatching(/^n3: VIOLATION of no-rollback/)]);
});
