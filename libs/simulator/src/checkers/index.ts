import { blameChecker } from './blame.ts';
import type { MakeChecker } from './checker.ts';
import { decisionChecker } from './decisions.ts';
import { destroyedChecker } from './destroyed.ts';
import { judgingChecker } from './judging.ts';
import { outcomeChecker } from './outcome.ts';
import { repeatChecker } from './repeat.ts';
import { secrecyChecker } from './secrecy.ts';
import { troubleChecker } from './trouble.ts';

export const CHECKERS: readonly MakeChecker[] = [
  outcomeChecker,
  decisionChecker,
  secrecyChecker,
  destroyedChecker,
  repeatChecker,
  blameChecker,
  judgingChecker,
  troubleChecker,
];
