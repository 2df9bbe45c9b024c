import { duration, plural } from '../lib/format.js';
import { cx, html } from '../lib/ui.js';
import { SESSION_LOOK, sessionTitle } from '../model/describe.js';
import { place } from '../model/scale.js';
import { timelineOf } from '../model/timeline.js';
import { Ago } from './ago.js';
import { Badge } from './icons.js';

/**
 * @typedef {import('@witan/api').Session} Session
 * @typedef {import('../state.js').State} State
 */

/** All sessions known, newest first; the address of each is its own. @param {{ sessions: State['sessions'], current: string | null, onOlder: () => void }} props */
export function Sessions({ sessions, current, onOlder }) {
  return html`<nav class="sessions" aria-label="DKG sessions">
    <h3>Sessions</h3>
    <ol>
      ${sessions.items.map((session) => html`<${Row} key=${session.id} session=${session} current=${session.id === current} />`)}
    </ol>
    ${sessions.nextCursor !== null && html`<button type="button" class="button" onClick=${onOlder}>Older sessions</button>`}
  </nav>`;
}

/** @param {{ session: Session, current: boolean }} props */
function Row({ session, current }) {
  const { word, tone, icon } = SESSION_LOOK[session.state];
  return html`<li>
    <a class=${cx('session-row', current && 'current')} href=${`#dkg/${session.id}`} aria-current=${current ? 'true' : undefined}>
      <${Badge} tone=${tone} icon=${icon}>${word}<//>
      <span class="session-name">${sessionTitle(session)}</span>
      <span class="muted">${plural(session.participants.length, 'participant')}</span>
      <${Strip} session=${session} />
      <span class="muted numeric session-time">${session.durationMs === null ? '' : duration(session.durationMs)}</span>
      <span class="muted session-ago">${session.startedAt === null ? '' : html`<${Ago} at=${Date.parse(session.startedAt)} />`}</span>
    </a>
  </li>`;
}

const WIDTH = 132;

/** The session's phases at a glance, to the same scale as the chart. @param {{ session: Session }} props */
function Strip({ session }) {
  const bands = timelineOf(session, Date.parse(session.endedAt ?? session.startedAt ?? ''))?.bands ?? [];
  const placed = place(bands, WIDTH, 9);
  return html`<svg class="strip" width=${WIDTH} height="10" viewBox=${`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
    ${placed.map(({ band, x0, x1 }) => html`<rect key=${band.name} class=${cx(band.state, (band.view ?? 0) > 0 && 'late')} x=${x0 + 1} y="1" width=${Math.max(2, x1 - x0 - 2)} height="8" rx="2" />`)}
  </svg>`;
}
