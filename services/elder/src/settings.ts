import { type ConfigOf, duration, integer } from '@witan/config';
import type { Params as DkgParams } from '@witan/dkg';
import type { Params as SectionParams } from '@witan/section';

/** What can be set about the protocol. All nodes of a network should agree on it: they vote by it. */
export const elderSettings = {
  heartbeatMs: duration({ default: 1000, min: 100, max: 60_000, help: 'How often a node says that it is alive' }),
  elderCount: integer({ default: 7, min: 1, max: 128, help: 'Elders of a section that has enough nodes' }),
  phaseDeadlineMs: duration({
    default: 2000,
    min: 100,
    max: 3_600_000,
    help: 'How long a DKG phase waits for everyone before a supermajority may close it',
  }),
  settleMs: duration({
    default: 700,
    min: 0,
    max: 3_600_000,
    help: 'Quiet time after members have changed before the elders are chosen anew',
  }),
  absentAfterMs: duration({
    default: 120_000,
    min: 1000,
    max: 86_400_000,
    help: 'An elder silent for this long may be replaced by another node',
  }),
  retryAfterMs: duration({
    default: 45_000,
    min: 1000,
    max: 86_400_000,
    help: 'A DKG session that has not ended after this long is tried again, without those who were silent',
  }),
};

type Config = ConfigOf<typeof elderSettings>;

export function protocolParams(config: Config, section: SectionParams, dkg: DkgParams) {
  const { elderCount, settleMs, absentAfterMs, retryAfterMs, heartbeatMs, phaseDeadlineMs } = config;
  return {
    section: { ...section, policy: { ...section.policy, elderCount, settleMs, absentAfterMs, retryAfterMs } },
    dkg: { ...dkg, deadlineMs: phaseDeadlineMs },
    heartbeatMs,
  };
}
