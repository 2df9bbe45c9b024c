import { html } from '../lib/ui.js';

/** @typedef {import('../model/timeline.js').CellState} CellState */

/**
 * The sign of a cell. Each state has a shape of its own; colour only helps.
 * @param {{ state: CellState, x: number, y: number, r: number }} props
 */
export function Glyph({ state, x, y, r }) {
  switch (state) {
    case 'counted':
      return html`<circle class="g counted" cx=${x} cy=${y} r=${r} />`;
    case 'unseen':
      return html`<g class="g unseen"><circle cx=${x} cy=${y} r=${r} /><circle class="core" cx=${x} cy=${y} r=${r * 0.35} /></g>`;
    case 'heard':
      return html`<g class="g heard"><circle cx=${x} cy=${y} r=${r} /><circle class="core" cx=${x} cy=${y} r=${r * 0.5} /></g>`;
    case 'late':
      return html`<g class="g late"><circle cx=${x} cy=${y} r=${r} /><path d=${`M${x - r * 1.3} ${y + r * 1.3}l${r * 2.6} ${-r * 2.6}`} /></g>`;
    case 'waiting':
      return html`<g class="g waiting"><circle class="pulse" cx=${x} cy=${y} r=${r} /><circle cx=${x} cy=${y} r=${r} /></g>`;
    case 'missing':
      return html`<path class="g missed" d=${`M${x - r} ${y - r}l${r * 2} ${r * 2}M${x + r} ${y - r}l${-r * 2} ${r * 2}`} />`;
    default:
      return null;
  }
}

/** Something was repaired here: a diamond, with how many messages came. @param {{ x: number, y: number, r: number, count: number }} props */
export function RepairMark({ x, y, r, count }) {
  const d = r * 1.5;
  return html`<g class="repaired">
    <path d=${`M${x} ${y - d}L${x + d} ${y}L${x} ${y + d}L${x - d} ${y}Z`} />
    ${r >= 4 && html`<text x=${x} y=${y + 3}>${count}</text>`}
  </g>`;
}

/** A pennant on a pole, standing on its lane. @param {{ x: number, y: number, r: number }} props */
export function BlameMark({ x, y, r }) {
  const h = r * 3.2;
  return html`<path class="blamed" d=${`M${x} ${y + r * 1.2}V${y + r * 1.2 - h}l${r * 2.5} ${r * 0.95}L${x} ${y + r * 1.2 - h + r * 1.9}`} />`;
}

/** The signs by name, for the legend. */
export const LEGEND = /** @type {const} */ ([
  { name: 'in the close', draw: 'counted' },
  { name: 'heard, phase open', draw: 'heard' },
  { name: 'waited for', draw: 'waiting' },
  { name: 'silent', draw: 'missing' },
  { name: 'too late', draw: 'late' },
  { name: 'repaired by anti-entropy', draw: 'repair' },
  { name: 'blamed, with proof', draw: 'blame' },
]);

export function Legend() {
  return html`<ul class="legend" aria-label="Signs of the chart">
    ${LEGEND.map(
      ({ name, draw }) => html`<li key=${name}>
        <svg width="22" height="18" viewBox="0 0 22 18" aria-hidden="true" class="hue-9">
          ${draw === 'repair' && html`<${RepairMark} x=${11} y=${9} r=${4.6} count=${3} />`}
          ${draw === 'blame' && html`<${BlameMark} x=${7} y=${10} r=${4.2} />`}
          ${draw !== 'repair' && draw !== 'blame' && html`<${Glyph} state=${draw} x=${11} y=${9} r=${4.6} />`}
        </svg>
        ${name}
      </li>`,
    )}
  </ul>`;
}
