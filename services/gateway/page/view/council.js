import { plural } from '../lib/format.js';
import { html, useState } from '../lib/ui.js';
import { headline, healthOf, LEVEL_WORD, margins } from '../model/health.js';
import { Hex } from './hex.js';
import { Badge } from './icons.js';
import { KeyName, NodeName, Seal } from './mark.js';
import { describe, Ring } from './ring.js';

/**
 * @typedef {import('@witan/api').Section} Section
 * @typedef {import('@witan/api').Chain} Chain
 * @typedef {import('../model/health.js').Health} Health
 */

/** @type {Record<Health['level'], { tone: string, icon: string }>} */
const LOOK = {
  whole: { tone: 'good', icon: 'check' },
  reduced: { tone: 'warn', icon: 'alert' },
  edge: { tone: 'warn', icon: 'edge' },
  lost: { tone: 'bad', icon: 'cross' },
};

/** Is the section healthy, and which key governs: what one came to see. @param {{ section: Section, chain: Chain | null }} props */
export function Council({ section, chain }) {
  const [active, setActive] = useState(/** @type {string | null} */ (null));
  const health = healthOf(section);
  const { tone, icon } = LOOK[health.level];
  const elder = section.elders.find(({ name }) => name === active);
  return html`<section class="sheet council" aria-labelledby="council-title">
    <figure class="council-ring">
      <${Ring} elders=${section.elders} health=${health} active=${active} onActive=${setActive} />
      <figcaption class="muted">${elder ? describe(elder) : 'Each seat is an elder; the arc before it is its key share.'}</figcaption>
    </figure>
    <div class="council-text">
      <p><${Badge} tone=${tone} icon=${icon}>${LEVEL_WORD[health.level]}<//></p>
      <h1 id="council-title">${headline(health)}</h1>
      <p class="lead">
        ${health.able} of ${plural(health.total, 'elder')} can sign; any ${health.threshold} of them sign for all. ${margins(health)}
      </p>
      <${Quorum} health=${health} />
      ${health.missing.length > 0 && html`<${Missing} health=${health} />`}
      <${GoverningKey} section=${section} chain=${chain} />
    </div>
  </section>`;
}

/** A pip an elder, filled as far as signatures can be had, with the threshold drawn across. @param {{ health: Health }} props */
function Quorum({ health }) {
  const { total, able, threshold } = health;
  const columns = { gridTemplateColumns: `repeat(${total}, minmax(2px, 1fr))` };
  return html`<div class=${`quorum ${health.level}`} style=${columns} aria-hidden="true">
    ${Array.from({ length: total }, (_, place) => html`<span key=${place} class=${place < able ? 'pip full' : 'pip'}></span>`)}
    <span class="quorum-line" style=${{ gridColumn: `1 / span ${threshold}` }}></span>
    <span class="quorum-label" style=${{ gridColumn: `1 / span ${threshold}` }}>${threshold} needed</span>
  </div>`;
}

const NAMED = 4;

/** @param {{ health: Health }} props */
function Missing({ health }) {
  const rest = health.missing.length - NAMED;
  return html`<div class="missing">
    <strong>Missing</strong>
    <ul>
      ${health.missing.slice(0, NAMED).map(
        (elder) => html`<li key=${elder.name}>
          <${NodeName} name=${elder.name} /> <span class="muted">${elder.live ? 'live, no usable share' : 'not reachable'}</span>
        </li>`,
      )}
      ${rest > 0 && html`<li class="muted">and ${rest} more</li>`}
    </ul>
  </div>`;
}

/** @param {{ section: Section, chain: Chain | null }} props */
function GoverningKey({ section, chain }) {
  const handovers = section.chainLength - 1;
  const last = chain?.links.at(-1);
  const parent = handovers > 0 && last?.key === section.key ? last.parentKey : null;
  return html`<div class="governing">
    <${Seal} value=${section.key} size=${58} />
    <div>
      <h2>Governing key</h2>
      <p><${Hex} value=${section.key} what="section key" /></p>
      <p class="muted">
        ${handovers <= 0 ? 'The genesis key itself' : `${plural(handovers, 'handover')} from genesis`}, generation ${section.generation}
        ${parent && html`${', signed by '}<${KeyName} value=${parent} size=${16} />`}
      </p>
    </div>
  </div>`;
}
