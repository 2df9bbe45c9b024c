import { list, plural, short } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { headline, healthOf } from '../model/health.js';

/** @typedef {import('../state.js').State} State */

/**
 * For who listens: what changed that matters. Single messages are left out, and polite means that reading goes on first.
 * @param {{ state: State }} props
 */
export function Announcer({ state }) {
  const line = state.lines.find(({ spoken }) => spoken);
  const health = state.section ? healthOf(state.section) : null;
  const missing =
    health && health.missing.length > 0 ? ` Missing: ${list(health.missing.map(({ name }) => short(name)))}.` : '';
  const standing = health
    ? `${headline(health)} ${health.able} of ${plural(health.total, 'elder')} can sign.${missing}`
    : '';
  return html`<div class="visually-hidden">
    <p role="status" data-announce="health">${standing}</p>
    <p role="status" data-announce="event">${line ? `${(line.node ?? line.key) ? `${short(line.node ?? line.key ?? '')} ` : ''}${line.text}` : ''}</p>
  </div>`;
}
