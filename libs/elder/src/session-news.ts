import type { Actor } from '@witan/runtime';
import type * as section from '@witan/section';

/** What the section's actor hears of sessions. */
export type SessionNews = Extract<section.Event, { type: 'behind' | 'session' | 'blamed' | 'share' }>;

/**
 * What a session has come to is said once and may not be lost, however full the mailbox is. That this node seems to be
 * behind is what any member can make it say, as often as it likes; that a session stalls is said for as long as it does.
 */
export function tellSection(actor: Actor<section.State, section.Event>, news: SessionNews): void {
  const isRepeated = news.type === 'behind' || (news.type === 'session' && news.status.state === 'running');
  if (isRepeated) actor.send(news);
  else actor.tell(news);
}
