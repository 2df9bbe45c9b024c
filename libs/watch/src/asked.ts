import type { SectionAskReason } from '@witan/section';

/** Why the section's actor asked, in the words of the metric. */
export const ASKED: Record<SectionAskReason, 'restart' | 'behind' | 'no-progress' | 'more'> = {
  start: 'restart',
  behind: 'behind',
  'no-progress': 'no-progress',
  more: 'more',
};
