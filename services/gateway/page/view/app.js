import { cx, html, useEffect, useState } from '../lib/ui.js';
import { currentSession } from '../state.js';
import { Activity } from './activity.js';
import { Announcer } from './announcer.js';
import { Attest } from './attest.js';
import { Banner } from './banner.js';
import { Loading, NoSection } from './beginnings.js';
import { ChainStrip } from './chain.js';
import { Council } from './council.js';
import { Dkg } from './dkg.js';
import { Hex } from './hex.js';
import { Masthead } from './masthead.js';
import { Members } from './members.js';

/**
 * @typedef {import('../state.js').Store} Store
 * @typedef {import('../state.js').State} State
 * @typedef {{ chooseSection: (prefix: string) => void, older: () => void }} Actions
 */

/** @param {{ store: Store, actions: Actions }} props */
export function App({ store, actions }) {
  const [state, setState] = useState(store.get);
  useEffect(() => store.subscribe(setState), []);
  return html`<div class=${cx(state.link === 'lost' && 'stale')}>
    <a class="skip" href="#content">Skip to the content</a>
    <${Masthead} state=${state} onSection=${actions.chooseSection} />
    <${Banner} state=${state} />
    <main id="content" tabindex="-1"><${Content} state=${state} actions=${actions} /></main>
    <${Footer} state=${state} />
    <${Announcer} state=${state} />
  </div>`;
}

/** @param {{ state: State, actions: Actions }} props */
function Content({ state, actions }) {
  const { section, chain, nodes, sessions, lines } = state;
  if (!state.loaded) return html`<${Loading} />`;
  if (!section) return html`<${NoSection} state=${state} />`;
  return html`
    <${Council} section=${section} chain=${chain} />
    <${Dkg} session=${currentSession(state)} sessions=${sessions} stale=${state.link === 'lost'} onOlder=${actions.older} />
    ${chain && html`<${ChainStrip} chain=${chain} />`}
    <${Members} section=${section} nodes=${nodes} />
    <div class="pair"><${Attest} /><${Activity} live=${lines} sessions=${sessions.items} /></div>
  `;
}

/** @param {{ state: State }} props */
function Footer({ state }) {
  return html`<footer>
    ${state.network && html`<span>Genesis key <${Hex} value=${state.network.genesisKey} what="genesis key" /></span>`}
    <nav aria-label="More">
      <a href="docs">API documentation</a>${' '}
      <a href="openapi.json">OpenAPI document</a>
    </nav>
  </footer>`;
}
