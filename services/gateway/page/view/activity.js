import { html } from '../lib/ui.js';
import { pastLines, story } from '../model/past.js';
import { Ago } from './ago.js';
import { Icon } from './icons.js';
import { KeyName, NodeName } from './mark.js';

/** @typedef {import('../model/narrate.js').Line} Line */

/** @type {Record<Line['tone'], string>} */
const ICON = { plain: 'dot', good: 'check', repair: 'repair', bad: 'alert' };

const SHOWN = 50;

/**
 * What happened: as events bring it while the page is open, and before that as the sessions remember it.
 * @param {{ live: readonly Line[], sessions: readonly import('@witan/api').Session[] }} props
 */
export function Activity({ live, sessions }) {
  const lines = story(live, pastLines(sessions), SHOWN);
  return html`<section class="sheet" aria-labelledby="activity-title">
    <div class="sheet-head"><h2 id="activity-title">As it happens</h2></div>
    ${lines.length === 0 && html`<p class="muted">Nothing has happened yet.</p>`}
    <ol class="activity" tabindex="0" aria-label="Events, newest first">
      ${lines.map(
        (line) => html`<li key=${line.id} class=${line.tone} data-type=${line.type}>
          <${Icon} name=${ICON[line.tone]} />
          <span>
            ${line.node && html`<${NodeName} name=${line.node} size=${18} />${' '}`}
            ${line.key && html`Key <${KeyName} value=${line.key} size=${18} />${' '}`}
            ${line.text}
          </span>
          <span class="muted"><${Ago} at=${line.at} /></span>
        </li>`,
      )}
    </ol>
  </section>`;
}
