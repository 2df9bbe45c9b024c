export { FOLLOWED_MAX, firstTurn } from './asking.ts';
export { inBitmap, toBitmap } from './bitmap.ts';
export { isPageful, Page } from './page.ts';
export { type Answered, allowAnswer, QUESTIONS_PER_SECOND } from './rate-limit.ts';
