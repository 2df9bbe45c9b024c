import { setDecodeCache, setVerificationCache } from '@witan/crypto';
import { type SimulationResult, simulate } from '@witan/simulator';
import { PLANTED } from './planted.ts';

/** Nodes of one process hear the same bytes: what one has decoded or verified, the others need not. */
const POINTS_REMEMBERED = 20_000;
const VERDICTS_REMEMBERED = 50_000;

/** A result without what does not fit a message between processes. */
export type SeedResult = Omit<SimulationResult, 'plan'> & { readonly realMs: number };

/** @param plant of {@link PLANTED} */
export function runSeed(seed: number, trace: boolean, plant?: string): SeedResult {
  setDecodeCache(POINTS_REMEMBERED);
  setVerificationCache(VERDICTS_REMEMBERED);
  const begun = performance.now();
  const sabotage = plant === undefined ? undefined : PLANTED[plant];
  const { plan: _, ...result } = simulate(seed, { trace, ...(sabotage ? { sabotage } : {}) });
  return { ...result, realMs: performance.now() - begun };
}
