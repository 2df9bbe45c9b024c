import { duration } from '../lib/format.js';
import { cx, html } from '../lib/ui.js';
import { PHASE_TEXT } from '../model/timeline.js';

/**
 * @typedef {import('../model/timeline.js').Band} Band
 * @typedef {import('./dimensions.js').Dimensions} Dimensions
 */

/**
 * A phase's name, how many of its messages are there, how long it took, and the line of its close: solid where it was
 * agreed, broken where now is.
 * @param {{ band: Band, x0: number, x1: number, size: Dimensions, bottom: number }} props
 */
export function BandHead({ band, x0, x1, size, bottom }) {
  const { title, brief } = PHASE_TEXT[band.name];
  const x = x0 + (size.brief ? 3 : 9);
  const y = size.brief ? 14 : 20;
  const row = size.brief ? 14 : 17;
  return html`<g class=${cx('band-head', band.state)} data-phase=${band.name} data-state=${band.state}>
    <text class="band-title" x=${x} y=${y}>${size.brief ? brief : title}</text>
    <text class="band-count" x=${x} y=${y + row}>${count(band, size.brief)}</text>
    <text class="band-time" x=${x} y=${y + row * 2}>${band.state === 'ahead' ? '' : duration(band.durationMs)}</text>
    ${band.state !== 'ahead' && html`<line class="close-line" x1=${x1} x2=${x1} y1=${size.top - 4} y2=${bottom} />`}
    ${band.state === 'closed' && html`<${CloseSeal} x=${x1} y=${size.top - 4} view=${band.view ?? 0} />`}
  </g>`;
}

/** A seal on the line: agreed. In any view but the first, the view is named. @param {{ x: number, y: number, view: number }} props */
function CloseSeal({ x, y, view }) {
  const late = view > 0;
  return html`<g class=${cx('close-seal', late && 'late')}>
    <circle cx=${x} cy=${y} r=${late ? 8 : 5} />
    ${late ? html`<text x=${x} y=${y + 3.6}>v${view}</text>` : html`<path d=${`M${x - 2.2} ${y + 0.2}l1.6 1.6 2.9-3.3`} />`}
    <title>${late ? `Closed in view ${view}` : 'Closed at the first proposal'}</title>
  </g>`;
}

/**
 * @param {Band} band
 * @param {boolean} brief
 */
function count(band, brief) {
  if (band.state === 'ahead') return 'to come';
  if (band.expected === 0 && band.received === 0) return brief ? 'none' : 'nobody accused';
  return brief ? `${band.received}/${band.expected}` : `${band.received} of ${band.expected}`;
}
