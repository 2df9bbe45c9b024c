import { clock } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { Icon } from './icons.js';

/** @typedef {import('../state.js').State} State */

/** What is shown may be out of date: said in words, with the time it is from. @param {{ state: State }} props */
export function Banner({ state }) {
  if (state.link === 'lost') {
    const from = state.lastGood ? ` What you see is from ${clock(state.lastGood)} and may no longer be true.` : '';
    return html`<div class="banner" role="alert">
      <${Icon} name="unplugged" />
      <p><strong>The gateway does not answer.</strong>${from} Trying again by itself.</p>
    </div>`;
  }
  const problem = Object.values(state.problems)[0];
  if (!problem || !state.section) return null;
  return html`<div class="banner" role="alert">
    <${Icon} name="alert" />
    <p><strong>Part of this page is out of date.</strong> ${problem.detail} ${problem.help}</p>
  </div>`;
}
