import { isDone, PHASES, type PhaseName } from '@witan/dkg';
import { currentShare } from '@witan/section';
import { describe, expect, test } from 'vitest';
import { type SimNode, Stage } from '../src/index.ts';
import { shareVerification } from './support.ts';

/** One deadline, and the few views that it takes to agree on who is missing. */
const ENDS_WITHIN_MS = 2_000 + 1_500;
/** "Usable share within two seconds of its start", in virtual time. */
const BACK_WITHIN_MS = 2_000;
/** One that was dealt a wrong share and dead when it was time to complain: it has to wait for the next key. */
const REKEY_AFTER_MS = 3_000;
const HEALED_WITHIN_MS = 10_000;

shareVerification();

const ROLES = ['dealer', 'accused', 'accuser', 'leader', 'non-dealer'] as const;
type Role = (typeof ROLES)[number];

/** Seven participants, two of whom may fail: whoever the role needs to lie or be late, and the one that is killed. */
function setUp(role: Role, phase: PhaseName): { readonly stage: Stage; readonly victim: SimNode } {
  const stage = new Stage({ nodes: 7, elders: 7, seed: 11, policy: { rekeyAfterMs: REKEY_AFTER_MS } });
  const node = (index: number) => stage.node(`n${index}`);
  switch (role) {
    case 'dealer':
      return { stage, victim: node(3) };
    case 'accused':
      stage.lie(node(6), 'false-complaint', undefined, [node(3)]);
      return { stage, victim: node(3) };
    case 'accuser':
      stage.lie(node(6), 'wrong-share', undefined, [node(3)]);
      return { stage, victim: node(3) };
    case 'leader':
      // Of view 1: in view 0 nobody needs to propose. Somebody is away, so that somebody has to.
      stage.killWhen(node(6), { enters: phase });
      return { stage, victim: node(PHASES.indexOf(phase) + 1 === 6 ? 5 : PHASES.indexOf(phase) + 1) };
    case 'non-dealer':
      stage.addRule({ what: 'contribution', from: [node(3)], to: undefined, times: 6 }, 'lose');
      stage.addRule({ what: 'answer', from: [node(3)], to: undefined, times: 12 }, 'lose');
      return { stage, victim: node(3) };
  }
}

function stateOf(node: SimNode) {
  return [...(node.elder?.sessions.all.values() ?? [])].at(-1)?.state;
}

describe.each(ROLES)('killed as %s', (role) => {
  test.each(PHASES.filter((phase) => phase !== 'justification' || role === 'accused' || role === 'accuser'))(
    'as it enters %s',
    { timeout: 60_000 },
    (phase) => {
      const { stage, victim } = setUp(role, phase);
      const { clock, nodes } = stage.world;
      stage.killWhen(victim, { enters: phase });
      expect(stage.run('started')).toBe(true);
      const begun = clock.now();

      expect(stage.run('done', 20_000)).toBe(true);
      expect(victim.elder).toBeUndefined();
      // Two who are late one after the other cost a deadline each.
      const deadlines = role === 'non-dealer' ? 2 : 1;
      expect(clock.now() - begun).toBeLessThanOrEqual(deadlines * ENDS_WITHIN_MS);
      expect(stage.run('handover', 5_000)).toBe(true);

      const back = clock.now();
      stage.world.start(victim);
      const isBack = () => victim.elder !== undefined && currentShare(victim.elder.state) !== undefined;
      const hasMissedItsComplaint = role === 'accuser' && PHASES.indexOf(phase) <= PHASES.indexOf('complaining');
      const within = hasMissedItsComplaint ? HEALED_WITHIN_MS : BACK_WITHIN_MS;
      expect(stage.world.run(within, isBack)).toBe(true);
      expect(clock.now() - back).toBeLessThanOrEqual(within);
      expect(isDone(stateOf(victim)!)).toBe(true);

      const outcomes = nodes.map((node) => stateOf(node)?.outcome?.transcript).filter((each) => each !== undefined);
      expect(new Set(outcomes.map((each) => Buffer.from(each).toString('hex'))).size).toBe(1);
      expect(stage.log.take().filter((line) => /VIOLATION|TROUBLE/.test(line))).toEqual([]);
    },
  );
});
