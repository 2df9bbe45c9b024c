import { encodeG1, mulBase, type Scalar, scalarFromHash, scalarToBytes, toHex } from '@witan/crypto';
import { currentShare, elderIndex } from '@witan/section';
import { describe, expect, test } from 'vitest';
import { type SimNode, Stage } from '../src/index.ts';
import { shareVerification } from './support.ts';

shareVerification();

/** At one of its writes after its session is done: the first is 0. */
interface Death {
  readonly write: number;
  readonly when: 'before' | 'after';
}

/** The first key of four. n0, which alone holds the genesis key, is killed while it goes on to the next. */
function handOver(death: Death | undefined): { readonly victim: SimNode; readonly stage: Stage; writes: number } {
  const stage = new Stage({ nodes: 4, elders: 4, seed: 5 });
  const victim = stage.node('n0');
  const run = { stage, victim, writes: -1 };
  stage.world.watchers.push({
    dkg: (node, _session, { type }) => {
      if (node === victim && type === 'done' && run.writes < 0) run.writes = 0;
    },
  });
  stage.world.onWrite = (node, when) => {
    if (node !== victim || run.writes < 0) return;
    if (victim.starts === 1 && death?.write === run.writes && death.when === when) stage.kill(victim, false);
    if (when === 'after') run.writes++;
  };
  if (!death) expect(stage.run('shares')).toBe(true);
  else {
    expect(stage.world.run(10_000, () => victim.starts > 0 && victim.elder === undefined)).toBe(true);
    stage.world.run(200);
    stage.start(victim);
    expect(stage.run('shares')).toBe(true);
  }
  stage.world.run(1_000);
  return run;
}

const genesisSecrets = ({ secrets }: SimNode): readonly Scalar[] =>
  secrets.map((bytes) => scalarFromHash(bytes, 'witan/genesis'));

function isOnDisk({ disk }: SimNode, secret: Scalar): boolean {
  const bytes = Buffer.from(scalarToBytes(secret));
  const { inner } = disk;
  return inner.streams().some((name) =>
    inner
      .stream(name)
      .read()
      .some((record) => Buffer.from(record).includes(bytes)),
  );
}

function expectInOrder(stage: Stage, victim: SimNode): void {
  const { state } = victim.elder!;
  const share = currentShare(state)!;
  expect(toHex(encodeG1(mulBase(share)))).toBe(toHex(state.ledger!.elders[elderIndex(state)]!.publicKeyShare));
  expect([...state.shares.keys()]).toEqual([toHex(state.ledger!.key)]);
  expect(isOnDisk(victim, share)).toBe(true);
  for (const secret of genesisSecrets(victim)) expect(isOnDisk(victim, secret)).toBe(false);
  expect(stage.log.take().filter((line) => /VIOLATION|TROUBLE/.test(line))).toEqual([]);
}

describe('the handover from the genesis key', () => {
  const calm = handOver(undefined);

  test('is in place after three writes: the handover, the new share, and the session without its seed', () => {
    expect(calm.writes).toBe(3);
    expectInOrder(calm.stage, calm.victim);
  });

  const deaths = Array.from({ length: calm.writes }, (_, write) =>
    (['before', 'after'] as const).map((when) => ({ write, when })),
  ).flat();
  test.each(deaths)('killed $when write $write: the same', (death) => {
    const { stage, victim } = handOver(death);
    expect(victim.starts).toBe(2);
    expectInOrder(stage, victim);
  });
});
