export { type FollowUp, firstTurn, followUp } from './asking.ts';
export { inBitmap, toBitmap } from './bitmap.ts';
export { isPageful, Page } from './page.ts';
export { type Allowance, type Answered, allowAnswer, QUESTIONS_PER_SECOND } from './rate-limit.ts';
