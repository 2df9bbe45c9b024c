import { short } from '../lib/format.js';
import { cx, html, useEffect, useRef, useState } from '../lib/ui.js';
import { words } from '../model/timeline.js';
import { ChainDetails } from './chain-details.js';
import { Seal } from './mark.js';

/**
 * @typedef {import('@witan/api').Chain} Chain
 * @typedef {Chain['links'][number]} Link
 *
 * A key of the chain: the genesis key has no link.
 * @typedef {{ index: number, key: string, link: Link | null, next: Link | null }} Entry
 */

/** Every key the section ever held, each signed by the one before. @param {{ chain: Chain }} props */
export function ChainStrip({ chain }) {
  const entries = entriesOf(chain);
  const today = entries.length - 1;
  const [open, setOpen] = useState(/** @type {number | null} */ (null));
  const strip = useRef(/** @type {HTMLOListElement | null} */ (null));

  // The newest key is what one came for: the strip begins at its end, and follows when a key is added.
  useEffect(() => {
    if (strip.current) strip.current.scrollLeft = strip.current.scrollWidth;
  }, [today]);

  const chosen = open === null ? null : entries[open];
  return html`<section class="sheet" aria-labelledby="chain-title">
    <div class="sheet-head">
      <h2 id="chain-title">Section chain</h2>
      <p>Each key is signed by the one before it, back to genesis.</p>
    </div>
    <ol class="chain" ref=${strip}>
      ${entries.map(
        (entry) => html`<li key=${entry.index} class=${cx('chain-item', entry.index === today && 'today')}>
          <button
            type="button" class=${cx('chain-key', open === entry.index && 'open')}
            aria-expanded=${open === entry.index ? 'true' : 'false'} aria-controls="chain-details"
            onClick=${() => setOpen(open === entry.index ? null : entry.index)}
          >
            <${Seal} value=${entry.key} size=${46} />
            <span class="chain-title">${titleOf(entry, today)}</span>
            <code>${short(entry.key)}</code>
            <span class="muted">${entry.link ? `gen. ${entry.link.generation}, ${words(entry.link.reason)}` : 'made by the first node'}</span>
          </button>
        </li>`,
      )}
    </ol>
    <div id="chain-details">
      ${chosen && html`<${ChainDetails} entry=${chosen} genesisKey=${chain.genesisKey} title=${titleOf(chosen, today)} />`}
    </div>
  </section>`;
}

/**
 * @param {Chain} chain
 * @returns {Entry[]}
 */
function entriesOf({ genesisKey, links }) {
  const genesis = { index: 0, key: genesisKey, link: null, next: links[0] ?? null };
  return [genesis, ...links.map((link, at) => ({ index: at + 1, key: link.key, link, next: links[at + 1] ?? null }))];
}

/**
 * @param {Entry} entry
 * @param {number} today
 */
function titleOf({ index }, today) {
  if (index === today) return index === 0 ? 'Genesis, governs today' : 'Governs today';
  return index === 0 ? 'Genesis' : `Key ${index}`;
}
