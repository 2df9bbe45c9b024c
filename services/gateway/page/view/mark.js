import { short } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { houseMark, seal } from '../model/marks.js';
import { Hex } from './hex.js';

/** The house mark of a node. Decoration: the name stands beside it or in a label. @param {{ name: string, size?: number }} props */
export function Mark({ name, size = 24 }) {
  const { path, hue } = houseMark(name);
  return html`<svg class=${`mark hue-${hue}`} width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="11.3" />
    <path d=${path} transform="translate(12 12) scale(0.78) translate(-12 -12)" />
  </svg>`;
}

/** The seal of a section key. @param {{ value: string, size?: number }} props */
export function Seal({ value, size = 32 }) {
  const { rim, rays, hue } = seal(value);
  return html`<svg class=${`seal hue-${hue}`} width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true">
    <path class="rim" d=${rim} />
    <circle class="field" cx="16" cy="16" r="11.6" />
    <path class="rays" d=${rays} />
  </svg>`;
}

/** A node by mark and short name. @param {{ name: string, size?: number, copy?: boolean }} props */
export function NodeName({ name, size = 22, copy = false }) {
  return html`<span class="node-name" title=${name}>
    <${Mark} name=${name} size=${size} />
    ${copy ? html`<${Hex} value=${name} what="name" />` : html`<code>${short(name)}</code>`}
  </span>`;
}

/** A section key by seal and short form. @param {{ value: string, size?: number, copy?: boolean }} props */
export function KeyName({ value, size = 22, copy = false }) {
  return html`<span class="node-name" title=${value}>
    <${Seal} value=${value} size=${size} />
    ${copy ? html`<${Hex} value=${value} what="key" />` : html`<code>${short(value)}</code>`}
  </span>`;
}
