import { isDone, PHASES } from '@witan/dkg';
import { DEFAULT_POLICY } from '@witan/section';
import { expect, test } from 'vitest';
import { Stage } from '../src/index.ts';
import { BACK_WITHIN_MS, deadlinesMs, MOMENTS, momentOf, shareVerification } from './support.ts';

shareVerification();

const pairs = PHASES.flatMap((phase) =>
  MOMENTS.flatMap((first, at) => {
    // In Justification the first is the accused one, so that who is first matters.
    const others = phase === 'justification' ? MOMENTS : MOMENTS.slice(at);
    return others.map((second) => ({ phase, first, second }));
  }),
);

test.each(pairs)(
  'two of seven killed in $phase ($first, $second), with no coordinator either',
  { timeout: 60_000 },
  ({ phase, first, second }) => {
    const stage = new Stage({ nodes: 7, elders: 7, seed: 11 });
    const [accused, plain, accuser] = ['n3', 'n4', 'n5'].map((label) => stage.node(label));
    const justifying = phase === 'justification';
    if (justifying) stage.lie(accused!, 'wrong-share', undefined, [accuser!]);
    stage.killWhen(accused!, momentOf(first, phase, justifying));
    stage.killWhen(plain!, momentOf(second, phase, false));
    expect(stage.run('started')).toBe(true);
    // One may die only as it votes at the deadline for which the other, dead already, has made the phase wait; or as the
    // session retires, after a handover that has waited until the other was not heard any more.
    const areDead = () => accused!.elder === undefined && plain!.elder === undefined;
    expect(stage.world.run(deadlinesMs(1) + DEFAULT_POLICY.unheardAfterMs, areDead)).toBe(true);
    expect(stage.run('done', deadlinesMs(1))).toBe(true);
    expect(stage.run('handover')).toBe(true);

    stage.world.start(accused!);
    stage.world.start(plain!);
    expect(stage.run('shares', BACK_WITHIN_MS)).toBe(true);
    const states = stage.world.nodes.map(({ elder }) => [...elder!.sessions.all.values()].at(-1)!.state);
    expect(states.map(isDone)).toEqual(states.map(() => true));
    expect(stage.log.take().filter((line) => /VIOLATION|TROUBLE/.test(line))).toEqual([]);
  },
);
