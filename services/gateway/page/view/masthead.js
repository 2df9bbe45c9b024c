import { html } from '../lib/ui.js';
import { Badge } from './icons.js';

/** @typedef {import('../state.js').State} State */

/** @type {Record<State['link'], { tone: string, icon: string, text: string }>} */
const LINK = {
  live: { tone: 'good', icon: 'check', text: 'Live' },
  connecting: { tone: 'plain', icon: 'wait', text: 'Connecting' },
  quiet: { tone: 'warn', icon: 'wait', text: 'No live updates' },
  lost: { tone: 'bad', icon: 'unplugged', text: 'Not connected' },
};

/** @param {{ state: State, onSection: (prefix: string) => void }} props */
export function Masthead({ state, onSection }) {
  const { network, link, prefix } = state;
  const { tone, icon, text } = LINK[link];
  return html`<header class="masthead">
    <a class="wordmark" href="./" aria-label="Witan, section explorer">
      <svg viewBox="0 0 32 32" aria-hidden="true" class="logo">
        ${[0, 1, 2, 3, 4, 5, 6].map((seat) => html`<circle ...${around(seat / 7, 12.2)} r="2.7" />`)}
        <path d="M16 9.2v13.6M16 13l4.4-3M16 13l-4.4-3M16 18.4l4.4 3" />
      </svg>
      Witan
    </a>
    <div class="masthead-facts">
      ${network && html`<span>Network <strong>${network.network}</strong></span>`}
      ${network && network.sections.length > 1 && html`<${SectionPicker} sections=${network.sections} prefix=${prefix} onSection=${onSection} />`}
    </div>
    <div class="masthead-link"><${Badge} tone=${tone} icon=${icon}>${text}<//></div>
  </header>`;
}

/** @param {{ sections: import('@witan/api').Network['sections'], prefix: string, onSection: (prefix: string) => void }} props */
function SectionPicker({ sections, prefix, onSection }) {
  const choose = (/** @type {Event} */ event) => onSection(/** @type {HTMLSelectElement} */ (event.target).value);
  return html`<label>
    Section ${' '}
    <select value=${prefix} onChange=${choose}>
      ${sections.map((section) => html`<option key=${section.prefix} value=${section.prefix}>${section.prefix}</option>`)}
    </select>
  </label>`;
}

/**
 * @param {number} turn
 * @param {number} radius
 */
function around(turn, radius) {
  const angle = turn * 2 * Math.PI;
  return { cx: 16 + Math.sin(angle) * radius, cy: 16 - Math.cos(angle) * radius };
}
