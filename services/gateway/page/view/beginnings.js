import { html } from '../lib/ui.js';
import { Command } from './command.js';

/** @typedef {import('../state.js').State} State */

/** Nothing is known yet. */
export function Loading() {
  return html`<section class="sheet beginnings" aria-busy="true">
    <h1>Asking the gateway…</h1>
    <div class="ghost" aria-hidden="true"></div>
  </section>`;
}

/** The gateway answers, and there is no section to show. @param {{ state: State }} props */
export function NoSection({ state }) {
  const problem = state.problems.section;
  return html`<section class="sheet beginnings">
    <h1>${problem ? 'The gateway is not ready.' : 'No section yet.'}</h1>
    ${problem && html`<p>${problem.detail} ${problem.help}</p>`}
    <p>
      A section begins with its first node, which makes the genesis key alone. The others join by its decision, and
      as soon as they are elders they make a key that none of them holds. This page shows it as it happens.
    </p>
    ${
      !problem &&
      html`
        <p class="muted">Nine nodes on this machine, from the folder of the project:</p>
        <${Command} text="npm start" />
      `
    }
  </section>`;
}
