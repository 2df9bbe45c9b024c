import { short } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { Copy } from './copy.js';

/** Hex shown short, copied whole. @param {{ value: string, what: string }} props */
export function Hex({ value, what }) {
  return html`<span class="hex">
    <code title=${value}>${short(value)}</code>
    <${Copy} text=${value} label=${`Copy ${what} ${short(value)}`} />
  </span>`;
}
