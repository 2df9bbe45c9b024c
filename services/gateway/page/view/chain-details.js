import { short } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { words } from '../model/timeline.js';
import { Command } from './command.js';
import { Hex } from './hex.js';
import { KeyName } from './mark.js';

const VERIFY = 'npx witan chain verify --genesis';

/** @typedef {import('@witan/api').Chain['links'][number]} Link */

/** @param {{ link: Link, next: Link | null, genesisKey: string, title: string }} props */
export function ChainDetails({ link, next, genesisKey, title }) {
  const { index, key, parentKey, signature, generation, view, reason, prefix } = link;
  return html`<div class="chain-details">
    <div>
      <h3>${title}</h3>
      <dl class="facts">
        <dt>Key</dt>
        <dd><${KeyName} value=${key} copy /></dd>
        <dt>Signed by</dt>
        <dd>
          ${
            index === 0
              ? 'itself: the first node made it alone'
              : html`<${KeyName} value=${parentKey} copy /> <span class="muted">${index === 1 ? 'genesis' : `key ${index - 1}`}</span>`
          }
        </dd>
        <dt>Signature</dt>
        <dd><${Hex} value=${signature} what="signature" /></dd>
        <dt>Decided</dt>
        <dd>generation ${generation}, view ${view}: ${words(reason)}</dd>
        <dt>Section</dt>
        <dd>${prefix}</dd>
        <dt>Succeeded by</dt>
        <dd>${next ? html`<${KeyName} value=${next.key} copy />` : 'none, it governs today'}</dd>
      </dl>
    </div>
    <div class="chain-check">
      <p>Do not take this page's word for it: check the whole chain on your own machine.</p>
      <${Command} text=${`${VERIFY} ${genesisKey}`} shown=${`${VERIFY} ${short(genesisKey)}`} />
      <p class="muted">Only the genesis key is trusted: compare it with the one that you were given.</p>
    </div>
  </div>`;
}
