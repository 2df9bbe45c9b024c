import { short } from '../lib/format.js';
import { cx, html, useEffect, useRef, useState } from '../lib/ui.js';
import { words } from '../model/timeline.js';
import { ChainDetails } from './chain-details.js';
import { Seal } from './mark.js';

/**
 * @typedef {import('@witan/api').Chain} Chain
 * @typedef {Chain['links'][number]} Link
 */

/** Of a longer chain the first key and this many of the last ones are shown, until all are asked for. */
const LAST = 12;

/** Every key the section ever held, each signed by the one before. @param {{ chain: Chain }} props */
export function ChainStrip({ chain: { genesisKey, links } }) {
  const [open, setOpen] = useState(/** @type {number | null} */ (null));
  const [all, setAll] = useState(false);
  const strip = useRef(/** @type {HTMLOListElement | null} */ (null));
  const today = links.length - 1;
  const left = all || links.length <= LAST + 2 ? [] : links.slice(1, -LAST);
  const shown = left.length > 0 ? [...links.slice(0, 1), ...links.slice(-LAST)] : links;

  // The newest key is what one came for: the strip begins at its end, and follows when a key is added.
  useEffect(() => {
    if (strip.current) strip.current.scrollLeft = strip.current.scrollWidth;
  }, [today]);

  const chosen = open === null ? null : links[open];
  return html`<section class="sheet" aria-labelledby="chain-title">
    <div class="sheet-head">
      <h2 id="chain-title">Section chain</h2>
      <p>Each key is signed by the one before it, back to genesis.</p>
    </div>
    <ol class="chain" ref=${strip}>
      ${shown.map((link, at) => [
        at === 1 &&
          left.length > 0 &&
          html`<li key="left" class="chain-item">
            <button type="button" class="chain-key chain-left" onClick=${() => setAll(true)}>
              <span class="chain-title">${left.length} more keys</span>
            </button>
          </li>`,
        html`<${ChainKey}
          key=${link.index} link=${link} today=${today} open=${open === link.index}
          onOpen=${() => setOpen(open === link.index ? null : link.index)}
        />`,
      ])}
    </ol>
    <div id="chain-details">
      ${chosen && html`<${ChainDetails} link=${chosen} next=${links[chosen.index + 1] ?? null} genesisKey=${genesisKey} title=${titleOf(chosen, today)} />`}
    </div>
  </section>`;
}

/** @param {{ link: Link, today: number, open: boolean, onOpen: () => void }} props */
function ChainKey({ link, today, open, onOpen }) {
  return html`<li class=${cx('chain-item', link.index === today && 'today')}>
    <button
      type="button" class=${cx('chain-key', open && 'open')} onClick=${onOpen}
      aria-expanded=${open ? 'true' : 'false'} aria-controls="chain-details"
    >
      <${Seal} value=${link.key} size=${46} />
      <span class="chain-title">${titleOf(link, today)}</span>
      <code>${short(link.key)}</code>
      <span class="muted">${link.index === 0 ? 'made by the first node' : `gen. ${link.generation}, ${words(link.reason)}`}</span>
    </button>
  </li>`;
}

/**
 * @param {Link} link
 * @param {number} today
 */
function titleOf({ index }, today) {
  if (index === today) return index === 0 ? 'Genesis, governs today' : 'Governs today';
  return index === 0 ? 'Genesis' : `Key ${index}`;
}
