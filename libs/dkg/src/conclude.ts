import { receiveShares } from './dealing.ts';
import { Phase } from './phases.ts';
import { computeOutcome } from './result.ts';
import type { Conclusion, State } from './state.ts';

/** What the close of the running phase, which stands in `state`, says of shares and key. */
export function conclude(state: State): Conclusion {
  const { phase, closes, supposed, me, seed } = state;
  if (supposed && supposed.close.hash === closes[phase]?.hash) return supposed.conclusion;
  if (phase === Phase.Contribution && me >= 0 && seed) {
    const { shares, bad } = receiveShares(state, seed);
    return { shares, badDealers: bad };
  }
  if (phase !== Phase.Commitment) return {};
  const { outcome, secretShare } = computeOutcome(state);
  return { outcome, secretShare: secretShare ?? state.secretShare };
}
