import { DEFAULT_POLICY } from './policy.ts';
import type { Params } from './state.ts';

export const DEFAULT_PARAMS: Params = {
  policy: DEFAULT_POLICY,
  catchUpMs: 80,
  progressMs: 400,
  progressMaxMs: 5000,
  requestTimeoutMs: 600,
  timeouts: { proposeMs: 400, prevoteMs: 250, precommitMs: 250, growthMs: 200, maxMs: 5000 },
};
