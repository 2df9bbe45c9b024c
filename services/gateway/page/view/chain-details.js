import { html } from '../lib/ui.js';
import { words } from '../model/timeline.js';
import { Command } from './command.js';
import { Hex } from './hex.js';
import { KeyName } from './mark.js';

/** @param {{ entry: import('./chain.js').Entry, genesisKey: string, title: string }} props */
export function ChainDetails({ entry: { index, key, link, next }, genesisKey, title }) {
  return html`<div class="chain-details">
    <div>
      <h3>${title}</h3>
      <dl class="facts">
      <dt>Key</dt>
      <dd><${KeyName} value=${key} copy /></dd>
      ${
        link
          ? html`
            <dt>Signed by</dt>
            <dd><${KeyName} value=${link.parentKey} copy /> <span class="muted">${index === 1 ? 'genesis' : `key ${index - 1}`}</span></dd>
            <dt>Signature</dt>
            <dd><${Hex} value=${link.signature} what="signature" /></dd>
            <dt>Decided</dt>
            <dd>generation ${link.generation}, view ${link.view}: ${words(link.reason)}</dd>
            <dt>Section</dt>
            <dd>${link.prefix}</dd>
          `
          : html`
            <dt>Origin</dt>
            <dd>The first node made it alone. Who knows this key can check everything else.</dd>
          `
      }
      <dt>Succeeded by</dt>
      <dd>${next ? html`<${KeyName} value=${next.key} copy />` : 'none, it governs today'}</dd>
    </dl>
    </div>
    <div class="chain-check">
      <p>Do not take this page's word for it: check the whole chain on your own machine.</p>
      <${Command} text="npx witan chain verify" />
      <p class="muted">It has to start from the genesis key that you know: <${Hex} value=${genesisKey} what="genesis key" /></p>
    </div>
  </div>`;
}
