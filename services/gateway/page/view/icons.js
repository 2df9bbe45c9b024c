import { html } from '../lib/ui.js';

/**
 * Shapes that carry a meaning of their own, so that no state is told by colour alone.
 * @type {Record<string, string>}
 */
const PATHS = {
  check: 'M3 8.6l3.2 3.1L13 4.8',
  alert: 'M8 2.2L14.4 13.4H1.6ZM8 6.4v3.2M8 11.6v.2',
  cross: 'M4 4l8 8M12 4l-8 8',
  edge: 'M8 2.2a5.8 5.8 0 1 0 .01 0ZM8 5v3.6M8 11v.2',
  repair: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.9h-2.9',
  blame: 'M4 14V2.4M4 3h8.4l-2.2 2.9 2.2 2.9H4',
  wait: 'M4.5 2.5h7M4.5 13.5h7M5.3 2.5c0 3 5.4 4.4 5.4 8v3M10.7 2.5c0 3-5.4 4.4-5.4 8v3',
  seal: 'M8 2.4l1.5 1.2 1.9-.1.5 1.8 1.6 1-.7 1.7.7 1.8-1.6 1-.5 1.8-1.9-.1L8 13.7l-1.5-1.2-1.9.1-.5-1.8-1.6-1 .7-1.8-.7-1.7 1.6-1 .5-1.8 1.9.1Z',
  dot: 'M8 6.2a1.8 1.8 0 1 0 .01 0Z',
  down: 'M8 3v9M4.4 8.6L8 12.2l3.6-3.6',
  unplugged: 'M2 14L14 2M5 8l-1.4 1.4a2.4 2.4 0 0 0 3.4 3.4L8.4 11.4M11 8l1.4-1.4A2.4 2.4 0 0 0 9 3.2L7.6 4.6',
};

/** @param {{ name: string }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name] ?? ''} /></svg>`;
}

/** A word in a pill, with its shape. @param {{ tone: string, icon: string, children?: unknown }} props */
export function Badge({ tone, icon, children }) {
  return html`<span class=${`badge ${tone}`}><${Icon} name=${icon} />${children}</span>`;
}
