import { html, render } from './lib/ui.js';
import { follow } from './live.js';
import { createState } from './state.js';
import { App } from './view/app.js';

const SESSION_ADDRESS = /^#dkg\/([0-9a-f]{64})$/;

const store = createState();
const chosen = () => SESSION_ADDRESS.exec(location.hash)?.[1] ?? null;
store.set({ selected: chosen() });

const live = follow(store);

// The address names what is shown, so that a session can be sent to somebody and "back" goes back.
window.addEventListener('hashchange', () => {
  if (location.hash !== '' && !location.hash.startsWith('#dkg/')) return;
  store.set({ selected: chosen() });
  live.refresh();
});

const actions = {
  /** @param {string} prefix */
  chooseSection(prefix) {
    store.set({ prefix, chain: null });
    live.refresh();
  },
  older: live.older,
};

const page = /** @type {HTMLElement} */ (document.getElementById('page'));
page.replaceChildren();
render(html`<${App} store=${store} actions=${actions} />`, page);
