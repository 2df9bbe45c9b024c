import { blameChecker } from './blame.ts';
import type { MakeChecker } from './checker.ts';
import { decisionChecker } from './decisions.ts';
import { destroyedChecker } from './destroyed.ts';
import { judgingChecker } from './judging.ts';
import { outcomeChecker } from './outcome.ts';
import { placesChecker } from './places.ts';
import { repeatChecker } from './repeat.ts';
import { secrecyChecker } from './secrecy.ts';
import { troubleChecker } from './trouble.ts';

export const CHECKERS: readonly MakeChecker[] = [
  outcomeChecker,
  decisionChecker,
  placesChecker,
  secrecyChecker,
  destroyedChecker,
  repeatChecker,
  blameChecker,
  judgingChecker,
  troubleChecker,
];
