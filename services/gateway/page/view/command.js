import { html } from '../lib/ui.js';
import { Copy } from './copy.js';

/** A command to run elsewhere. @param {{ text: string, shown?: string }} props */
export function Command({ text, shown = text }) {
  return html`<div class="command"><code>${shown}</code><${Copy} text=${text} label=${`Copy the command: ${shown}`} /></div>`;
}
