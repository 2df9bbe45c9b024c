import { PHASES } from '@witan/dkg';
import { describe, expect, test } from 'vitest';
import { Stage } from '../src/index.ts';
import { BACK_WITHIN_MS, MOMENTS, momentOf, shareVerification } from './support.ts';

shareVerification();

const DOWN_MS = 300;

describe.each(PHASES)('killed in %s and started again while the session waits for it', (phase) => {
  test.each(MOMENTS)('(%s): has its share in time, and nobody is missed', { timeout: 60_000 }, (kind) => {
    const stage = new Stage({ nodes: 7, elders: 7, seed: 11 });
    const victim = stage.node('n3');
    const justifying = phase === 'justification';
    if (justifying) stage.lie(stage.node('n6'), 'wrong-share', undefined, [stage.node('n5')]);
    stage.killWhen(victim, momentOf(kind, phase, false));
    const { world } = stage;
    expect(world.run(5_000, () => victim.starts > 0 && victim.elder === undefined)).toBe(true);
    world.run(DOWN_MS);
    world.start(victim);
    expect(stage.run('shares', BACK_WITHIN_MS)).toBe(true);

    const { outcome, closes } = [...victim.elder!.sessions.all.values()].at(-1)!.state;
    expect(outcome).toBeDefined();
    const missed = closes.filter((close) => close && close.included.size < 7).map((close) => close!.value.phase);
    // One answers in Justification, and is no dealer after it.
    expect(missed).toEqual(justifying ? [PHASES.indexOf('justification'), PHASES.indexOf('commitment')] : []);
    expect(stage.log.take().filter((line) => /VIOLATION|TROUBLE/.test(line))).toEqual([]);
  });
});
